"""Known faces in memory: a picture's bytes are its face, and are alike or not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from vigie.domain.people import EnrolledFace, FaceCall, Suggestion
from vigie.domain.visits import Visit
from vigie.errors import NotFound, PictureError


@dataclass
class FakeFaces:
    """`FaceCollection` that knows a picture again by its bytes; `no_face` is a picture without any."""

    no_face: bytes = b"nobody"
    faults: list[Exception] = field(default_factory=list)
    searched: list[bytes] = field(default_factory=list)
    _faces: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    _number: int = 0

    def enrol(self, name: str, jpeg: bytes) -> EnrolledFace:
        if jpeg == self.no_face:
            raise PictureError("it shows no face that is good enough")
        self._number += 1
        self._faces[str(self._number)] = (name, jpeg)
        return EnrolledFace(str(self._number), name)

    def search(self, jpeg: bytes, *, threshold: float) -> Suggestion | None:
        self.searched.append(jpeg)
        if self.faults:
            raise self.faults.pop(0)
        if not self._number:
            raise NotFound("there is no collection")
        found = (name for name, known in self._faces.values() if known == jpeg)
        name = next(found, None)
        return Suggestion(name, 1.0, threshold) if name else None

    def faces(self) -> tuple[EnrolledFace, ...]:
        found = (EnrolledFace(face_id, name) for face_id, (name, _) in self._faces.items())
        return tuple(sorted(found, key=lambda face: (face.name, face.face_id)))

    def forget(self, face_ids: Sequence[str]) -> int:
        return sum(self._faces.pop(face_id, None) is not None for face_id in face_ids)


@dataclass
class FakePeopleStore:
    """`PeopleStore` in memory."""

    _calls: list[FaceCall] = field(default_factory=list)
    _found: dict[tuple[str, date], dict[str, Suggestion | None]] = field(default_factory=dict)

    def record(self, call: FaceCall) -> None:
        self._calls.append(call)

    def calls(self, begin: datetime, end: datetime) -> tuple[FaceCall, ...]:
        found = sorted(self._calls, key=lambda call: call.at)
        return tuple(call for call in found if begin <= call.at < end)

    def suggest(self, visit: Visit, suggestion: Suggestion | None) -> None:
        self._of(visit.camera_id, visit.started_at.date())[visit.visit_id] = suggestion

    def suggestion(self, visit: Visit) -> Suggestion | None:
        return self._of(visit.camera_id, visit.started_at.date()).get(visit.visit_id)

    def suggestions(self, camera_id: str, day: date) -> Mapping[str, Suggestion]:
        found = self._of(camera_id, day)
        return {visit_id: suggestion for visit_id, suggestion in found.items() if suggestion}

    def forget(self, name: str, camera_id: str, day: date) -> int:
        found = self._of(camera_id, day)
        there = [visit_id for visit_id, each in found.items() if each and each.name == name]
        found.update(dict.fromkeys(there))
        return len(there)

    def was_searched(self, visit: Visit) -> bool:
        return visit.visit_id in self._of(visit.camera_id, visit.started_at.date())

    def _of(self, camera_id: str, day: date) -> dict[str, Suggestion | None]:
        return self._found.setdefault((camera_id, day), {})
