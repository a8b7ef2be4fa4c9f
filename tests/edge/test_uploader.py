import base64
import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from edge_agent.backoff import Backoff
from edge_agent.frame_bucket import FrameBucket, Throttled
from edge_agent.limits import UploadSettings
from edge_agent.refusals import HoldUps
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard
from edge_agent.uploader import Uploader
from tests.edge.servers import ScriptedS3
from vigie.domain.frames import Frame, FrameKey
from vigie.errors import AccessDenied, CloudError, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)


def key(seconds: float, camera_id: str = "hall") -> FrameKey:
    return FrameKey(camera_id, TEN + timedelta(seconds=seconds))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool")
    for seconds in (2, 0, 1):
        spool.add(key(seconds), b"jpeg %d" % seconds, interval_s=0.5, sampled_at=TEN)
    yield spool
    spool.close()


@pytest.fixture
def board() -> StatusBoard:
    return StatusBoard(["hall"], redact=str)


@pytest.fixture
def scripted_client(scripted_s3: ScriptedS3) -> "Iterator[S3Client]":
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
    yield client
    client.close()


def uploader(client: "S3Client", bucket: str, spool: Spool, board: StatusBoard) -> Uploader:
    quick = Backoff(0.001, 0.01, lambda: 1.0)
    return Uploader(spool=spool, bucket=FrameBucket(client, bucket), board=board, backoff=quick, slow_s=0.01)


def test_frames_arrive_with_what_the_cloud_must_know(
    s3: "S3Client", bucket: str, spool: Spool, board: StatusBoard
) -> None:
    sent: list[str] = []
    s3.meta.events.register(
        "before-send.s3.PutObject",
        lambda request, **_: sent.append(request.headers["x-amz-checksum-sha256"].decode()),
    )
    loop = uploader(s3, bucket, spool, board)
    loop.finish()
    loop.run()
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == [str(key(seconds)) for seconds in (0, 1, 2)]
    stored = s3.get_object(Bucket=bucket, Key=str(key(1)))
    assert stored["Body"].read() == b"jpeg 1"
    # By which S3 refuses a torn body.
    assert sent[1] == base64.b64encode(hashlib.sha256(b"jpeg 1").digest()).decode()
    assert stored["ContentType"] == "image/jpeg"
    assert stored["Metadata"] == {
        "interval-s": "0.5",
        "sampled-at": "2026-01-31T10:00:00.000Z",
        "sha256": hashlib.sha256(b"jpeg 1").hexdigest(),
    }
    assert spool.oldest(1) == []
    assert board.camera("hall").uploaded == 3


def test_a_frame_that_is_there_already_counts_and_stays_as_it_was(
    s3: "S3Client", bucket: str, spool: Spool, board: StatusBoard
) -> None:
    s3.put_object(Bucket=bucket, Key=str(key(1)), Body=b"first")
    loop = uploader(s3, bucket, spool, board)
    loop.finish()
    loop.run()
    assert s3.get_object(Bucket=bucket, Key=str(key(1)))["Body"].read() == b"first"
    assert spool.oldest(1) == []
    assert board.camera("hall").uploaded == 3


def test_what_passes_is_tried_again_in_the_order_of_capture(
    scripted_s3: ScriptedS3, scripted_client: "S3Client", spool: Spool, board: StatusBoard
) -> None:
    scripted_s3.script = [(503, "SlowDown"), None, (500, "InternalError"), (200, ""), (429, "TooMany")]
    loop = uploader(scripted_client, "vigie-data", spool, board)
    loop.finish()
    loop.run()
    paths = [f"/vigie-data/{key(seconds)}" for seconds in (0, 1, 2)]
    assert scripted_s3.tried == [paths[0]] * 4 + [paths[1]] * 2 + [paths[2]]
    assert scripted_s3.stored == paths
    assert spool.oldest(1) == []


def test_a_refusal_is_said_once_and_nothing_is_deleted_meanwhile(
    scripted_s3: ScriptedS3,
    scripted_client: "S3Client",
    spool: Spool,
    board: StatusBoard,
    caplog: pytest.LogCaptureFixture,
) -> None:
    scripted_s3.script = [(403, "AccessDenied")] * 10_000
    loop = uploader(scripted_client, "vigie-data", spool, board)
    with caplog.at_level(logging.INFO, logger="edge_agent"):
        thread = threading.Thread(target=loop.run)
        thread.start()
        while len(scripted_s3.tried) < 5:
            time.sleep(0.01)
        assert spool.waiting("hall") == 3
        sentence = str(board.troubles.upload_error)
        assert sentence.startswith("camera hall: an upload to the bucket 'vigie-data' failed: ")
        assert "(AccessDenied)" in sentence
        assert sentence.endswith("; s3:PutObject on frames/* is needed")
        scripted_s3.script = []
        loop.finish()
        thread.join(10)
    assert not thread.is_alive()
    assert [record.message for record in caplog.records] == ["uploads are held up", "uploads work again"]
    assert board.troubles.upload_error is None
    assert spool.waiting("hall") == 0


def test_a_fault_of_ours_reaches_the_board_and_the_frames_arrive(
    s3: "S3Client", bucket: str, spool: Spool, board: StatusBoard, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = FrameBucket.put

    def faulty(self: FrameBucket, frame: Frame) -> None:
        monkeypatch.setattr(FrameBucket, "put", honest)
        raise KeyError(str(frame.key))

    monkeypatch.setattr(FrameBucket, "put", faulty)
    loop = uploader(s3, bucket, spool, board)
    loop.finish()
    loop.run()
    assert board.troubles.agent_error == f"uploads: KeyError: '{key(0)}'"
    assert board.camera("hall").uploaded == 3


@pytest.mark.parametrize("stopping", [False, True])
def test_a_camera_that_s3_refuses_keeps_no_other_waiting(
    scripted_s3: ScriptedS3, scripted_client: "S3Client", spool: Spool, stopping: bool
) -> None:
    scripted_s3.refused = "/frames/gate/"
    board = StatusBoard(["gate", "hall"], redact=str)
    for seconds in range(-3, 0):
        spool.add(key(seconds, "gate"), b"jpeg", interval_s=0.5, sampled_at=TEN)
    loop = Uploader(spool=spool, bucket=FrameBucket(scripted_client, "vigie-data"), board=board, slow_s=60)
    thread = threading.Thread(target=loop.run)
    if stopping:
        loop.hurry()
    thread.start()
    deadline = time.monotonic() + 10
    while spool.waiting("hall"):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if stopping:
        thread.join(5)
    else:
        time.sleep(0.1)  # several looks more, and none at what is refused
    assert scripted_s3.tried == [f"/vigie-data/{key(-3, 'gate')}", *scripted_s3.stored]
    assert [spool.waiting(camera) for camera in ("gate", "hall")] == [3, 0]
    assert str(board.troubles.upload_error).startswith("camera gate: an upload to the bucket")
    assert thread.is_alive() is not stopping
    loop.leave()
    thread.join(5)


def test_held_up_cameras_are_named_until_each_is_mended_or_has_nothing_left(board: StatusBoard) -> None:
    now = [0.0]
    hold_ups = HoldUps(board.upload_trouble, what="uploads", slow_s=30, steady=lambda: now[0])

    def shown() -> str | None:
        return board.troubles.upload_error

    hold_ups.refused("yard", "no", key="y")
    hold_ups.refused("hall", "no", key="h")
    assert hold_ups.left_alone() == frozenset({"hall", "yard"})
    assert shown() == "cameras hall, yard: no"
    hold_ups.trouble("no network", key="x")
    assert shown() == "no network; cameras hall, yard: no"
    now[0] = 30.0
    assert hold_ups.left_alone() == frozenset()
    hold_ups.well("hall")
    assert shown() == "camera yard: no"
    hold_ups.forget_idle({"yard": 1}.__getitem__)
    assert shown() == "camera yard: no"
    hold_ups.forget_idle({"yard": 0}.__getitem__)
    assert shown() is None


def test_a_stop_leaves_on_disk_what_s3_does_not_take(
    scripted_s3: ScriptedS3, scripted_client: "S3Client", spool: Spool, board: StatusBoard
) -> None:
    scripted_s3.script = [(200, ""), *[(503, "SlowDown")] * 10_000]
    loop = uploader(scripted_client, "vigie-data", spool, board)
    loop.hurry()
    loop.run()
    assert [frame.key for frame in spool.oldest(10)] == [key(1), key(2)]


TRANSLATIONS = [
    ((503, "SlowDown"), Throttled),
    ((502, ""), Unavailable),
    ((409, "ConditionalRequestConflict"), Unavailable),
    ((400, "RequestTimeout"), Unavailable),
    (None, Unavailable),
    ((403, "AccessDenied"), AccessDenied),
    ((400, "ExpiredToken"), AccessDenied),
    ((404, "NoSuchBucket"), NotFound),
    ((400, "EntityTooLarge"), CloudError),
    ((400, "AuthorizationHeaderMalformed"), CloudError),
    ((403, "RequestTimeTooSkewed"), Unavailable),
]


@pytest.mark.parametrize(("answer", "kind"), TRANSLATIONS)
def test_s3_errors_in_our_words(
    scripted_s3: ScriptedS3,
    scripted_client: "S3Client",
    answer: tuple[int, str] | None,
    kind: type[CloudError],
) -> None:
    scripted_s3.script = [answer]
    with pytest.raises(CloudError) as caught:
        FrameBucket(scripted_client, "vigie-data").put(Frame(key(0), b"jpeg", 1.0, TEN))
    assert type(caught.value) is kind


def test_another_region_is_a_sentence(scripted_s3: ScriptedS3, scripted_client: "S3Client") -> None:
    scripted_s3.script = [(400, "AuthorizationHeaderMalformed")]
    with pytest.raises(CloudError, match=r"is in another region, not in eu-central-1; set AWS_REGION"):
        FrameBucket(scripted_client, "vigie-data").put(Frame(key(0), b"jpeg", 1.0, TEN))


def test_several_connections_take_each_frame_once_and_keep_to_the_rate(
    scripted_s3: ScriptedS3, scripted_client: "S3Client", spool: Spool, board: StatusBoard
) -> None:
    for seconds in range(3, 40):
        spool.add(key(seconds), b"j" * 500, interval_s=0.5, sampled_at=TEN)
    loop = Uploader(
        spool=spool,
        bucket=FrameBucket(scripted_client, "vigie-data"),
        board=board,
        settings=UploadSettings(connections=4, max_bytes_per_s=10_000),
    )
    loop.finish()
    begun = time.monotonic()
    loop.run()
    # 18,500 bytes, of which the bucket lends those of the first second.
    assert time.monotonic() - begun > 0.7
    assert sorted(scripted_s3.tried) == sorted(f"/vigie-data/{key(seconds)}" for seconds in range(40))
    assert board.camera("hall").uploaded == 40


def test_no_server_and_no_credentials(monkeypatch: pytest.MonkeyPatch, scripted_s3: ScriptedS3) -> None:
    def put() -> type[CloudError]:
        client = boto3.session.Session().client("s3", config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(CloudError) as caught, closing(client):
            FrameBucket(client, "vigie-data").put(Frame(key(0), b"jpeg"))
        return type(caught.value)

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert put() is Unavailable
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert put() is AccessDenied
