"""Faces came into view of a camera that asks for faces: suggest whose they are, of those who agreed."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vigie.domain.caps import Spending, spending_day
from vigie.domain.comparison import MOST_REQUEST_BYTES, obstacle
from vigie.domain.detections import PERSON
from vigie.domain.frames import FrameKey
from vigie.domain.people import FaceAction, FaceCall, Suggestion
from vigie.domain.pictures import face_key
from vigie.domain.series import CameraDay
from vigie.domain.sites import Site
from vigie.domain.visits import Visit
from vigie.errors import CloudError, NotFound, PictureError
from vigie.steps.budget_ports import Purse
from vigie.steps.illustrate import MOST_PICTURES
from vigie.steps.pausing import Pauses, faces_of
from vigie.steps.people_ports import FaceCollection, KeptFaces, PeopleStore
from vigie.steps.ports import Clock

# Of the collection that the site names.
CollectionNamed = Callable[[str], FaceCollection]

# Alerts wait for searches, many of which may come in one call of the function: so many seconds of so many.
# A search that is under way by then ends by its client's time-outs, which bound it to a few seconds more.
MOST_SEARCHING_S, WINDOW_S = 3.0, 15.0

_log = logging.getLogger(__name__)


def suggested_today(
    day: CameraDay, *, site: Site, people: PeopleStore, clock: Clock
) -> Mapping[str, Suggestion]:
    """Return whom the faces of a camera's day suggest, by the visits' ids: of the day under way alone.

    What is drawn of a day gone by has no names in it, so that no name stays on a page for good.
    """
    now = clock()
    if not site.known_faces.enabled or not day.begins_at <= now < day.ends_at:
        return {}
    days = {visit.started_at.date() for visit in day.visits}
    found: dict[str, Suggestion] = {}
    for each in sorted(days):
        found |= people.suggestions(day.camera.camera_id, each)
    return found


@dataclass(slots=True, kw_only=True)
class Recogniser:
    """Searches for the faces that were kept of visits, where the site and their camera ask for it.

    It works between a report and its alerts, so no report waits for it, and an alert goes out without a name
    rather than late: after a failure there is a pause, and all searches together have `MOST_SEARCHING_S` of
    any `WINDOW_S` seconds of the `steady` clock. The purse is asked before each call, which is recorded with
    its threshold. `measure` tells a JPEG's width and height in pixels.
    """

    collection: CollectionNamed
    kept: KeptFaces
    people: PeopleStore
    purse: Purse
    pauses: Pauses
    measure: Callable[[bytes], tuple[int, int]]
    clock: Clock
    steady: Callable[[], float]
    _window_began: float = field(default=0.0, init=False)
    _spent_s: float = field(default=0.0, init=False)

    def look(self, visits: Iterable[Visit], *, site: Site, frame: FrameKey | None = None) -> None:
        """Store whom the faces of visits suggest, the surest visits first; again, nothing changes.

        Faces are those of the frames that begin them, or of the later `frame`; a visit that was searched for
        is so no more.
        No failure is passed on: an alert can do without a name.
        """
        if not site.known_faces.enabled:
            return
        people = [visit for visit in visits if visit.label == PERSON and site.camera(visit.camera_id).faces]
        for visit in sorted(people, key=lambda visit: (-visit.confidence, visit.visit_id))[:MOST_PICTURES]:
            began = self.steady()
            if not self._has_time(began):
                _log.warning("the face of the visit %s goes without a name: no time is left", visit.visit_id)
                return
            try:
                if not self._search(visit, frame, site):
                    return
            except CloudError as error:
                _log.error("the face of the visit %s goes without a name: %s", visit.visit_id, error)
                return
            finally:
                self._spent_s += self.steady() - began

    def _has_time(self, now: float) -> bool:
        if now - self._window_began >= WINDOW_S:
            self._window_began, self._spent_s = now, 0.0
        return self._spent_s < MOST_SEARCHING_S

    def _search(self, visit: Visit, frame: FrameKey | None, site: Site) -> bool:
        """Search once; false when the service is out of order.

        Raises:
            CloudError: the table, the bucket or the purse refused.

        """
        known = site.known_faces
        use = faces_of(known.collection)
        if self.pauses.under_way(use):
            return False
        if self.people.was_searched(visit):
            return True
        face = self._face(visit, frame)
        if face is None:
            return True
        now = self.clock()
        bought = self.purse.take(
            Spending.REKOGNITION,
            camera_id=visit.camera_id,
            day=spending_day(now, site.tz),
            cap=site.caps.rekognition_calls,
        )
        if not bought:
            return True
        suggestion, failed, answers = None, "", True
        # What ends between the call and its answer leaves this on record, and nothing else.
        self._record(visit, site, at=now, words="asked, ")
        try:
            suggestion = self.collection(known.collection).search(face, threshold=known.threshold)
        except PictureError as error:
            failed = f", which failed: {error}"
        except CloudError as error:
            failed, answers = f", which failed: {error}", False
            self.pauses.after(use, error)
        faces = int(suggestion is not None)
        self._record(visit, site, at=self.clock(), faces=faces, failed=failed)
        self.people.suggest(visit, suggestion)
        return answers

    def _record(
        self, visit: Visit, site: Site, *, at: datetime, words: str = "", faces: int = 0, failed: str = ""
    ) -> None:
        self.people.record(
            FaceCall(
                at=at,
                action=FaceAction.SEARCH,
                threshold=site.known_faces.threshold,
                faces=faces,
                note=f"{words}visit {visit.visit_id}{failed}",
            )
        )

    def _face(self, visit: Visit, frame: FrameKey | None) -> bytes | None:
        """Return the face that was kept of a visit, if one was, and if the service takes it."""
        try:
            face = self.kept.load(face_key(visit, frame))
            width, height = self.measure(face)
        except (NotFound, PictureError):
            return None
        if len(face) > MOST_REQUEST_BYTES or obstacle(width=width, height=height):
            return None
        return face
