"""One run of the agent as others see it: the cloud by its heartbeat, systemd by its word."""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge_agent.agent import Clients, run_agent
from edge_agent.service import Service
from edge_agent.settings import read_settings
from edge_agent.status import read_status
from edge_agent.supervisor import CameraSupervisor
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.documents import read_json
from vigie.domain.heartbeats import Heartbeat
from vigie.domain.reports import Timings
from vigie.domain.sites import Site
from vigie.errors import ConfigError, ModelError
from vigie.steps.ports import Detector, Sighting

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Listening(Service):
    """Keeps what systemd would hear."""

    def __init__(self) -> None:
        super().__init__({})
        self.heard: list[str] = []

    def _tell(self, *lines: str) -> None:
        self.heard.append(" ".join(lines))


class Runner:
    """Runs the agent here, on a cameras.toml of a test."""

    def __init__(self, s3: "S3Client", ffmpeg: str, folder: Path) -> None:
        self.service = Listening()
        self.stop = threading.Event()
        self._s3 = s3
        self._ffmpeg = ffmpeg
        self._folder = folder

    def run(self, text: str, *, detector: Callable[[Site], Detector] | None = None) -> bool:
        path = self._folder / "cameras.toml"
        path.write_text(text, encoding="utf-8")
        return run_agent(
            read_settings(path, {}).with_pace("fast"),
            clients=Clients(self._s3, self._s3),
            executable=self._ffmpeg,
            agent_id="garden",
            status_path=self._folder / "status.json",
            service=self.service,
            stop=self.stop,
            detector=detector,
        )


@pytest.fixture
def runner(s3: "S3Client", ffmpeg: str, tmp_path: Path) -> Runner:
    return Runner(s3, ffmpeg, tmp_path)


def camera(camera_id: str, source: Path, fps: float = 2) -> str:
    return f'[[camera]]\ncamera_id = "{camera_id}"\nsource = "{source}"\nfps = {fps}\n'


def test_what_the_site_says_counts_from_the_first_picture_on_and_the_cloud_is_told(
    runner: Runner, s3: "S3Client", bucket: str, test_clip: Path, tmp_path: Path
) -> None:
    site = {"cameras": [{"camera_id": "hall", "fps": 4}, {"camera_id": "elsewhere", "fps": 1}]}
    etag = s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=json.dumps(site).encode())["ETag"]
    assert runner.run(f'bucket = "{bucket}"\n' + camera("hall", test_clip) + camera("shop", test_clip))
    stored = s3.get_object(Bucket=bucket, Key="heartbeats/garden.json")["Body"].read()
    life = read_json(Heartbeat, stored, source="it")
    assert {c.camera_id: (c.state, c.sampled, c.uploaded) for c in life.cameras} == {
        "hall": ("ended", 12, 12),
        "shop": ("ended", 6, 6),
    }
    assert (life.agent_id, life.site_etag, life.site_error, life.spool_bytes) == ("garden", etag, None, 0)
    heard = runner.service.heard
    assert (heard[0], heard[-1]) == ("READY=1", "STOPPING=1")
    assert any(word.startswith("WATCHDOG=1 STATUS=") for word in heard)

    assert json.loads((tmp_path / "followed-site.json").read_text())["etag"] == etag


def test_a_name_that_is_not_the_identitys_is_refused_at_the_start(
    runner: Runner, test_clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "identity"
    folder.mkdir()
    facts = {"thing": "shed", "endpoint": "127.0.0.1:9", "role_alias": "vigie", "region": "eu-central-1"}
    for name, text in (("identity.json", json.dumps(facts)), ("device.pem", ""), ("device.key", "")):
        (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"agent_id is 'garden', and the identity .* is that of 'shed'"):
        runner.run(
            'bucket = "vigie-data"\nagent_id = "garden"\nidentity = "identity"\n' + camera("hall", test_clip)
        )
    assert not (tmp_path / "spool").exists()


class Nobody:
    """A detector that knows no unicorns, and sees nobody."""

    name = "yolov8/nobody@00000000"

    def __init__(self, site: Site) -> None:
        if "unicorn" in site.labels:
            raise ModelError("the model knows no label 'unicorn'")

    def detect(self, jpeg: bytes) -> Sighting:
        return Sighting(320, 240, (), Timings(1, 1, 1, 1))


@pytest.mark.parametrize("good_first", [False, True])
def test_a_site_that_the_detector_cannot_serve_is_refused_and_does_not_end_local_mode(
    runner: Runner, s3: "S3Client", bucket: str, test_clip: Path, good_first: bool
) -> None:
    text = f'bucket = "{bucket}"\n' + camera("hall", test_clip)
    good: dict[str, object] = {"cameras": [{"camera_id": "hall", "fps": 4}]}
    etag = None
    if good_first:
        etag = s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=json.dumps(good).encode())["ETag"]
        assert runner.run(text, detector=Nobody)
        runner.stop.clear()
    bad = good | {"labels": ["unicorn"], "rules": []}
    s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=json.dumps(bad).encode())
    assert runner.run(text, detector=Nobody)
    stored = s3.get_object(Bucket=bucket, Key="heartbeats/garden.json")["Body"].read()
    life = read_json(Heartbeat, stored, source="it")
    assert (life.site_etag, life.site_error) == (etag, "the model knows no label 'unicorn'")
    assert life.cameras[0].sampled == (12 if good_first else 6)


def test_a_site_with_more_masks_than_ffmpeg_can_be_told_is_refused(
    runner: Runner, s3: "S3Client", bucket: str, test_clip: Path
) -> None:
    comb = [[n / 60, 0.1 if n % 2 else 0.9] for n in range(60)]
    bad = {"cameras": [{"camera_id": "hall", "fps": 4, "masks": [{"polygon": comb}]}]}
    s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=json.dumps(bad).encode())
    assert runner.run(f'bucket = "{bucket}"\n' + camera("hall", test_clip))
    stored = s3.get_object(Bucket=bucket, Key="heartbeats/garden.json")["Body"].read()
    life = read_json(Heartbeat, stored, source="it")
    assert str(life.site_error).startswith(
        f"{SITE_DOCUMENT}: camera 'hall': masks make more boxes than ffmpeg can be told"
    )
    assert (life.site_etag, life.cameras[0].sampled) == (None, 6)


def test_an_agent_that_does_not_follow_the_site_has_its_own_rates(
    runner: Runner, s3: "S3Client", bucket: str, test_clip: Path
) -> None:
    s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=b'{"cameras": [{"camera_id": "hall", "fps": 4}]}')
    assert runner.run(f'bucket = "{bucket}"\nfollow_site = false\n' + camera("hall", test_clip))
    stored = s3.get_object(Bucket=bucket, Key="heartbeats/garden.json")["Body"].read()
    (hall,) = read_json(Heartbeat, stored, source="it").cameras
    assert hall.uploaded == 6


def test_the_watchdog_hears_nothing_more_when_a_thread_is_lost(
    runner: Runner,
    bucket: str,
    test_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def run(self: CameraSupervisor) -> None:
        if self._camera.camera_id == "shop":
            runner.stop.wait(20)
            self._board.change("shop", "ended")

    monkeypatch.setattr(CameraSupervisor, "run", run)
    monkeypatch.setattr("edge_agent.status._FAULT_S", 1.0)
    text = f'bucket = "{bucket}"\n' + camera("hall", test_clip) + camera("shop", test_clip)
    with caplog.at_level(logging.CRITICAL, logger="edge_agent"):
        thread = threading.Thread(target=runner.run, args=(text,))
        thread.start()
        deadline = time.monotonic() + 15
        while not caplog.records:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(2.5)  # several looks more
        # Longer than a fault is shown for, and still there.
        while read_status(tmp_path / "status.json").agent_error != "threads: hall ended without a word":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        runner.stop.set()
        thread.join(15)
    assert [(record.message, vars(record)["lost"]) for record in caplog.records] == [
        ("threads are lost; the watchdog starts the agent anew", ["hall"])
    ]
    assert runner.service.heard == ["READY=1", "STOPPING=1"]


def test_a_status_file_that_cannot_be_written_any_more_ends_nothing(
    runner: Runner, bucket: str, test_clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def spoil() -> None:
        status = tmp_path / "status.json"
        while not status.exists():
            time.sleep(0.01)
        (tmp_path / "status.json.part").mkdir()

    spoiler = threading.Thread(target=spoil)
    spoiler.start()
    with caplog.at_level(logging.WARNING, logger="edge_agent"):
        assert runner.run(f'bucket = "{bucket}"\n' + camera("hall", test_clip))
    spoiler.join()
    assert "the status file cannot be written" in [record.message for record in caplog.records]
