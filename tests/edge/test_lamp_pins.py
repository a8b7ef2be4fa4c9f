"""Lamps on pins of the machine, on gpiozero's own mock pins."""

import threading
from functools import partial
from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from edge_agent.lamps.drivers import GpioLamp, make_driver
from edge_agent.lamps.settings import LampSettings
from edge_agent.lamps.worker import Lamp
from tests.edge.running import PATIENCE_S, wait_for
from vigie.errors import SetupError

CAMERA = 'bucket = "vigie-data"\n[[camera]]\ncamera_id = "hall"\nsource = "rtsp://192.0.2.7/live"\n'


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> Any:
    factory = MockFactory(pin_class=MockPWMPin)
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.reset()


def test_a_pin_is_dimmed_step_by_step(pins: MockFactory) -> None:
    lamp = make_driver(LampSettings(group="door", driver="gpio", pin=18))
    lamp.switch(100, 0.3)
    states = [state.state for state in pins.pin(18).states]
    assert states[-1] == 1.0
    assert states == sorted(states)
    assert len(states) > 5
    lamp.switch(20, 0)
    assert pins.pin(18).state == pytest.approx(0.2)
    with pytest.raises(SetupError, match="pin 18 cannot be used"):
        GpioLamp(18)
    lamp.close()


def test_a_ramp_is_overtaken_by_who_comes_and_by_the_end(pins: MockFactory) -> None:
    stop, driver, pin = threading.Event(), GpioLamp(18), pins.pin(18)
    lamp = Lamp("door", driver, before=lambda _: None, show=lambda: None, redact=str, stop=stop)
    thread = threading.Thread(target=lamp.run)
    thread.start()
    soon = partial(wait_for, seconds=PATIENCE_S / 3)
    lamp.want(100, 0)
    soon(lambda: lamp.is_there)
    lamp.want(20, PATIENCE_S)
    soon(lambda: pin.state < 1)
    assert not lamp.is_there
    lamp.want(100, PATIENCE_S)  # somebody comes: the way back takes no longer than that there
    soon(lambda: lamp.is_there)
    assert pin.state == 1
    lamp.want(20, PATIENCE_S)
    soon(lambda: pin.state < 1)
    stop.set()
    thread.join(PATIENCE_S / 3)
    assert not thread.is_alive()
