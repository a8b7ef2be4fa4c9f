"""Each driver against the real thing: an HTTP server, mosquitto, gpiozero's own pins; and one that fails."""

import base64
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_agent.lamps.drivers import HttpLamp, LogLamp, MqttLamp, make_driver, never
from edge_agent.lamps.settings import LampSettings, filled_in
from edge_agent.lamps.worker import Lamp
from edge_agent.redaction import Redactor
from edge_agent.settings import Settings, read_settings
from tests.edge.lamp_rig import Listener, Wled, broker, dripping, free_port, needs_mosquitto
from tests.edge.running import PATIENCE_S, wait_for
from vigie.errors import ConfigError, LampError

CAMERA = 'bucket = "vigie-data"\n[[camera]]\ncamera_id = "hall"\nsource = "rtsp://192.0.2.7/live"\n'


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give devices of a machine under load their time."""
    monkeypatch.setattr("edge_agent.lamps.drivers._TIMEOUT_S", PATIENCE_S)


@pytest.fixture
def wled() -> Any:
    made = Wled()
    yield made
    made.close()


def settings(folder: Path, text: str, **environment: str) -> Settings:
    path = folder / "cameras.toml"
    path.write_text(CAMERA + text)
    return read_settings(path, environment)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('group = "yard"\ndriver = "wled"', "the driver wled needs url"),
        ('group = "yard"\ndriver = "http"\nurl = "http://a"', "the driver http needs body"),
        ('group = "yard"\ndriver = "log"\npin = 3', "pin is nothing for the driver log"),
        ('group = "Yard"\ndriver = "log"', "group 'Yard' must be 1 to 32"),
        (
            'group = "yard"\ndriver = "wled"\nurl = "ftp://u:Geh3im@a"',
            "url is http:// or https:// with a host",
        ),
        ('group = "yard"\ndriver = "mqtt"\nurl = "mqtt://a"\ntopic = "a/#"', "topic is one topic, without"),
        ('group = "yard"\ndriver = "gpio"\npin = 40', "pin is the BCM number of a pin, 0 to 27"),
        ('group = "yard"\ndriver = "dmx"', "driver: input should be 'log', 'wled'"),
        (
            'group = "yard"\ndriver = "http"\nurl = "http://a"\nbody = "{bright}"',
            "body knows percent, byte, zigbee, share, seconds, on, not 'bright'",
        ),
        (
            'group = "yard"\ndriver = "wled"\nurl = "http://u:${WORD}@a"',
            "lamps no. 1: url: the environment variable WORD is not set",
        ),
    ],
)
def test_a_lamp_that_cannot_be_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, f"[[lamps]]\n{text}\n")
    assert sentence in str(refused.value)
    assert "Geh3im" not in str(refused.value)


def test_lamps_need_the_site_document_and_hide_their_passwords(tmp_path: Path) -> None:
    (tmp_path / "cameras.toml").write_text(
        f'follow_site = false\n{CAMERA}[[lamps]]\ngroup = "yard"\ndriver = "log"\n'
    )
    with pytest.raises(ConfigError, match="lamps need follow_site"):
        read_settings(tmp_path / "cameras.toml", {})
    text = '[[lamps]]\ngroup = "yard"\ndriver = "wled"\nurl = "http://lamp:${WORD}@192.0.2.4"\n'
    read = settings(tmp_path, text, WORD="Geh3im")
    assert {"Geh3im", "lamp"} <= read.secrets
    assert "Geh3im" not in repr(read)


def test_a_wled_takes_level_and_ramp(wled: Wled) -> None:
    lamp = make_driver(LampSettings(group="yard", driver="wled", url=wled.url))
    for percent, ramp_s, state in (
        (100, 2.0, {"on": True, "bri": 255, "transition": 20}),
        (20, 0.5, {"on": True, "bri": 51, "transition": 5}),
        (0, 2.0, {"on": False, "transition": 20}),
    ):
        lamp.switch(percent, ramp_s)
        assert wled.requests[-1] == ("POST", "/json/state", state, None)


def test_another_device_takes_a_request_of_its_own_with_its_password(wled: Wled) -> None:
    url = wled.url.replace("http://", "http://lamp:Geh%40im@") + "/api/level?zone=1"
    lamp = HttpLamp(url, method="PUT", body='{"brightness": {byte}, "fade": {seconds}, "on": {on}}')
    lamp.switch(50, 1.5)
    word = base64.b64encode(b"lamp:Geh@im").decode()
    expected = {"brightness": 128, "fade": 1.5, "on": True}
    assert wled.requests == [("PUT", "/api/level?zone=1", expected, f"Basic {word}")]
    assert filled_in("{percent} {zigbee} {share} {on}", 0, 2.0) == "0 0 0 false"


def test_a_device_that_refuses_or_is_away_is_told_without_its_password(wled: Wled) -> None:
    wled.answers = 500
    with pytest.raises(LampError, match=r"^the lamp at 127.0.0.1 answers 500 Internal Server Error$"):
        HttpLamp(wled.url).switch(100, 0)
    with pytest.raises(LampError, match=r"the lamp at 127.0.0.1 is out of reach") as away:
        HttpLamp(f"http://lamp:Geh3im@127.0.0.1:{free_port()}").switch(100, 0)
    assert "Geh3im" not in str(away.value)


@pytest.mark.parametrize("told", ["", "HTTP/1.1 200 OK\r\nX-Words: ", "HTTP/1.1 200 OK\r\n\r\n"])
def test_a_device_that_drips_is_given_up_in_time(told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.lamps.drivers._TIMEOUT_S", 1.0)
    with dripping(told) as url, pytest.raises(LampError, match="it did not answer within 1 s"):
        HttpLamp(url).switch(100, 0)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://[2001:db8::7]", ("2001:db8::7", 80)),
        ("https://[2001:db8::7]/", ("2001:db8::7", 443)),
        ("http://[::1]:8080", ("::1", 8080)),
        ("https://lamp.example", ("lamp.example", 443)),
    ],
)
def test_the_host_of_an_url_is_the_one_that_is_called(
    url: str, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, int]] = []

    def unreachable(host: str, port: int, _deadline: object) -> None:
        called.append((host, port))
        raise OSError("no route")

    monkeypatch.setattr("edge_agent.lamps.calls._connected", unreachable)
    with pytest.raises(LampError, match=f"^the lamp at {address[0]} is out of reach: no route$"):
        HttpLamp(url).switch(100, 0)
    assert called == [address]


def test_of_what_a_device_babbles_little_is_told_and_nothing_that_is_secret() -> None:
    stop, shown = threading.Event(), list[str | None]()

    def show() -> None:
        shown.append(lamp.told.error)
        stop.set()

    # A device that repeats what it was told: the password begins before the cut, and ends behind it.
    babble = f"\x00\x1b[31m {'x' * 147} Geh3im {'garbage ' * 5000}"
    with dripping(f"{babble}\r\n") as url:
        lamp = Lamp(
            "yard", HttpLamp(url), before=lambda _: None, show=show, redact=Redactor(["Geh3im"]), stop=stop
        )
        lamp.want(100, 0)
        lamp.run()
    (sentence,) = shown
    assert sentence is not None
    assert sentence.startswith("the lamp at 127.0.0.1 is out of reach: [31m xxx")
    assert sentence.isprintable()
    assert len(sentence) == 200
    assert sentence.endswith("...")
    assert "Geh" not in sentence


@needs_mosquitto
def test_zigbee2mqtt_hears_level_and_ramp(tmp_path: Path) -> None:
    with broker(tmp_path, "allow_anonymous true") as port:
        listener = Listener(port, "zigbee2mqtt/#")
        lamp = make_driver(
            LampSettings(
                group="yard", driver="mqtt", url=f"mqtt://127.0.0.1:{port}", topic="zigbee2mqtt/lamp/set"
            )
        )
        try:
            for percent in (100, 0):
                lamp.switch(percent, 2.0)
            wait_for(lambda: len(listener.heard) == 2)
        finally:
            lamp.close()
            listener.close()
    assert listener.heard == [
        ("zigbee2mqtt/lamp/set", {"state": "ON", "brightness": 254, "transition": 2}),
        ("zigbee2mqtt/lamp/set", {"state": "OFF", "transition": 2}),
    ]


@needs_mosquitto
def test_a_broker_that_comes_back_is_spoken_to_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.lamps.drivers._TIMEOUT_S", 0.5)
    port = free_port()
    lamp = MqttLamp(f"mqtt://vigie:geheim@127.0.0.1:{port}", "lamp/set", body='{"level": {percent}}')
    try:
        with pytest.raises(LampError, match=r"the MQTT broker at 127.0.0.1 is out of reach, or refuses us"):
            lamp.switch(100, 0)
        monkeypatch.setattr("edge_agent.lamps.drivers._TIMEOUT_S", PATIENCE_S)
        with broker(tmp_path, "allow_anonymous true", port=port):
            listener = Listener(port, "lamp/#")
            lamp.switch(70, 0)
            wait_for(lambda: bool(listener.heard))
            listener.close()
    finally:
        lamp.close()
    assert listener.heard == [("lamp/set", {"level": 70})]


class Stubborn:
    """A device that fails so many times; the first time it holds whoever speaks to it until `free`."""

    def __init__(self, times: int) -> None:
        self.times, self.tries, self.free = times, list[int](), threading.Event()

    def switch(self, percent: int, _ramp_s: float, _overtaken: Callable[[], bool] = never) -> None:
        self.tries.append(percent)
        assert self.free.wait(PATIENCE_S)
        if len(self.tries) <= self.times:
            raise LampError("the lamp at http://u:Geh3im@a is out of reach")

    def close(self) -> None:
        self.tries.append(-1)


def test_a_lamp_is_tried_again_until_it_follows_and_then_told_again_now_and_then() -> None:
    stop, device, shown = threading.Event(), Stubborn(2), list[str | None]()
    ramps: list[float] = []
    lamp = Lamp(
        "yard",
        device,
        before=ramps.append,
        show=lambda: shown.append(lamp.told.error),
        redact=Redactor(),
        stop=stop,
        again_s=0.3,
    )
    lamp._backoff.first_s = 0.05
    thread = threading.Thread(target=lamp.run)
    thread.start()
    lamp.want(100, 2.0)
    wait_for(lambda: device.tries == [100])
    lamp.want(50, 2.0)  # whoever wants a level waits for no device: this returns while one is held
    lamp.want(100, 2.0)
    device.free.set()
    wait_for(lambda: len(device.tries) >= 5)
    lamp.want(20, 2.0)
    wait_for(lambda: lamp.told.percent == 20)
    stop.set()
    thread.join(PATIENCE_S)
    assert device.tries[:4] == [100] * 4
    assert device.tries[-1] == -1, "it was let go"
    assert shown == ["the lamp at http://***@a is out of reach", None, None], "said once"
    assert lamp.told.switches == 2
    assert len(ramps) == 3, "once a level, and again when it follows after all; not with each try"


def test_a_lamp_that_is_none_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        LogLamp("yard").switch(70, 2.0)
    assert [record.__dict__["percent"] for record in caplog.records] == [70]
