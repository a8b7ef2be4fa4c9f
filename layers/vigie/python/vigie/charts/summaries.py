"""What the page sums up beyond one camera's day: places of several cameras, histories, lamps."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from vigie.domain.energy import GroupEnergy, energy_line
from vigie.domain.places import shared_visits
from vigie.domain.rollups import DayTotals
from vigie.domain.series import CameraDay, count_by_kind
from vigie.domain.sites import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlace:
    """A place that several cameras show: the most people that any of them saw, and the visits they share.

    `minutes` are those in which any of them delivered frames.
    """

    title: str
    cameras: str
    minutes: int
    most_people: int
    visits_of_people: int
    visits_of_vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTotals:
    """A day in a camera's history: in words which it was, how much of it was covered, and its counts."""

    date: str
    covered: str
    frames: int
    most_people: int
    visits_of_people: int
    visits_of_vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageHistory:
    """A camera's days that had frames, the latest first."""

    title: str
    days: tuple[PageTotals, ...]


def page_place(place: Place, days: Sequence[CameraDay]) -> PagePlace:
    """Sum up a place from the days of all cameras."""
    own = [day for day in days if day.camera.camera_id in place.cameras]
    people, vehicles = count_by_kind(
        shared.first for shared in shared_visits(visit for day in own for visit in day.visits)
    )
    return PagePlace(
        title=place.name,
        cameras=", ".join(day.camera.title for day in own),
        minutes=len({minute.begins_at for day in own for minute in day.minutes}),
        most_people=max((minute.people for day in own for minute in day.minutes), default=0),
        visits_of_people=people,
        visits_of_vehicles=vehicles,
    )


def page_history(day: CameraDay, history: Sequence[DayTotals]) -> PageHistory:
    """Put the words and numbers of a camera's history together, from the roll-ups of all cameras."""
    camera_id = day.camera.camera_id
    own = [each for each in history if each.camera_id == camera_id and each.covered]
    return PageHistory(
        title=day.camera.title,
        days=tuple(
            PageTotals(
                date=f"{each.day:%a} {each.day}",
                covered=f"{_clock(each.covered)} of {_clock(each.minutes)}",
                frames=each.frames,
                most_people=each.people,
                visits_of_people=each.visits_of_people,
                visits_of_vehicles=each.visits_of_vehicles,
            )
            for each in sorted(own, key=lambda each: each.day, reverse=True)
        ),
    )


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d} h"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLamps:
    """What the page says of lamp groups: a line each, and where the exports lie, relative to the page.

    `days_csv` is there when days before this one are kept.
    """

    lines: tuple[str, ...]
    csv: str
    levels_csv: str
    days_csv: str | None


def page_lamps(energies: Sequence[GroupEnergy], day: date, *, has_history: bool) -> PageLamps | None:
    """Return what the page says, whose address is below charts/; None without groups."""
    if not energies:
        return None
    return PageLamps(
        lines=tuple(energy_line(energy) for energy in energies),
        csv=f"../exports/lights/{day}.csv",
        levels_csv=f"../exports/lights/{day}-levels.csv",
        days_csv=f"../exports/lights/{day}-days.csv" if has_history else None,
    )
