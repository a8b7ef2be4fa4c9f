"""Real agents, real ffmpeg, and an S3 behind a network that fails in every way: each frame arrives, once."""

import json
import os
import random
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import boto3
import pytest
from botocore.config import Config

from edge_agent.backoff import Backoff
from edge_agent.frame_bucket import FrameBucket
from edge_agent.limits import UploadSettings
from edge_agent.settings import CameraSettings
from edge_agent.spool import Spool
from edge_agent.uploader import Uploader
from tests.edge.chaos_proxy import ChaosProxy, Fault
from tests.edge.ledger import Ledger, Witness, notified_bucket
from tests.edge.rig import Rig
from tests.edge.running import PATIENCE_S, Agent, wait_for
from tests.edge.servers import CameraServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

KILLS = 8
SEED = 20_260_131

CONFIG = """
bucket = "{bucket}"
clock = "{clock}"
[upload]
backlog_fps = 100
[[camera]]
camera_id = "hall"
source = "{url}/stream"
fps = 8
[[camera]]
camera_id = "yard"
source = "{url}/stream"
fps = 8
"""


@pytest.fixture
def sqs(aws: None) -> "Iterator[SQSClient]":
    client = boto3.client("sqs")
    yield client
    client.close()


@pytest.fixture
def ledger(s3: "S3Client", sqs: "SQSClient") -> Ledger:
    bucket = f"vigie-{uuid.uuid4().hex[:12]}"
    queue = notified_bucket(s3, sqs, bucket)
    return Ledger(s3, sqs, bucket=bucket, queue=queue)


@pytest.fixture
def proxy(moto_url: str) -> Iterator[ChaosProxy]:
    with ChaosProxy(moto_url) as running:
        yield running


def by_chance(chance: random.Random, share: float) -> Callable[[], Fault | None]:
    """A fault in so many of the requests, of any kind."""
    faults: tuple[Fault, ...] = get_args(Fault)
    return lambda: chance.choice(faults) if chance.random() < share else None


def test_an_agent_that_is_killed_again_and_again(
    tmp_path: Path, ledger: Ledger, proxy: ChaosProxy, camera_server: CameraServer
) -> None:
    kill_and_kill_again(tmp_path, ledger, proxy, camera_server, kills=KILLS)


def kill_and_kill_again(
    folder: Path, ledger: Ledger, proxy: ChaosProxy, cameras: CameraServer, *, kills: int
) -> None:
    chance, moments = (
        random.Random(SEED),
        random.Random(SEED),
    )  # of faults, which other threads draw; of kills
    cameras.pictures = 10**9
    text = CONFIG.format(bucket=ledger.bucket, url=cameras.url, clock="correct")
    spool = folder / "spool"
    proxy.plan = by_chance(chance, 0.3)
    with Witness(spool) as witness:
        for _ in range(kills):
            enough = len(witness.seen) + moments.randint(5, 25)
            with Agent(folder, text, proxy.url) as agent:
                wait_for(lambda enough=enough: len(witness.seen) >= enough)  # type: ignore[misc]
                time.sleep(moments.uniform(0, 0.1))  # anywhere between two frames
                os.kill(agent.process.pid, signal.SIGKILL)
        proxy.plan = lambda: None
        with Agent(folder, text, proxy.url) as agent:
            left = set(witness.seen)
            # Seldom: to list a thousand frames takes moto the time in which it would take some.
            wait_for(lambda: left <= ledger.arrived(), every_s=1.0)
            agent.process.send_signal(signal.SIGTERM)
            assert agent.process.wait(20) == 0
    assert not list(spool.glob("*/*.jpg"))
    assert not (spool / ".torn").exists()
    assert len(witness.seen) > 10 * kills
    assert proxy.met["lost-answer"] + proxy.met["half-answer"] > 0
    ledger.check(witness.seen)


def test_s3_is_away_for_ten_minutes_a_hundred_times_as_fast(
    tmp_path: Path, ledger: Ledger, proxy: ChaosProxy, camera_server: CameraServer, ffmpeg: str
) -> None:
    """What is fresh comes first afterwards, the backlog follows at its rate, and all of it arrives."""
    camera_server.pictures = 10**9
    spool = Spool(tmp_path / "spool", fresh_s=1.0)
    rig = Rig(spool, ffmpeg)
    supervisor = rig.supervisor(CameraSettings("yard", f"{camera_server.url}/stream", fps=10))
    client = boto3.client(
        "s3",
        endpoint_url=proxy.url,
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=5),
    )
    loop = Uploader(
        spool=spool,
        bucket=FrameBucket(client, ledger.bucket),
        board=rig.board,
        settings=UploadSettings(connections=2, backlog_fps=10, fresh_s=1.0),
        backoff=Backoff(0.05, 0.5, random.Random(SEED).random),
    )
    threads = [threading.Thread(target=supervisor.run), threading.Thread(target=loop.run)]
    with Witness(tmp_path / "spool") as witness:
        for thread in threads:
            thread.start()
        wait_for(lambda: rig.status().uploaded > 5)
        with proxy.away():
            wait_for(lambda: rig.status().sampled - rig.status().uploaded > 60)
            held_up = rig.board.troubles.upload_error
            before = ledger.arrived()
            newest = max(witness.seen)
        assert held_up is not None
        wait_for(lambda: max(ledger.arrived()) > newest)
        # The newest are here, while most of what waited still waits.
        assert len(set(witness.seen) - ledger.arrived()) > 20
        wait_for(lambda: {key for key in witness.seen if key <= newest} <= ledger.arrived())
        rig.stop.set()
        threads[0].join()
        loop.finish()
        threads[1].join(PATIENCE_S)
    assert not threads[1].is_alive()
    status = rig.status()
    assert (status.uploaded, status.dropped, spool.left()) == (status.sampled, 0, 0)
    assert rig.board.troubles.upload_error is None
    assert proxy.most_connections <= 2
    assert len(before) < len(ledger.arrived()) == status.sampled
    ledger.check(witness.seen)
    spool.close()
    client.close()


def test_every_fault_alone_and_twice_ends_well(
    ledger: Ledger, proxy: ChaosProxy, tmp_path: Path, jpeg: bytes
) -> None:
    from datetime import UTC, datetime, timedelta

    from edge_agent.status import StatusBoard
    from vigie.domain.frames import FrameKey

    faults: list[Fault] = [fault for fault in get_args(Fault) for _ in range(2)]
    proxy.plan = lambda: faults.pop(0) if faults else None
    spool = Spool(tmp_path / "spool")
    begin = datetime(2026, 1, 31, tzinfo=UTC)
    for n in range(10):
        spool.add(FrameKey("hall", begin + timedelta(seconds=n)), jpeg, interval_s=1, sampled_at=begin)
    client = boto3.client(
        "s3", endpoint_url=proxy.url, config=Config(retries={"total_max_attempts": 1}, read_timeout=0.5)
    )
    with Witness(tmp_path / "spool") as witness:
        loop = Uploader(
            spool=spool,
            bucket=FrameBucket(client, ledger.bucket),
            board=StatusBoard(["hall"], redact=str),
            backoff=Backoff(0.01, 0.1, lambda: 1.0),
        )
        loop.finish()
        loop.run()
    assert proxy.met == dict.fromkeys(get_args(Fault), 2)
    assert len(ledger.arrived()) == 10
    ledger.check(witness.seen)
    spool.close()
    client.close()


@pytest.mark.parametrize(("mode", "ahead_s"), [("correct", 7200.0), ("refuse", 7200.0), ("trust", 60.0)])
def test_a_clock_that_s3_does_not_share(
    tmp_path: Path,
    ledger: Ledger,
    proxy: ChaosProxy,
    camera_server: CameraServer,
    mode: str,
    ahead_s: float,
) -> None:
    """S3's time is two hours ahead: signed by the local clock, nothing would be let in."""
    camera_server.pictures = 10**9
    proxy.ahead_s = ahead_s
    text = CONFIG.format(bucket=ledger.bucket, url=camera_server.url, clock=mode)
    status_path = tmp_path / "status.json"
    begun = proxy.time()
    with Agent(tmp_path, text, proxy.url):
        if mode == "refuse":
            wait_for(lambda: status_path.exists() and "is 7200 s behind" in status_path.read_text())
            time.sleep(1.0)
        else:
            wait_for(lambda: len(ledger.arrived()) > 5)
        wait_for(lambda: json.loads(status_path.read_text())["clock_ahead_s"] is not None)
        status = json.loads(status_path.read_text())
    assert status["clock_ahead_s"] == pytest.approx(-ahead_s, abs=1.5)
    keys = sorted(key.rpartition("/")[2] for key in ledger.arrived())
    match mode:
        case "correct":
            assert f"{begun:%Y%m%dT%H%M}" <= keys[0] <= f"{proxy.time():%Y%m%dT%H%M%S}9"
        case "refuse":
            assert keys == []
            assert [camera["sampled"] for camera in status["cameras"]] == [0, 0]
        case _:
            assert keys[-1] < f"{begun:%Y%m%dT%H%M%S}"
    log_lines = (tmp_path / "log").read_text().splitlines()
    assert len([line for line in log_lines if "the clock is wrong" in line]) == 1
