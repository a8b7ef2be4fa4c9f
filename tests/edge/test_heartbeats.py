"""Life signs: the heartbeat object, the status file, what systemd and people are told."""

import io
import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge_agent.heartbeats import Heart, HeartbeatObject, LifeSigns
from edge_agent.logs import JsonFormatter, into_journal
from edge_agent.machine import agent_name, temperature_c
from edge_agent.monitor import complaints, lines
from edge_agent.spool import Spool
from edge_agent.status import StatusBoard, StatusFile, read_status
from tests.builders import NOON, at
from vigie.documents import read_json
from vigie.domain.frames import FrameKey
from vigie.domain.heartbeats import CameraLife, Heartbeat, LampLife, heartbeat_key
from vigie.errors import AccessDenied, CloudError, ConfigError, NotFound, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WELL = Heartbeat(
    agent_id="garden",
    at=NOON,
    version="1.2.3",
    cameras=(
        CameraLife(
            camera_id="hall", state="running", sampled=200, gated_out=190, uploaded=9, last_captured_at=at(-4)
        ),
    ),
    temperature_c=51.4,
)


def test_the_cloud_reads_what_the_agent_knows(
    s3: "S3Client", bucket: str, tmp_path: Path, jpeg: bytes
) -> None:
    board = StatusBoard(["hall", "yard"], redact=lambda text: text.replace("s3cr3t", "***"))
    spool = Spool(tmp_path / "spool")
    board.sampled("hall", NOON)
    board.sampled("hall", at(1), gated_out=True)
    board.change("yard", "waiting", "no way to me:s3cr3t@yard")
    board.upload_trouble("refused")
    board.follows('"e7a9"', error="bad")
    board.report_trouble("reports refused")
    board.site_denied("me:s3cr3t@bucket")
    board.fault("uploads", KeyError("s3cr3t"))
    board.dropped("shop", "nobody's")
    spool.add(FrameKey("hall", NOON), jpeg, interval_s=1.0, sampled_at=NOON)
    HeartbeatObject(s3, bucket).put(LifeSigns("garden", board, spool).now())
    size = spool.size()
    spool.close()
    stored = s3.get_object(Bucket=bucket, Key="heartbeats/garden.json")["Body"].read()
    life = read_json(Heartbeat, stored, source="it")
    assert life.cameras == (
        CameraLife(
            camera_id="hall",
            state="running",
            sampled=2,
            gated_out=1,
            spooled=1,
            started_at=NOON,
            last_captured_at=at(1),
        ),
        CameraLife(camera_id="yard", state="waiting", error="no way to me:***@yard"),
    )
    assert life.spool_bytes == size == len(jpeg)
    assert (life.upload_error, life.site_etag, life.site_error) == ("refused", '"e7a9"', "bad")
    assert (life.report_error, life.site_denied) == ("reports refused", "me:***@bucket")
    assert life.agent_error == "uploads: KeyError: '***'"
    assert life.version != "unknown"


def test_a_fault_of_ours_is_shown_for_ten_minutes_after_its_last_time() -> None:
    now = [0.0]
    board = StatusBoard([], redact=str, steady=lambda: now[0])
    board.fault("uploads", KeyError("hall"))
    board.fault("threads", "hall ended without a word")
    now[0] = 300.0
    board.fault("uploads", KeyError("yard"))
    assert board.troubles.agent_error == "uploads: KeyError: 'yard'; threads: hall ended without a word"
    now[0] = 700.0
    assert board.troubles.agent_error == "uploads: KeyError: 'yard'"
    now[0] = 900.0
    assert board.troubles.agent_error is None


def test_without_permission_the_sentence_names_what_is_needed(
    s3: "S3Client", bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        HeartbeatObject(s3, "vigie-elsewhere").put(WELL)
    monkeypatch.setattr(s3, "put_object", _denied)
    with pytest.raises(AccessDenied, match=r"s3:PutObject on heartbeats/garden\.json is needed"):
        HeartbeatObject(s3, bucket).put(WELL)


def _denied(**_: object) -> None:
    from botocore.exceptions import ClientError

    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


def test_a_heart_goes_on_through_failures_and_beats_once_more_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers: list[CloudError | RuntimeError | None] = [
        Unavailable("no network"),
        Unavailable("no network"),
        RuntimeError("ours"),
        None,
        None,
    ]
    sent: list[Heartbeat] = []
    enough = threading.Event()

    def put(heartbeat: Heartbeat) -> None:
        answer = answers.pop(0) if answers else None
        if answer is not None:
            raise answer
        sent.append(heartbeat)
        if len(sent) == 2:
            enough.set()

    shown: list[str | None] = []
    heart = Heart(
        lambda: replace(WELL, heartbeat_error="old"), put, show=shown.append, every_s=0.01, first_s=0.0
    )
    thread = threading.Thread(target=heart.run)
    with caplog.at_level(logging.INFO, logger="edge_agent"):
        thread.start()
        assert enough.wait(5)
        before = len(sent)
        heart.stop()
        thread.join(5)
    assert len(sent) > before
    assert {life.heartbeat_error for life in sent} == {None}
    assert shown == ["no network", "no network", "a fault of the agent's own, which its log tells", None]
    said = [record.message for record in caplog.records]
    assert said == ["heartbeats do not arrive", "heartbeat failed", "heartbeats arrive again"]
    assert vars(caplog.records[-1])["lost"] == 3


def test_the_status_file_is_written_when_something_changed_or_ten_seconds_went_by(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    file = StatusFile(path)
    for seconds, life, expected in (
        (0, WELL, 0),
        (9, WELL, 0),
        (9.5, replace(WELL, upload_error="refused"), 9.5),
        (19.4, replace(WELL, upload_error="refused"), 9.5),
        (19.5, replace(WELL, upload_error="refused"), 19.5),
    ):
        file.write(replace(life, at=at(seconds)))
        assert read_status(path).at == at(expected)
    assert read_status(path) == replace(WELL, at=at(19.5), upload_error="refused")
    with pytest.raises(NotFound, match="the agent has not run"):
        read_status(tmp_path / "other.json")
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no JSON"):
        read_status(path)


CAMERA = WELL.cameras[0]


def lost(newest: datetime, *, why: str) -> CameraLife:
    return replace(CAMERA, dropped=7, dropped_at=newest, dropped_why=why)


@pytest.mark.parametrize(
    ("life", "words"),
    [
        (WELL, None),
        (replace(WELL, at=at(-31)), "the agent has said nothing since 2026-01-31T11:59:29.000Z"),
        (replace(WELL, at=at(-31), cameras=(replace(CAMERA, state="ended"),)), None),
        (
            replace(WELL, cameras=(replace(CAMERA, state="failing", error="401"),)),
            "camera hall is failing: 401",
        ),
        (
            replace(WELL, cameras=(lost(at(-3_599), why="the disk was full"),)),
            "camera hall has lost 7 frames",
        ),
        (replace(WELL, cameras=(lost(at(-3_599), why="it was torn"),)), "11:00:01.000Z: it was torn"),
        (replace(WELL, cameras=(lost(at(-3_601), why="it was too old"),)), None),
        (replace(WELL, upload_error="no network"), "uploads: no network"),
        (replace(WELL, report_error="denied"), "reports: denied"),
        (replace(WELL, heartbeat_error="denied"), "heartbeats: denied"),
        (replace(WELL, site_error="no JSON"), "the site document is refused: no JSON"),
        (replace(WELL, site_denied="denied"), "the site document is not followed: denied"),
        (replace(WELL, clock_ahead_s=-1.9), None),
        (replace(WELL, clock_ahead_s=-2.5), "this machine's clock is 2.5 s behind S3's"),
        (replace(WELL, temperature_c=82.0), "82 °C hot"),
    ],
)
def test_what_is_not_well_is_a_sentence(life: Heartbeat, words: str | None) -> None:
    found = complaints(life, NOON)
    assert len(found) == (words is not None)
    assert not words or words in found[0]
    assert lines(life, NOON)[-1] == (found[0] if found else "all is well")


def test_the_status_command(tmp_path: Path) -> None:
    def status(life: Heartbeat | None) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "status.json"
        if life is not None:
            StatusFile(path).write(life)
        command = [sys.executable, "-m", "edge_agent", "status", "--status", str(path)]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    missing = status(None)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert "is not there: the agent has not run" in missing.stderr
    now = datetime.now(UTC)
    camera = replace(CAMERA, last_captured_at=now - timedelta(minutes=3))
    done = status(replace(WELL, at=now, cameras=(camera,)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "garden, Vigie 1.2.3, spool 0.0 MB, 51 °C",
        "hall: running, 200 sampled, 95% gated out, 9 uploaded, 0 waiting, 0 lost, newest picture 3 min ago",
        "all is well",
    ]
    assert status(replace(WELL, at=now, upload_error="refused")).returncode == 1
    lamp = LampLife(group_id="yard", wanted=100, reason="person before hall", level=100, switches=3)
    lit = status(replace(WELL, at=now, cameras=(), lamps=(lamp,)))
    assert lit.stdout.splitlines()[1:] == [
        "lamps of yard: 100 %, person before hall, 3 switches",
        "all is well",
    ]
    dead = status(replace(WELL, at=now, lamps=(replace(lamp, error="it is out of reach"),)))
    assert (dead.returncode, dead.stdout.splitlines()[-1]) == (1, "lamps of yard: it is out of reach")


def test_lines_for_the_journal_carry_their_priority(tmp_path: Path) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter(str, priorities=True))
    logger = logging.getLogger("vigie-test")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        logger.log(level, "said")
    said = stream.getvalue().splitlines()
    assert [line[:3] for line in said] == ["<7>", "<6>", "<4>", "<3>", "<3>"]
    assert json.loads(said[2][3:])["level"] == "WARNING"
    with (tmp_path / "journal").open("w") as file:
        facts = os.fstat(file.fileno())
        named = {"JOURNAL_STREAM": f"{facts.st_dev}:{facts.st_ino}"}
        assert into_journal(named, file.fileno())
        assert not into_journal({}, file.fileno())
        assert not into_journal({"JOURNAL_STREAM": "8:1"}, file.fileno())


def test_the_machine(tmp_path: Path) -> None:
    for number, text in enumerate(("41200\n", "53700\n", "asleep")):
        (tmp_path / f"thermal_zone{number}").mkdir()
        (tmp_path / f"thermal_zone{number}" / "temp").write_text(text)
    assert temperature_c(tmp_path) == 53.7
    assert temperature_c(tmp_path / "none") is None
    for host, name in (
        ("Pi_4.garden.lan", "pi-4"),
        ("-", "edge"),
        ("x" * 40, "x" * 32),
        ("a" * 31 + "-b", "a" * 31),
    ):
        assert agent_name(host) == name
        assert heartbeat_key(name) == f"heartbeats/{name}.json"
