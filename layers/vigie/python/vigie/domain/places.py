"""Places: visits that several cameras saw of one person or vehicle, by place and time, not by appearance.

Cameras that show one spot show the same people. So at any instant there are as many there as the camera
with the most shows, and a visit begins a visit of the place when it takes its own camera beyond all others.
Else it shares one that another camera shows, as does whoever leaves one picture for another before the first
has given him up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from vigie.domain.detections import kind_of
from vigie.domain.visits import Visit


@dataclass(frozen=True, slots=True)
class PlaceVisit:
    """One presence at a place: the visits of its cameras that share it, in order of their beginnings."""

    visits: tuple[Visit, ...]

    @property
    def first(self) -> Visit:
        """The visit that began it; its id is the shared visit's."""
        return self.visits[0]

    def is_open_at(self, instant: datetime, camera_id: str | None = None) -> bool:
        """Tell whether any camera, or that one, had it open then."""
        return any(visit.is_open_at(instant) for visit in self.visits if camera_id in {None, visit.camera_id})


def shared_visits(visits: Iterable[Visit]) -> tuple[PlaceVisit, ...]:
    """Fuse the visits of all cameras of one place, in order of their beginnings.

    Whether a visit shares another depends on what was open when it began, and so on nothing that came later.
    """
    closed: list[PlaceVisit] = []
    going_on: list[PlaceVisit] = []
    for visit in sorted(visits, key=lambda visit: (visit.started_at, visit.visit_id)):
        instant = visit.started_at
        closed += (one for one in going_on if not one.is_open_at(instant))
        going_on = [one for one in going_on if one.is_open_at(instant)]
        there = [one for one in going_on if kind_of(one.first.label) == kind_of(visit.label)]
        free = [one for one in there if not one.is_open_at(instant, visit.camera_id)]
        own = len(there) - len(free) + 1
        others = {other.camera_id for one in there for other in one.visits} - {visit.camera_id}
        most = max((sum(one.is_open_at(instant, other) for one in there) for other in others), default=0)
        if own > most or not free:
            going_on.append(PlaceVisit((visit,)))
            continue
        # They look alike to us: whoever came last is the likeliest to have just come into this picture.
        shared = max(free, key=lambda one: (one.visits[-1].started_at, one.first.visit_id))
        going_on[going_on.index(shared)] = replace(shared, visits=(*shared.visits, visit))
    return tuple(sorted((*closed, *going_on), key=lambda one: (one.first.started_at, one.first.visit_id)))
