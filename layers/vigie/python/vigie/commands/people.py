"""`python -m vigie people`: whose faces are known, all of whom agreed to it."""

import argparse
import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vigie.errors import ConfigError, PictureError, SetupError

if TYPE_CHECKING:
    from vigie.domain.people import FaceAction
    from vigie.domain.sites import Site
    from vigie.steps.budget_ports import Purse
    from vigie.steps.pausing import PauseStore
    from vigie.steps.people_ports import FaceCollection, PeopleStore

_BUCKET, _TABLE = "VIGIE_BUCKET", "VIGIE_TABLE"  # as `settings.variable` makes them
_ABOUT = """\
Faces are searched for only where the site document says "known_faces": {"enabled": true},
and only before cameras with "faces": true. Enrol nobody who has not agreed: a face is
biometric data, and in many countries the law asks for a consent that can be shown.
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    people = commands.add_parser(
        "people",
        help="known faces, of people who agreed: enrol, list, forget",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = people.add_subparsers(required=True, metavar="ACTION")
    command = actions.add_parser("enrol", help="add a person's face from pictures; each call is paid for")
    command.set_defaults(command=enrol)
    command.add_argument("name", metavar="NAME")
    command.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE", help="of this person alone")
    command.add_argument(
        "--consent",
        required=True,
        metavar="WORDS",
        help="how this person agreed, such as 'signed on 2026-01-31'; it is kept on record",
    )
    _places(command)
    command = actions.add_parser("list", help="who is known, with how many faces")
    command.set_defaults(command=listing)
    _places(command)
    command = actions.add_parser("forget", help="remove all faces of a person")
    command.set_defaults(command=forget)
    command.add_argument("name", metavar="NAME")
    command.add_argument("--collection", help="a former one; default: the one that the site document names")
    _places(command)


def enrol(arguments: argparse.Namespace) -> int:
    """Enrol a face from each picture; 1 when some could not be used."""
    from vigie.commands.inputs import pictures
    from vigie.steps.pausing import faces_of

    place = _place(arguments)
    name = _name(arguments.name)
    consent = " ".join(arguments.consent.split())
    if not consent:
        raise ConfigError("--consent must say how this person agreed")
    if not place.site.known_faces.enabled:
        raise ConfigError('known faces are off: the site document needs "known_faces": {"enabled": true}')
    enrolled = failed = 0
    for file in pictures(arguments.pictures):
        try:
            _enrol_one(place, name, file, note=f"consent: {consent}")
        except PictureError as error:
            sys.stderr.write(f"{file}: {error}\n")
            failed += 1
        else:
            enrolled += 1
    if enrolled:
        # Searches may be left alone since there was no collection.
        place.pauses.lift(faces_of(place.site.known_faces.collection))
    sys.stdout.write(f"{name}: {_faces(enrolled)} enrolled\n")
    return 1 if failed else 0


def _enrol_one(place: "_Place", name: str, file: Path, *, note: str) -> None:
    """Enrol the face of one picture; what is asked is on record before the call, what came of it after.

    Raises:
        PictureError: it cannot be used.
        SetupError: the day's calls are used up.
        CloudError: AWS refused a call.

    """
    from vigie.commands.inputs import read_picture
    from vigie.domain.caps import Spending, spending_day
    from vigie.domain.comparison import MOST_REQUEST_BYTES
    from vigie.domain.people import FaceAction
    from vigie.errors import CloudError

    jpeg = read_picture(file)
    if len(jpeg) > MOST_REQUEST_BYTES:
        raise PictureError(f"{len(jpeg)} bytes, Rekognition takes at most {MOST_REQUEST_BYTES}")
    cap = place.site.caps.rekognition_calls
    day = spending_day(datetime.now(UTC), place.site.tz)
    if not place.purse.take(Spending.REKOGNITION, camera_id="", day=day, cap=cap):
        raise SetupError(
            f"the day's {cap} calls of Rekognition are used up; "
            "go on tomorrow, or raise caps.rekognition_calls in the site document"
        )
    place.record(FaceAction.ENROL, faces=0, name=name, note=f"asked, {note}")
    try:
        place.collection.enrol(name, jpeg)
    except (CloudError, PictureError) as error:
        place.record(FaceAction.ENROL, faces=0, name=name, note=f"failed: {error}")
        raise
    place.record(FaceAction.ENROL, faces=1, name=name, note=note)


def listing(arguments: argparse.Namespace) -> int:
    """Name everybody who is known."""
    from collections import Counter

    from vigie.domain.people import FaceAction

    place = _place(arguments)
    found = Counter(face.name for face in place.collection.faces())
    place.record(FaceAction.LIST, faces=found.total())
    sys.stdout.writelines(f"{name}: {_faces(number)}\n" for name, number in sorted(found.items()))
    sys.stdout.write(f"{len(found)} known\n")
    return 0


def forget(arguments: argparse.Namespace) -> int:
    """Remove a person from the collection, and the name from what was suggested."""
    from vigie.aws import clients
    from vigie.aws.frame_store import S3FrameStore
    from vigie.domain.people import FaceAction
    from vigie.errors import CloudError
    from vigie.steps.chart import watched_cameras

    place = _place(arguments, collection=arguments.collection)
    name = _name(arguments.name)
    known = place.collection.faces()
    own = [face.face_id for face in known if face.name == name]
    today = datetime.now(UTC).date()
    cameras = watched_cameras(place.site, S3FrameStore(clients.s3(), place.bucket))
    days = [(camera_id, today - timedelta(days=age)) for camera_id in cameras for age in range(3)]
    suggested = (each.name for day in days for each in place.people.suggestions(*day).values())
    if not own and name not in suggested:
        there = ", ".join(sorted({face.name for face in known})) or "nobody"
        raise ConfigError(f"{name!r} is not known; there is {there}")
    # Whatever fails on the way, it is on record that it was asked for.
    place.record(FaceAction.FORGET, faces=0, name=name, note=f"asked, of {_faces(len(own))}")
    try:
        gone = place.collection.forget(own)
    except CloudError as error:
        place.record(FaceAction.FORGET, faces=0, name=name, note=f"failed: {error}")
        raise
    said = sum(place.people.forget(name, *day) for day in days)
    place.record(FaceAction.FORGET, faces=gone, name=name)
    suggestions = f"{said} suggestion{'' if said == 1 else 's'}"
    sys.stdout.write(f"{name}: {_faces(gone)} removed, and {suggestions}\n")
    return 0


@dataclass(frozen=True, slots=True)
class _Place:
    bucket: str
    site: "Site"
    collection: "FaceCollection"
    people: "PeopleStore"
    purse: "Purse"
    pauses: "PauseStore"

    def record(self, action: "FaceAction", *, faces: int, name: str = "", note: str = "") -> None:
        from vigie.domain.people import FaceCall

        call = FaceCall(at=datetime.now(UTC), action=action, faces=faces, name=name, note=note)
        self.people.record(call)


def _place(arguments: argparse.Namespace, *, collection: str | None = None) -> _Place:
    from dataclasses import replace

    from vigie.aws import clients
    from vigie.aws.face_collection import RekognitionFaces
    from vigie.aws.pause_store import DynamoPauseStore
    from vigie.aws.people_store import DynamoPeopleStore
    from vigie.aws.purse_store import DynamoPurse
    from vigie.aws.site_store import S3SiteSource

    bucket = _named(arguments.bucket, "bucket", _BUCKET)
    table = _named(arguments.table, "table", _TABLE)
    dynamodb = clients.dynamodb()
    site = S3SiteSource(clients.s3(), bucket).site()
    try:
        known = replace(site.known_faces, collection=collection) if collection else site.known_faces
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return _Place(
        bucket=bucket,
        site=site,
        collection=RekognitionFaces(clients.rekognition(), known.collection, owner=table),
        people=DynamoPeopleStore(dynamodb, table, site.retention),
        purse=DynamoPurse(dynamodb, table, site.retention),
        pauses=DynamoPauseStore(dynamodb, table),
    )


def _places(command: argparse.ArgumentParser) -> None:
    command.add_argument("--bucket", help=f"the data bucket; default: {_BUCKET}")
    command.add_argument("--table", help=f"the table of reports; default: {_TABLE}")


def _named(given: str | None, what: str, variable: str) -> str:
    name = given or os.environ.get(variable)
    if not name:
        raise ConfigError(f"which {what}? name it with --{what}, or in {variable}")
    return name


def _name(text: str) -> str:
    from vigie.domain.people import check_person_name

    try:
        return check_person_name(text)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _faces(number: int) -> str:
    return f"{number} {'face' if number == 1 else 'faces'}"
