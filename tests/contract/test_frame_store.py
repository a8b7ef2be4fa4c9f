"""What every `FrameStore` does, the fake as the bucket."""

from dataclasses import replace

import boto3
import pytest

from tests.builders import at
from tests.contract.conftest import BUCKET
from tests.fakes import FakeFrameStore
from vigie.aws import clients
from vigie.aws.frame_store import S3FrameStore
from vigie.domain.frames import MAX_JPEG_BYTES, Frame, FrameKey
from vigie.errors import NotFound, PictureError
from vigie.steps.ports import FrameStore

FRAME = Frame(FrameKey("hall", at(0)), b"\xff\xd8 a picture", interval_s=0.5, sampled_at=at(1))


class House:
    """A store, and the edge's way of putting things in."""

    def __init__(self, twin: str) -> None:
        self._fake = FakeFrameStore()
        self._is_fake = twin == "fake"
        self.store: FrameStore = self._fake if self._is_fake else S3FrameStore(clients.s3(), BUCKET)

    def put(self, frame: Frame) -> None:
        if self._is_fake:
            self._fake.frames[str(frame.key)] = frame
            return
        boto3.client("s3").put_object(
            Bucket=BUCKET, Key=str(frame.key), Body=frame.jpeg, Metadata=frame.metadata()
        )

    def put_other(self, object_key: str) -> None:
        if self._is_fake:
            self._fake.others.add(object_key)
        else:
            boto3.client("s3").put_object(Bucket=BUCKET, Key=object_key, Body=b"?")


@pytest.fixture
def house(twin: str) -> House:
    return House(twin)


@pytest.mark.parametrize(
    "frame", [FRAME, replace(FRAME, interval_s=None, sampled_at=None)], ids=["with metadata", "bare"]
)
def test_a_frame_comes_back_with_what_the_edge_said(house: House, frame: Frame) -> None:
    house.put(frame)
    assert house.store.load(frame.key) == frame


def test_a_missing_frame_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        house.store.load(FRAME.key)


def test_an_object_too_large_is_refused(house: House) -> None:
    house.put(replace(FRAME, jpeg=bytes(MAX_JPEG_BYTES + 1)))
    with pytest.raises(PictureError, match=f"^{MAX_JPEG_BYTES + 1} bytes, at most {MAX_JPEG_BYTES}"):
        house.store.load(FRAME.key)


@pytest.mark.parametrize("object_key", [str(FRAME.key), "frames/hall/not a frame+key é.jpg"])
def test_quarantine_moves_once(house: House, object_key: str) -> None:
    if object_key == str(FRAME.key):
        house.put(FRAME)
    else:
        house.put_other(object_key)
    assert not house.store.is_quarantined(object_key)
    for _ in range(2):
        house.store.quarantine(object_key, reason="cut short: a JPEG without its end — really")
        assert house.store.is_quarantined(object_key)
    with pytest.raises(NotFound):
        house.store.load(FRAME.key)


def test_what_never_was_cannot_be_quarantined(house: House) -> None:
    with pytest.raises(NotFound):
        house.store.quarantine(str(FRAME.key), reason="empty object")


def test_quarantined_frames_are_counted_by_camera_and_capture_time(house: House) -> None:
    for camera_id, second in (("hall", 0), ("hall", 43_199), ("hall", 43_200), ("shop", 0)):
        frame = replace(FRAME, key=FrameKey(camera_id, at(second)))
        house.put(frame)
        house.store.quarantine(str(frame.key), reason="empty object")
    house.put_other("frames/hall/2026/01/31/12/holiday.jpg")
    house.store.quarantine("frames/hall/2026/01/31/12/holiday.jpg", reason="no frame key")
    assert house.store.quarantined("hall", at(0), at(43_201)) == 3
    assert house.store.quarantined("hall", at(0), at(43_200)) == 2
    assert house.store.quarantined("hall", at(1), at(2)) == 0


def test_cameras_are_listed_once_and_sorted(house: House) -> None:
    assert house.store.camera_ids() == ()
    for camera_id, second in (("shop", 0), ("hall", 0), ("hall", 1)):
        house.put(replace(FRAME, key=FrameKey(camera_id, at(second))))
    house.put_other("frames/No Camera/x.jpg")
    assert house.store.camera_ids() == ("hall", "shop")
