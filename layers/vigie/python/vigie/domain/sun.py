"""Where the sun stands, so that lamps know dusk and dawn at any place without asking anybody.

The low-precision formulas of the Astronomical Almanac (page C5): a hundredth of a degree from 1950 to 2050,
which is a few seconds of dusk. The elevation is compared, not a time of dusk: so where the sun does not set
for weeks, or does not rise, nothing is special.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where on Earth a site is, in degrees: north and east are positive."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise ValueError(f"latitude is -90 to 90 degrees, not {self.latitude:g}")
        if not -180 <= self.longitude <= 180:
            raise ValueError(f"longitude is -180 to 180 degrees, not {self.longitude:g}")


def sun_elevation(instant: datetime, position: Position) -> float:
    """Return how high the centre of the sun stands over the horizon, in degrees; below it is negative.

    What the air bends is left out: near the horizon the sun is seen half a degree higher.
    """
    days = (instant - _J2000).total_seconds() / _DAY_S
    anomaly = math.radians(357.529 + 0.98560028 * days)
    mean_longitude = 280.459 + 0.98564736 * days
    ecliptic = math.radians(mean_longitude + 1.915 * math.sin(anomaly) + 0.020 * math.sin(2 * anomaly))
    tilt = math.radians(23.439 - 0.00000036 * days)
    ascension = math.atan2(math.cos(tilt) * math.sin(ecliptic), math.cos(ecliptic))
    declination = math.asin(math.sin(tilt) * math.sin(ecliptic))
    sidereal = math.radians(280.46061837 + 360.98564736629 * days + position.longitude)
    latitude = math.radians(position.latitude)
    height = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(
        declination
    ) * math.cos(sidereal - ascension)
    return math.degrees(math.asin(min(max(height, -1.0), 1.0)))
