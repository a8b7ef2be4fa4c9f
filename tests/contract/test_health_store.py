"""What every store of vigils and proofs does, and every source of the facts that the watch needs."""

import json
from dataclasses import replace

import boto3
import pytest

from tests.builders import NOON, at
from tests.contract.conftest import BUCKET, TABLE
from tests.fakes import FakeFrameStore
from tests.health_fakes import FakeDeadLetters, FakeHealthStore, FakeHeartbeats
from vigie.aws import clients
from vigie.aws.dead_letters import SqsDeadLetters
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.heartbeat_store import S3HeartbeatSource
from vigie.documents import to_json
from vigie.domain.cameras import CANARY
from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof, Stage, Trouble, begin_vigil
from vigie.domain.heartbeats import CameraLife, Heartbeat, heartbeat_key
from vigie.errors import Conflict

Health = FakeHealthStore | DynamoHealthStore


@pytest.fixture
def health(twin: str) -> Health:
    return FakeHealthStore() if twin == "fake" else DynamoHealthStore(clients.dynamodb(), TABLE)


@pytest.fixture
def frames(twin: str) -> FakeFrameStore | S3FrameStore:
    return FakeFrameStore() if twin == "fake" else S3FrameStore(clients.s3(), BUCKET)


def test_a_vigil_is_replaced_only_as_it_was_read(health: Health) -> None:
    first = begin_vigil("camera/hall", NOON)
    health.put_vigil(first, replaces=None)
    with pytest.raises(Conflict):
        health.put_vigil(first, replaces=None)
    dark = replace(first, stage=Stage.TELLING, at=at(60.125), trouble=Trouble(at(-300), "why"))
    health.put_vigil(dark, replaces=first)
    with pytest.raises(Conflict):
        health.put_vigil(dark, replaces=first)
    # A claim that is taken over differs from the one before by its time alone.
    health.put_vigil(replace(dark, at=at(120)), replaces=dark)
    with pytest.raises(Conflict):
        health.put_vigil(replace(dark, at=at(121)), replaces=dark)
    mending = replace(dark, stage=Stage.MENDING, ended_at=at(180))
    health.put_vigil(mending, replaces=replace(dark, at=at(120)))
    health.put_vigil(begin_vigil("letters/frames", NOON), replaces=None)
    health.add_proof(Proof(FrameKey(CANARY, NOON), at(1), 1.0))
    assert health.vigils() == {"camera/hall": mending, "letters/frames": begin_vigil("letters/frames", NOON)}


def test_the_newest_canary_is_remembered_as_it_first_came_out(health: Health) -> None:
    assert health.last_proof() is None
    assert health.last_told() is None
    early, late = FrameKey(CANARY, NOON), FrameKey(CANARY, at(3600))
    health.mark_told(late)
    health.mark_told(early)
    assert health.last_told() == late
    for proof in (
        Proof(early, at(2.5), 2.5),
        Proof(late, at(3601.25), 1.25),
        Proof(late, at(9999), 6399.0),
        Proof(early, at(9999), 9999.0),
    ):
        health.add_proof(proof)
    assert health.last_proof() == Proof(late, at(3601.25), 1.25)


def test_heartbeats_are_read_with_the_time_at_which_they_arrived(
    twin: str, caplog: pytest.LogCaptureFixture
) -> None:
    camera = CameraLife(camera_id="hall", state="failing", last_captured_at=at(-5), error="no route to host")
    heartbeat = Heartbeat(agent_id="attic", at=NOON, version="1.0", cameras=(camera,), clock_ahead_s=2.5)
    if twin == "fake":
        (seen,) = FakeHeartbeats({"attic": HeartbeatSeen(heartbeat, NOON)}).heartbeats()
    else:
        source = S3HeartbeatSource(clients.s3(), BUCKET)
        assert source.heartbeats() == ()
        newer = {**json.loads(to_json(Heartbeat, heartbeat)), "of_a_later_version": 1}
        odd = [
            json.dumps(newer | {"at": at}).encode() for at in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:30Z")
        ]
        for name, body in zip(
            ("attic", "broken", "first", "last"), (json.dumps(newer).encode(), b"{", *odd), strict=True
        ):
            clients.s3().put_object(Bucket=BUCKET, Key=heartbeat_key(name), Body=body)
        (seen,) = source.heartbeats()
        assert "heartbeats/broken.json is no JSON" in caplog.text
        assert "heartbeats/last.json is of 9999-12-31" in caplog.text
    assert seen.heartbeat == heartbeat
    assert seen.arrived_at.tzinfo is not None


def test_dead_letters_are_counted_by_queue(twin: str) -> None:
    names = ("frames-dead", "alerts-dead")
    if twin == "fake":
        letters: FakeDeadLetters | SqsDeadLetters = FakeDeadLetters(dict(zip(names, (2, 0), strict=True)))
    else:
        sqs = boto3.client("sqs")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in names]
        for _ in range(2):
            sqs.send_message(QueueUrl=urls[0], MessageBody="a frame")
        sqs.receive_message(QueueUrl=urls[0])  # somebody looks at one
        letters = SqsDeadLetters(clients.sqs(), urls)
    assert letters.counts() == {"frames-dead": 2, "alerts-dead": 0}


def test_a_frame_is_posted_once_and_its_arrival_is_known(frames: FakeFrameStore | S3FrameStore) -> None:
    for camera, second in (("hall", 0), ("hall", 60), ("yard", 90)):
        frames.post(Frame(FrameKey(camera, at(second)), b"jpeg", interval_s=1.0, sampled_at=at(second)))
    with pytest.raises(Conflict):
        frames.post(Frame(FrameKey("hall", NOON), b"other"))
    loaded = frames.load(FrameKey("hall", NOON))
    assert (loaded.jpeg, loaded.interval_s, loaded.sampled_at) == (b"jpeg", 1.0, NOON)
    (arrived,) = frames.arrivals_after(FrameKey("hall", NOON), most=3)
    assert arrived.tzinfo is not None
    assert len(frames.arrivals_after(FrameKey("hall", at(-1)), most=1)) == 1
    assert frames.arrivals_after(FrameKey("hall", at(60)), most=3) == ()


def test_the_canary_is_no_camera(frames: FakeFrameStore | S3FrameStore) -> None:
    for camera in (CANARY, "hall"):
        frames.post(Frame(FrameKey(camera, NOON), b"jpeg"))
    assert frames.camera_ids() == ("hall",)
