"""What lamp groups used on a day and on those before it: reckoned from minutes, kept when these are gone."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from vigie.domain.energy import EnergyTotals, GroupEnergy, group_energies, needed_since
from vigie.domain.instants import day_bounds
from vigie.domain.lamps import LampGroup
from vigie.domain.series import CameraDay, Minute
from vigie.domain.sites import Site
from vigie.steps.lamp_ports import DayMinutes, EnergyStore

# A scheduled run draws a day until an hour after its end.
_LATELY = timedelta(hours=2)


def day_energies(
    site: Site,
    day: date,
    *,
    minutes: DayMinutes,
    now: datetime,
    known: Mapping[str, Sequence[Minute]] = MappingProxyType({}),
    groups: Sequence[LampGroup] | None = None,
) -> list[GroupEnergy]:
    """Reckon a local day of the groups whose watts are known, or of `groups`; of a day under way until now.

    `known` are the day's minutes of cameras that somebody has read already.
    """
    chosen = [group for group in (site.lamp_groups if groups is None else groups) if group.watts]
    begin, end = day_bounds(day, site.tz)
    since = needed_since(chosen, begin)

    def of(camera_id: str) -> tuple[Minute, ...]:
        if camera_id in known:
            return (*minutes.minutes(camera_id, since, begin), *known[camera_id])
        return minutes.minutes(camera_id, since, end)

    return group_energies(
        chosen,
        {camera_id: of(camera_id) for camera_id in sorted({c for group in chosen for c in group.cameras})},
        day=day,
        tz=site.tz,
        position=site.position,
        limits=site.visits,
        until=min(now, end),
    )


@dataclass(frozen=True, slots=True)
class LampDays:
    """What groups used day by day; without a `store` each day stands alone.

    Nothing is reckoned from minutes of days that may have expired: lamps that nobody reports on would be safe
    in it, which nobody knows.
    """

    site: Site
    minutes: DayMinutes
    store: EnergyStore | None
    now: datetime

    def day(
        self, day: date, cameras: Iterable[CameraDay], *, days: int
    ) -> tuple[tuple[GroupEnergy, ...], tuple[EnergyTotals, ...]]:
        """Reckon a day and store it; return it, and what is known of so many days up to it.

        A day that no run drew, or not to its end, is made good from its minutes, if a day before it is known.
        Earlier than that the group was not there, or other than now, and what it used is anybody's guess: so
        a day of long ago that is drawn again is not stored either.
        """
        known = {camera.camera.camera_id: camera.minutes for camera in cameras}
        energies = (
            day_energies(self.site, day, minutes=self.minutes, now=self.now, known=known)
            if self._is_kept(day)
            else []
        )
        if self.store is None:
            return tuple(energies), ()
        own = {energy.group.group_id: energy.totals for energy in energies}
        history = (
            totals
            for group in self.site.lamp_groups
            if group.watts
            for totals in self._history(self.store, group, day, own.get(group.group_id), days)
        )
        return tuple(energies), tuple(history)

    def _history(
        self, store: EnergyStore, group: LampGroup, day: date, own: EnergyTotals | None, days: int
    ) -> Iterator[EnergyTotals]:
        first = day - timedelta(days=days - 1)
        found = {totals.day: totals for totals in store.energies(group.group_id, first, day)}
        if own is not None and (found or self.now - day_bounds(day, self.site.tz)[1] < _LATELY):
            store.put_energy(own)
            found[day] = max(own, found.get(day, own), key=lambda totals: round(totals.reckoned_s))
        for missing in (first + timedelta(days=n) for n in range(1, days)):
            is_there_before = any(known < missing for known in found)
            if is_there_before and not self._is_whole(missing, found.get(missing)) and self._is_kept(missing):
                for made in day_energies(
                    self.site, missing, minutes=self.minutes, now=self.now, groups=[group]
                ):
                    found[missing] = made.totals
                    store.put_energy(made.totals)
        yield from (found[known] for known in sorted(found))

    def _is_kept(self, day: date) -> bool:
        begin, _ = day_bounds(day, self.site.tz)
        return begin > self.now - timedelta(days=self.site.retention.minutes_days)

    def _is_whole(self, day: date, totals: EnergyTotals | None) -> bool:
        begin, end = day_bounds(day, self.site.tz)
        if end > self.now:
            return True  # as far as it goes: it is under way, or to come
        return totals is not None and round(totals.reckoned_s) >= (end - begin).total_seconds()
