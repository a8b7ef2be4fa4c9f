"""Keeps lamp groups at their levels: by their leases, the site document and this machine's clock.

The cloud says until when somebody may be there and whose word still holds. What follows from that is worked
out here, again and again, so that a lamp dims on time and falls back to safe with the cloud away, and is dark
by day. The last leases are kept on disk: after a restart a group goes on where it was, until they run out.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from edge_agent.lamps.worker import Lamp
from vigie.domain.heartbeats import LampLife
from vigie.domain.instants import to_iso, whole_milliseconds
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Desired, Lease, Level, Phase, level_at
from vigie.domain.sites import Site
from vigie.messages import read_desired, write_desired

log = logging.getLogger(__name__)

_TICK_S = 0.2
# The last word: how long its ramp is at most, and how long the end of the agent waits until lamps have it.
_LAST_RAMP_S = 1.0
_LAST_WORD_S = 1.5
# How bright an unknown group is: what it is until somebody says otherwise.
_UNKNOWN = LampGroup(group_id="unknown", covered_by=(Covering(camera="unknown"),))


class Mouth(Protocol):
    """Says in a group's shadow what its lamps do; returns at once."""

    def report(self, group_id: str, reported: dict[str, Any]) -> None:
        """Say it as soon as it can be said, in the place of what was to be said before."""


class KeptLeases:
    """The last leases on this machine's disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, Desired]:
        """Return what was kept, by group; nothing when it is of no use."""
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            found = {group: read_desired(desired) for group, desired in kept.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, AttributeError) as error:
            log.warning("the kept leases are of no use", extra={"error": str(error)})
            return {}
        return {group: desired for group, desired in found.items() if desired}

    def save(self, leases: Mapping[str, Desired]) -> None:
        """Keep them; without that a restart begins with safe levels.

        Raises:
            OSError: the disk does not take them.

        """
        part = self._path.with_name(self._path.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump({group: write_desired(desired) for group, desired in leases.items()}, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


@dataclass(slots=True)
class _Group:
    """One group as it is kept: its lamps, what is known of it, what was last said of it."""

    lamps: tuple[Lamp, ...]
    lease: Lease = field(default_factory=Lease)
    level: Level | None = None
    since: datetime | None = None
    said: dict[str, Any] | None = None


class LampKeeper:
    """Keeps the groups; `run` is the body of a thread, the other methods may be called from any.

    `ignore_motion` gets the cameras before whose eyes a lamp is about to change, and until when that lasts;
    `fault` which part met an error that nobody foresaw, and the error. `ended` is set when the agent has
    stopped and its lamps have had their last word, or their time for it: the stop of lamps and shadows.
    """

    def __init__(
        self,
        *,
        site: Site | None,
        kept: KeptLeases,
        clock: Callable[[], datetime | None],
        ignore_motion: Callable[[Sequence[str], datetime], None],
        show: Callable[[tuple[LampLife, ...]], None],
        fault: Callable[[str, Exception | str], None],
        stop: threading.Event,
    ) -> None:
        self._site = site
        self._kept = kept
        self._clock = clock
        self._ignore_motion = ignore_motion
        self._show = show
        self._fault = fault
        self._stop = stop
        self.ended = threading.Event()
        self._ends = False
        self._mouth: Mouth | None = None
        self._lock = threading.RLock()
        self._due = threading.Event()
        self._groups: dict[str, _Group] = {}
        self._desired = kept.load()

    @property
    def groups(self) -> tuple[str, ...]:
        """The ids of the groups that are kept here."""
        return tuple(self._groups)

    def keep(self, group_id: str, lamps: Sequence[Lamp]) -> None:
        """Take on a group with its lamps; before `run`."""
        known = self._desired.get(group_id)
        self._groups[group_id] = _Group(tuple(lamps), known.lease if known else Lease())

    def speak_by(self, mouth: Mouth) -> None:
        """Say from now on in the shadows what the lamps do; before `run`."""
        self._mouth = mouth

    def follow(self, site: Site) -> None:
        """Take a new site document."""
        with self._lock:
            self._site = site
        self._due.set()

    def hear(self, group_id: str, desired: Desired) -> None:
        """Take what a group's shadow asks for."""
        with self._lock:
            group = self._groups.get(group_id)
            if group is None or self._desired.get(group_id) == desired:
                return
            group.lease = desired.lease
            self._desired[group_id] = desired
            kept = dict(self._desired)
        self._due.set()
        try:
            self._kept.save(kept)
        except OSError as error:
            log.warning("leases cannot be kept", extra={"error": str(error)})
            self._fault(
                "lamps", f"a restart would begin with safe levels, for leases cannot be kept: {error}"
            )

    def before_switch(self, group_id: str, ramp_s: float) -> None:
        """Tell the gates of the cameras that cover a group that its light changes now."""
        with self._lock:
            group = self._config(group_id)
        now = self._clock() or datetime.now(UTC)
        self._ignore_motion(group.cameras, now + timedelta(seconds=ramp_s + group.ignore_s))

    def look_again(self) -> None:
        """Say what the lamps do, since one of them has something new to say."""
        self._due.set()

    def run(self) -> None:
        """Keep all groups at their levels until the agent stops; what is lit then is left at its safe level.

        Nobody dims it or brightens it from there on. What is dark by day stays so.
        """
        try:
            while not self._stop.is_set():
                self._look()
                self._wait()
            self._ends = True
            deadline = time.monotonic() + _LAST_WORD_S
            self._look()
            while not self._has_ended() and time.monotonic() < deadline:
                self._wait()
            self._look()  # once more, to say what has become of it
        finally:
            self.ended.set()

    def _wait(self) -> None:
        self._due.wait(_TICK_S)
        self._due.clear()

    def _has_ended(self) -> bool:
        """Tell whether all that is lit is at its last level; for what is dark by day nobody waits."""
        lit = [group for group in self._groups.values() if group.level and group.level.phase is not Phase.DAY]
        return all(lamp.is_there for group in lit for lamp in group.lamps)

    def _look(self) -> None:
        """Bring every group to the level of this instant."""
        now, lives = self._clock() or datetime.now(UTC), list[LampLife]()
        with self._lock:
            for group_id, group in self._groups.items():
                try:
                    lives.append(self._look_at(group_id, group, now))
                except Exception as error:  # the outermost loop: without it no lamp at all would change
                    log.exception("keeping a lamp group failed", extra={"group": group_id})
                    self._fault(f"lamp group {group_id}", error)
        self._show(tuple(lives))

    def _look_at(self, group_id: str, group: _Group, now: datetime) -> LampLife:
        config, level = self._level(group_id, group, now)
        if group.level is None or level.percent != group.level.percent:
            group.since = whole_milliseconds(now)
            log.info(
                "level",
                extra={"group": group_id, "percent": level.percent, "reason": level.reason},
            )
        group.level = level
        ramp_s = min(config.ramp_s, _LAST_RAMP_S) if self._ends else config.ramp_s
        for lamp in group.lamps:
            lamp.want(level.percent, ramp_s)
        return self._say(group_id, group, level)

    def _level(self, group_id: str, group: _Group, now: datetime) -> tuple[LampGroup, Level]:
        config = self._config(group_id)
        if self._site is None:
            return config, Level(config.safe, Phase.SAFE, "no site document yet")
        if config is _UNKNOWN:
            return config, Level(config.safe, Phase.SAFE, f"the site document has no lamp group {group_id!r}")
        lease = group.lease.credible(config, now)
        level = level_at(config, lease, now, tz=self._site.tz, position=self._site.position)
        if self._ends and level.phase is not Phase.DAY:
            return config, Level(config.safe, Phase.SAFE, "the agent has stopped")
        return config, level

    def _config(self, group_id: str) -> LampGroup:
        groups = self._site.lamp_groups if self._site else ()
        return next((group for group in groups if group.group_id == group_id), _UNKNOWN)

    def _say(self, group_id: str, group: _Group, level: Level) -> LampLife:
        """Return a group's life; what is new of it goes into its shadow."""
        told = [lamp.told for lamp in group.lamps]
        error = next((each.error for each in told if each.error), None)
        # The level that all lamps have taken on; while one has not, what it has.
        percents = [each.percent for each in told]
        reached = next((p for p in percents if p != level.percent), level.percent)
        life = LampLife(
            group_id=group_id,
            level=reached,
            wanted=level.percent,
            reason=level.reason,
            since=group.since,
            switches=max((each.switches for each in told), default=0),
            error=error,
        )
        reported = {"level": reached, "reason": level.reason, "error": error}
        is_there = reached == level.percent or error is not None
        if self._mouth and is_there and reached is not None and reported != group.said:
            group.said = reported
            at = to_iso(group.since) if group.since else None
            self._mouth.report(group_id, {**reported, "at": at})
        return life
