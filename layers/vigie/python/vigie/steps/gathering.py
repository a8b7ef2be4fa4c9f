"""A camera's day and the days before it, as the tables hold them, for charts, exports and totals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from vigie.domain.exports import intervals_of
from vigie.domain.instants import day_bounds, minute_of
from vigie.domain.reports import FrameReport
from vigie.domain.rollups import DayTotals, day_totals
from vigie.domain.series import MINUTE, CameraDay, Minute, camera_day
from vigie.domain.sites import Site
from vigie.steps.budget_ports import BudgetMarks, over_budget_minutes
from vigie.steps.ports import (
    FrameStore,
    ReportStore,
    RollupStore,
)

HISTORY_DAYS = 31
# A chart of more shows minutes, in which single points would not be seen.
_POINTS_SPAN = timedelta(hours=1)
# Exports of a day under way are made anew when its frames have grown by so much: so all of a day's exports
# together read at most five times its reports, however often it is drawn.
_GROWTH = 1.25


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is drawn of a camera's day, its totals, and its frames' intervals, if reports were read."""

    day: CameraDay
    totals: DayTotals
    intervals: Mapping[datetime, float] | None


@dataclass(frozen=True, slots=True)
class Gatherer:
    """Reads the days of cameras, at one moment."""

    site: Site
    frames: FrameStore
    reports: ReportStore
    rollups: RollupStore
    marks: BudgetMarks | None
    now: datetime

    def day(self, camera_id: str, day: date, stored: DayTotals | None, *, anew: bool) -> Gathered:
        """Gather a camera's day, with its reports if they are needed; `stored` are its totals until now."""
        begin, end = day_bounds(day, self.site.tz)
        minutes = self.reports.minutes(camera_id, begin, end)
        listed = stored.listed if stored else 0
        is_short = not minutes or minutes[-1].begins_at + MINUTE - minutes[0].begins_at <= _POINTS_SPAN
        exports = anew or is_short or self._is_behind(listed, minutes, end)
        reports = self.reports.reports(camera_id, begin, end) if minutes and exports else ()
        if len(reports) < listed:
            # The reports have expired, but not the export that was made of them.
            exports, reports = False, ()
        elif exports:
            listed = len(reports)
        camera = self._camera_day(camera_id, begin, end, minutes, reports)
        totals = day_totals(camera, day, self.site.tz, listed=listed)
        if stored and stored.frames > totals.frames:
            # The minutes have expired, but not their totals.
            totals = stored
        return Gathered(
            camera if is_short else replace(camera, points=()),
            totals,
            intervals_of(reports) if exports else None,
        )

    def history(self, camera_id: str, day: date) -> dict[date, DayTotals]:
        """Return the totals of the days up to that one, itself only if it has been summed up before.

        What was never summed up, since no run drew it, is made good from its minutes.
        """
        past = [day - timedelta(days=n) for n in range(HISTORY_DAYS - 1, 0, -1)]
        found = {totals.day: totals for totals in self.rollups.totals(camera_id, past[0], day)}
        for missing in (each for each in past if each not in found):
            begin, end = day_bounds(missing, self.site.tz)
            if end > self.now or not self._are_kept(begin):
                continue
            minutes = self.reports.minutes(camera_id, begin, end)
            camera = self._camera_day(camera_id, begin, end, minutes, ())
            found[missing] = day_totals(camera, missing, self.site.tz)
            self.store(found[missing])
        return dict(sorted(found.items()))

    def store(self, totals: DayTotals) -> None:
        """Store the totals, unless some of the day's minutes may have expired."""
        if self._are_kept(totals.begins_at):
            self.rollups.put_totals(totals)

    def _are_kept(self, begins_at: datetime) -> bool:
        return begins_at > self.now - timedelta(days=self.site.retention.minutes_days)

    def _is_behind(self, listed: int, minutes: Sequence[Minute], end: datetime) -> bool:
        """Tell whether the exports are so far behind the frames that they should be made again."""
        frames = sum(minute.frames for minute in minutes)
        return frames != listed if end <= self.now else frames >= listed * _GROWTH

    def _camera_day(
        self,
        camera_id: str,
        begin: datetime,
        end: datetime,
        minutes: Sequence[Minute],
        reports: Sequence[FrameReport],
    ) -> CameraDay:
        return camera_day(
            self.site.camera(camera_id),
            begin,
            end,
            minutes=minutes,
            reports=reports,
            earlier=self.reports.minute_before(camera_id, minute_of(begin)) if reports else None,
            quarantined=self.frames.quarantined(camera_id, begin, end),
            following=self.site.following(camera_id),
            over_budget=over_budget_minutes(self.marks, camera_id, begin, end),
        )
