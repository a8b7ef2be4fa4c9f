"""What the agent says of the machine it runs on: its name, its warmth, the version installed."""

import re
import socket
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_THERMAL = Path("/sys/class/thermal")
_LONGEST = 32


def agent_name(host: str | None = None) -> str:
    """Make an agent id of the host's name: `Pi_4.garden.lan` is `pi-4`, and what leaves nothing is `edge`."""
    label = (socket.gethostname() if host is None else host).partition(".")[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", label)[:_LONGEST].strip("-") or "edge"


def temperature_c(folder: Path = _THERMAL) -> float | None:
    """Return the warmth of the warmest part that the kernel measures, in degrees Celsius."""
    warmths = []
    for zone in folder.glob("thermal_zone*/temp"):
        try:
            warmths.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue  # a sensor that is asleep, or absent
    return max(warmths, default=None)


def installed_version() -> str:
    """Return the version of Vigie that runs here."""
    try:
        return version("vigie")
    except PackageNotFoundError:
        return "unknown"
