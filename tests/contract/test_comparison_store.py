"""What every `ComparisonStore` and `ReviewShelf` does, the fake as the real one."""

from datetime import timedelta

import boto3
import pytest

from tests.builders import at, seen
from tests.compare_fakes import FakeComparisonStore, FakeReviewShelf
from tests.contract.conftest import BUCKET, TABLE
from vigie.aws import clients
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.aws.review_shelf import S3ReviewShelf
from vigie.domain.comparison import ComparisonState, FrameComparison
from vigie.domain.frames import FrameKey
from vigie.errors import NotFound
from vigie.steps.compare_ports import ComparisonStore, ReviewShelf

LEASE = timedelta(seconds=90)


@pytest.fixture
def store(twin: str) -> ComparisonStore:
    return FakeComparisonStore() if twin == "fake" else DynamoComparisonStore(clients.dynamodb(), TABLE)


def key(seconds: float = 0.0, camera: str = "hall") -> FrameKey:
    return FrameKey(camera, at(seconds))


def made(seconds: float = 0.0, camera: str = "hall", *, micro_usd: int = 1000) -> FrameComparison:
    return FrameComparison(
        key=key(seconds, camera),
        width=640,
        height=360,
        compared_at=at(seconds + 2),
        ours=(seen(confidence=0.8125, zones=("door",)), seen("car", x=0.2)),
        theirs=(seen(x=0.51, confidence=0.99),),
        our_model="yolov8n@12345678",
        their_model="rekognition 3.0",
        our_ms=40.15,
        their_ms=412.5,
        micro_usd=micro_usd,
        min_overlap=0.45,
    )


def test_a_comparison_comes_back_as_stored_and_the_first_word_stays(store: ComparisonStore) -> None:
    assert store.comparison(key()) is None
    store.put(made())
    store.put(made(micro_usd=1))
    assert store.comparison(key()) == made()
    refused = FrameComparison(
        key=key(1),
        width=40,
        height=30,
        compared_at=at(3),
        state=ComparisonState.NOT_COMPARABLE,
        reason="40x30 pixels",
    )
    store.put(refused)
    assert store.comparison(key(1)) == refused


def test_one_worker_at_a_time_claims_a_frame_and_none_that_was_compared(store: ComparisonStore) -> None:
    assert store.claim(key(), now=at(10), lease=LEASE)
    assert not store.claim(key(), now=at(99), lease=LEASE)
    assert store.comparison(key()) is None
    assert store.comparisons("hall", at(0), at(1)) == ()
    # The worker died: its claim ends, and another worker takes its place.
    assert store.claim(key(), now=at(100), lease=LEASE)
    store.put(made())
    assert not store.claim(key(), now=at(1000), lease=LEASE)
    store.release(key())
    assert store.comparison(key()) == made()


def test_a_claim_that_is_given_back_is_there_for_the_next(store: ComparisonStore) -> None:
    store.release(key())
    assert store.claim(key(), now=at(10), lease=LEASE)
    store.release(key())
    assert store.claim(key(), now=at(11), lease=LEASE)


def test_a_span_of_one_camera_comes_in_order_over_midnight(store: ComparisonStore) -> None:
    seconds = (12 * 3600, -1, 0, 12 * 3600 - 0.001, 13 * 3600)
    for each in seconds:
        store.put(made(each))
    store.put(made(0, "hall-2"))
    found = store.comparisons("hall", at(0), at(13 * 3600))
    assert [each.key for each in found] == [key(0), key(12 * 3600 - 0.001), key(12 * 3600)]
    assert store.comparisons("hall", at(1), at(1)) == ()


def test_a_kept_picture_outlives_its_frame(twin: str) -> None:
    shelf: ReviewShelf
    if twin == "fake":
        shelf = FakeReviewShelf({key(): b"jpeg"})
    else:
        boto3.client("s3").put_object(Bucket=BUCKET, Key=str(key()), Body=b"jpeg")
        shelf = S3ReviewShelf(clients.s3(), BUCKET)
    with pytest.raises(NotFound):
        shelf.picture(key())
    for _ in range(2):
        shelf.keep(key())
    assert shelf.picture(key()) == b"jpeg"
    with pytest.raises(NotFound):
        shelf.keep(key(5))
