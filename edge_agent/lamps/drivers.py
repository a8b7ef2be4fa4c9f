"""How a device is told its level: one driver for each kind, all of them a single call that returns or raises.

A driver is called from one thread, its lamp's own, and may take seconds; it never retries on its own.
"""

import base64
import json
import logging
import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Protocol
from urllib.parse import unquote, urlsplit

from edge_agent.lamps.calls import call
from edge_agent.lamps.settings import LampSettings, filled_in
from vigie.errors import LampError, SetupError

log = logging.getLogger(__name__)

# For the whole of it, from connecting to the last byte of the answer.
_TIMEOUT_S = 5.0
_PORTS = {"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883}
_MOST_TENTHS = 65_535
_STEP_S = 0.02
ZIGBEE = '{"state": "ON", "brightness": {zigbee}, "transition": {seconds}}'
ZIGBEE_OFF = '{"state": "OFF", "transition": {seconds}}'


class Overtaken(Exception):  # noqa: N818 - it is no error
    """The device was left between two levels, since another one is wanted by now."""


def never() -> bool:
    """Say that nothing overtakes a change of level."""
    return False


class Driver(Protocol):
    """Speaks to one device."""

    def switch(self, percent: int, ramp_s: float, overtaken: Callable[[], bool] = never) -> None:
        """Bring the device to a level, over so many seconds.

        A driver that makes the ramp itself looks all the while whether this change is `overtaken`: by another
        level that is wanted, or by the agent's end.

        Raises:
            LampError: the device is out of reach, or refuses.
            Overtaken: the change was given up on the way.

        """

    def close(self) -> None:
        """Let the device go; its light stays as it is."""


class LogLamp:
    """No device: what it would be told is logged."""

    def __init__(self, group_id: str) -> None:
        self._group_id = group_id

    def switch(self, percent: int, ramp_s: float, _overtaken: Callable[[], bool] = never) -> None:
        """See `Driver.switch`."""
        log.info("lamp", extra={"group": self._group_id, "percent": percent, "ramp_s": ramp_s})

    def close(self) -> None:
        """See `Driver.close`."""


class HttpLamp:
    """A device that takes a request: WLED's JSON API, or any other by a template."""

    def __init__(self, url: str, *, method: str = "POST", body: str | None = None) -> None:
        parts = urlsplit(url)
        # Always with a port: http.client takes the end of an IPv6 address without one for it.
        self._host, self._port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        self._secure = parts.scheme == "https"
        self._method, self._body = method, body
        path = parts.path or ("/" if body else "")
        self._path = (path if body else path.rstrip("/") + "/json/state") + (
            f"?{parts.query}" if parts.query else ""
        )
        self._headers = {"Content-Type": "application/json"}
        if parts.username is not None:
            word = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(word).decode()}"

    def switch(self, percent: int, ramp_s: float, _overtaken: Callable[[], bool] = never) -> None:
        """See `Driver.switch`."""
        if self._body is None:
            # https://kno.wled.ge/interfaces/json-api/: `transition` is in tenths of a second.
            tenths = min(round(ramp_s * 10), _MOST_TENTHS)
            state = {"on": percent > 0, "transition": tenths}
            body = json.dumps(state | ({"bri": max(1, round(percent * 255 / 100))} if percent else {}))
        else:
            body = filled_in(self._body, percent, ramp_s)
        try:
            status, reason = call(
                self._method,
                self._host,
                self._port,
                self._path,
                secure=self._secure,
                body=body.encode(),
                headers=self._headers,
                timeout_s=_TIMEOUT_S,
            )
        except (OSError, HTTPException) as error:
            words = str(error) or type(error).__name__
            raise LampError(f"the lamp at {self._host} is out of reach: {words}") from error
        if not 200 <= status < 300:
            raise LampError(f"the lamp at {self._host} answers {status} {reason}")

    def close(self) -> None:
        """See `Driver.close`."""


class MqttLamp:
    """A device behind a broker of one's own, such as zigbee2mqtt's.

    The connection is kept by a thread of paho's, which connects again by itself.

    Raises:
        SetupError: the package paho-mqtt is missing.

    """

    def __init__(self, url: str, topic: str, *, body: str | None = None, client_id: str = "") -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise SetupError("the driver mqtt needs paho-mqtt: pip install 'vigie[lamps]'") from error
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._topic, self._body = topic, body
        self._client: Client = Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        if parts.username is not None:
            self._client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self._client.tls_set()
        self._client.reconnect_delay_set(1, 30)
        self._client.connect_async(self._host, parts.port or _PORTS[parts.scheme], keepalive=30)
        self._client.loop_start()

    def switch(self, percent: int, ramp_s: float, _overtaken: Callable[[], bool] = never) -> None:
        """See `Driver.switch`: the broker has it when this returns."""
        body = self._body or (ZIGBEE if percent else ZIGBEE_OFF)
        deadline = time.monotonic() + _TIMEOUT_S
        while not self._client.is_connected():
            if time.monotonic() > deadline:
                raise LampError(f"the MQTT broker at {self._host} is out of reach, or refuses us")
            time.sleep(_STEP_S)
        sent = self._client.publish(self._topic, filled_in(body, percent, ramp_s), qos=1)
        try:
            sent.wait_for_publish(max(0.0, deadline - time.monotonic()))
        except (RuntimeError, ValueError) as error:
            raise LampError(f"the MQTT broker at {self._host} took no message: {error}") from error
        if not sent.is_published():
            raise LampError(f"the MQTT broker at {self._host} confirms no message")

    def close(self) -> None:
        """See `Driver.close`."""
        self._client.disconnect()
        self._client.loop_stop()


class GpioLamp:
    """A lamp on a pin of this machine, dimmed by PWM.

    Raises:
        SetupError: gpiozero is missing, or this machine has no such pin.

    """

    def __init__(self, pin: int) -> None:
        try:
            from gpiozero import PWMLED
            from gpiozero.exc import GPIOZeroError
        except ImportError as error:
            raise SetupError("the driver gpio needs gpiozero: pip install 'vigie[lamps]'") from error
        self._errors: tuple[type[Exception], ...] = (GPIOZeroError, OSError)
        self._pin = pin
        try:
            self._led: PWMLED = PWMLED(pin)
        except self._errors as error:
            raise SetupError(f"pin {pin} cannot be used: {error}") from error
        # The pace of the ramp that was overtaken, in shares of full light a second.
        self._pace = 0.0

    def switch(self, percent: int, ramp_s: float, overtaken: Callable[[], bool] = never) -> None:
        """See `Driver.switch`: the ramp is made here, step by step.

        The one after a ramp that was overtaken is no slower than that: the way back takes no longer than the
        way there did.
        """
        try:
            begin, target = float(self._led.value), percent / 100
            if self._pace:
                ramp_s = min(ramp_s, abs(target - begin) / self._pace)
            self._pace = 0.0
            started = time.monotonic()
            while (gone := time.monotonic() - started) < ramp_s:
                if overtaken():
                    self._pace = abs(target - begin) / ramp_s
                    raise Overtaken
                self._led.value = begin + (target - begin) * gone / ramp_s
                time.sleep(_STEP_S)
            self._led.value = target
        except self._errors as error:
            raise LampError(f"pin {self._pin} cannot be set: {error}") from error

    def close(self) -> None:
        """See `Driver.close`; a pin that is let go is dark, which is why this comes last of all."""
        self._led.close()


def make_driver(lamp: LampSettings) -> Driver:
    """Return the driver of a lamp.

    Raises:
        SetupError: a package or a pin is missing.

    """
    if lamp.driver == "wled" and lamp.url:
        return HttpLamp(lamp.url)
    if lamp.driver == "http" and lamp.url:
        return HttpLamp(lamp.url, method=lamp.method or "POST", body=lamp.body)
    if lamp.driver == "mqtt" and lamp.url and lamp.topic:
        return MqttLamp(lamp.url, lamp.topic, body=lamp.body)
    if lamp.driver == "gpio" and lamp.pin is not None:
        return GpioLamp(lamp.pin)
    return LogLamp(lamp.group)
