"""`[[lamps]]` of `cameras.toml`: which device serves which lamp group, and how it is spoken to.

::

    [[lamps]]
    group = "yard"                         # group_id of the site document
    driver = "wled"                        # or "http", "mqtt", "gpio", "log"
    url = "http://192.0.2.40"

    [[lamps]]
    group = "yard"
    driver = "http"                        # any device that takes a request
    url = "https://lamp:${LAMP_PASSWORD}@192.0.2.41/api/level"
    method = "PUT"                         # POST when left out
    body = '{"brightness": {byte}, "fade_s": {seconds}}'

    [[lamps]]
    group = "street"
    driver = "mqtt"                        # zigbee2mqtt, unless `body` says otherwise
    url = "mqtt://vigie:${MQTT_PASSWORD}@127.0.0.1"
    topic = "zigbee2mqtt/street-lamp/set"

    [[lamps]]
    group = "door"
    driver = "gpio"
    pin = 18                               # BCM number of a pin that can do PWM

In `body` stand for a level: {percent} 0 to 100, {byte} 0 to 255, {zigbee} 0 to 254, {share} 0 to 1, {seconds}
of the ramp, {on} true or false.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, Strict

from edge_agent.redaction import credentials_in, tokens_in
from edge_agent.variables import with_variables
from vigie.documents import read_object
from vigie.domain.cameras import check_name

DriverKind = Literal["log", "wled", "http", "mqtt", "gpio"]

_SCHEMES = {"wled": ("http", "https"), "http": ("http", "https"), "mqtt": ("mqtt", "mqtts")}
_NEEDS = {
    "log": frozenset[str](),
    "wled": frozenset({"url"}),
    "http": frozenset({"url", "body"}),
    "mqtt": frozenset({"url", "topic"}),
    "gpio": frozenset({"pin"}),
}
_MAY = {"http": frozenset({"method"}), "mqtt": frozenset({"body"})}
_MOST_PIN = 27
_PLACE = re.compile(r"\{([a-z]+)\}")
PLACES = ("percent", "byte", "zigbee", "share", "seconds", "on")


# Checked before pydantic does: its own sentence shows the value, and this may hold a password.
def _private_text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError("must be a text in quotes")
    return value


def _tables(value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise ValueError("each lamp is a table of its own under [[lamps]], in double brackets")
    return value


LampTables = Annotated[list[dict[str, Any]], BeforeValidator(_tables)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LampSettings:
    """One device of a lamp group. `url` and `body` may hold credentials, so no repr shows them."""

    group: str
    driver: DriverKind
    url: Annotated[str | None, BeforeValidator(_private_text)] = field(default=None, repr=False)
    method: Literal["POST", "PUT"] | None = None
    body: Annotated[str | None, BeforeValidator(_private_text)] = field(default=None, repr=False)
    topic: str | None = None
    pin: Annotated[int | None, Strict()] = None

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    def __post_init__(self) -> None:
        check_name("group", self.group)
        needs = _NEEDS[self.driver]
        for name in ("url", "method", "body", "topic", "pin"):
            given = getattr(self, name) is not None
            if name in needs and not given:
                raise ValueError(f"the driver {self.driver} needs {name}")
            if given and name not in needs | _MAY.get(self.driver, frozenset()):
                raise ValueError(f"{name} is nothing for the driver {self.driver}")
        if self.url is not None:
            self._check_url(self.url)
        if self.pin is not None and not 0 <= self.pin <= _MOST_PIN:
            raise ValueError(f"pin is the BCM number of a pin, 0 to {_MOST_PIN}")
        if self.topic is not None and (not self.topic or set(self.topic) & set("+#")):
            raise ValueError("topic is one topic, without + and #")
        unknown = [name for name in _PLACE.findall(self.body or "") if name not in PLACES]
        if unknown:
            raise ValueError(f"body knows {', '.join(PLACES)}, not {unknown[0]!r}")

    def _check_url(self, url: str) -> None:
        schemes = _SCHEMES[self.driver]
        try:
            parts = urlsplit(url)
            good = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:
            good = False
        if not good or not url.isprintable() or " " in url:
            raise ValueError(f"url is {schemes[0]}:// or {schemes[1]}:// with a host, encoded as URLs are")

    def secrets(self) -> frozenset[str]:
        """Return what the URL holds that must not be seen."""
        return frozenset((*credentials_in(self.url), *tokens_in(self.url))) if self.url else frozenset()


def read_lamps(
    tables: Sequence[Mapping[str, Any]], environment: Mapping[str, str], *, path: Path
) -> tuple[tuple[LampSettings, ...], set[str]]:
    """Build the lamps, and the values that no text may show.

    Raises:
        ConfigError: one sentence that names the file, the lamp and the key.

    """
    lamps, secrets = [], set[str]()
    for number, table in enumerate(tables, start=1):
        place, filled = f"{path}: lamps no. {number}", dict(table)
        for name in ("url", "body"):
            if isinstance(table.get(name), str):
                filled[name], used = with_variables(table[name], environment, place=f"{place}: {name}")
                secrets |= used
        lamp = read_object(LampSettings, filled, source=place)
        secrets |= lamp.secrets()
        lamps.append(lamp)
    return tuple(lamps), secrets


def filled_in(body: str, percent: int, ramp_s: float) -> str:
    """Return a body with the places of a level filled in."""
    values = {
        "percent": str(percent),
        "byte": str(round(percent * 255 / 100)),
        "zigbee": str(round(percent * 254 / 100)),
        "share": f"{percent / 100:g}",
        "seconds": f"{ramp_s:g}",
        "on": "true" if percent else "false",
    }
    return _PLACE.sub(lambda match: values[match[1]], body)
