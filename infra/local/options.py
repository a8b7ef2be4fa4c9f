"""What a person asks of the demo, checked before anything is started."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from infra.local.footage import CHECKOUT, Footage, parse_sources, sample_footage
from infra.local.place import DEMO_LAMPS, DemoFolder, local_time_zone
from vigie.domain.cameras import Camera
from vigie.domain.comparison import Comparison
from vigie.domain.hours import Hours
from vigie.domain.instants import from_iso
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.rules import AlertRule
from vigie.domain.sites import Site, Watchfulness
from vigie.errors import ConfigError

# The share of frames of sample clips that are compared; of others there are no recorded answers.
_COMPARED = 0.25
# A repeated run from a START in the past is not a late one: its alerts are sent.
_REPLAY_ALERT_AGE_S = 100 * 365 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person asked for."""

    footage: Footage
    folder: DemoFolder
    headless: bool
    pace: str
    fps: float
    start_at: datetime | None
    site: Site

    @property
    def tz(self) -> ZoneInfo:
        """The site's time zone."""
        return self.site.tz


def read_options(argv: Sequence[str] | None) -> Options:
    """Read the command line; the sources, which may hold passwords, come from the environment too.

    Raises:
        ConfigError: something asked for makes no sense.
        SetupError: there is no footage.

    """
    parser = argparse.ArgumentParser(prog="python -m infra.local.demo", description=__doc__)
    parser.add_argument(
        "--sources",
        default=os.environ.get("SOURCES", ""),
        help="cam1=clip.mp4 cam2=rtsp://...; else the variable SOURCES, else sample clips",
    )
    parser.add_argument("--out", default="build/demo", help="folder for everything that the run leaves")
    parser.add_argument("--headless", action="store_true", help="no page; end when the sources end")
    parser.add_argument("--pace", default="", help="of files: real, or fast as they can be read")
    parser.add_argument("--fps", default="2", help="frames sampled a second")
    parser.add_argument("--start", default="", help="capture time at which files begin, to repeat a run")
    parser.add_argument(
        "--time-zone", default="", help="the site's, such as Europe/Paris; else this machine's"
    )
    given = parser.parse_args(argv)
    if given.pace not in {"", "real", "fast"}:
        raise ConfigError(f"PACE={given.pace} is neither real nor fast")
    start_at = _instant(given.start)
    fps = _number(given.fps)
    footage = (
        parse_sources(given.sources)
        if given.sources
        else sample_footage(CHECKOUT.parent / "shared", CHECKOUT / "build" / "footage")
    )
    site = _site(footage, given.time_zone or local_time_zone())
    pace = given.pace or ("fast" if given.headless else "real")
    if start_at:
        site = replace(site, max_alert_age_s=_REPLAY_ALERT_AGE_S)
    if start_at or pace == "fast":
        # Their capture times are not those of the clock, by which a camera goes dark.
        site = replace(site, watchfulness=Watchfulness(dark_after_s=0))
    return Options(
        footage=footage,
        folder=DemoFolder(Path(given.out)),
        headless=given.headless,
        pace=pace,
        fps=fps,
        start_at=start_at,
        site=site,
    )


def _instant(text: str) -> datetime | None:
    try:
        return from_iso(text) if text else None
    except ValueError as error:
        raise ConfigError(f"START={text} is no time such as 2026-01-31T12:00:00Z: {error}") from error


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"FPS={text} is no number") from error


def _site(footage: Footage, time_zone: str) -> Site:
    cameras = tuple(Camera(camera_id) for camera_id in footage.sources)
    try:
        # Without a cooldown: a demo is to show an alert for each visit.
        rules = (AlertRule(rule_id="people", cooldown_s=0),)
        # One lamp for all cameras, lit at any hour, as a demo may be by day; the agent logs what it would do.
        lamps = LampGroup(
            group_id=DEMO_LAMPS,
            covered_by=tuple(Covering(camera=camera_id) for camera_id in footage.sources),
            hours=(Hours(),),
        )
        return Site(
            name="Vigie demo",
            time_zone=time_zone,
            cameras=cameras,
            rules=rules,
            lamp_groups=(lamps,),
            comparison=Comparison(share=_COMPARED if footage.recorded else 0),
        )
    except ValueError as error:
        raise ConfigError(f"TIME_ZONE: {error}") from error
