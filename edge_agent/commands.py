"""The operator's commands: run, check, snapshot. Each returns its exit status."""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from edge_agent.ffmpeg import find_ffmpeg, sampling
from edge_agent.probe import check_file, probe
from edge_agent.process import FfmpegProcess
from edge_agent.redaction import Redactor
from edge_agent.settings import CameraSettings, Pace, Settings, read_settings
from vigie.errors import ConfigError, SourceError

_SNAPSHOT_S = 30.0
_AT_ONCE = 8


def run(config: Path, *, pace: Pace | None, spool: Path | None, status: Path | None) -> int:
    """Watch the cameras until they end or a signal comes; 1 when a camera failed."""
    import boto3
    from botocore.config import Config

    from edge_agent.agent import run_agent
    from edge_agent.logs import write_logs

    settings = read_settings(config, os.environ)
    if pace is not None:
        settings = settings.with_pace(pace)
    if spool is not None:
        settings = replace(settings, spool=spool.absolute())
    write_logs(Redactor(settings.secrets))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    # Retries are the uploader's: it waits with jitter, in the order of capture, and stops when told.
    patience = Config(
        retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=20
    )
    with closing(boto3.client("s3", config=patience)) as client:
        well = run_agent(
            settings,
            client=client,
            executable=find_ffmpeg(os.environ),
            status_path=status or settings.spool.parent / "status.json",
            stop=stop,
        )
    return 0 if well else 1


def check(config: Path) -> int:
    """Read the file and open every source, uploading nothing; 1 when one of them fails."""
    settings = read_settings(config, os.environ)
    executable = find_ffmpeg(os.environ)
    redact = Redactor(settings.secrets)

    def sentence(camera: CameraSettings) -> tuple[bool, str]:
        try:
            facts = probe(camera, executable, private=settings.is_private(camera), redact=redact)
        except SourceError as error:
            return False, f"{camera.camera_id}: {redact(str(error))}"
        rate = "at a rate that could not be measured" if facts.fps is None else f"at {facts.fps:.3g} fps"
        return True, (
            f"{camera.camera_id}: {facts.width}x{facts.height} {rate} ({facts.codec}), "
            f"to be sampled at {camera.fps:g} fps"
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(sentence, settings.cameras))
    for well, text in answers:
        (sys.stdout if well else sys.stderr).write(text + "\n")
    return 0 if all(well for well, _ in answers) else 1


def snapshot(config: Path, *, camera_id: str, output: Path | None) -> int:
    """Take one picture as the camera would upload it."""
    settings = read_settings(config, os.environ)
    camera = _camera(settings, camera_id, config)
    path = output or Path(f"{camera_id}.jpg")
    redact = Redactor(settings.secrets)
    check_file(camera)
    executable = find_ffmpeg(os.environ)
    command = sampling(camera, executable, private=settings.is_private(camera))
    with FfmpegProcess(command, redact=redact) as ffmpeg:
        try:
            jpeg = next(ffmpeg.pictures(stopping=lambda: False, patience_s=_SNAPSHOT_S), None)
        except SourceError as error:
            # What the source lacks says more than ffmpeg's words, which are about its options.
            probe(camera, executable, private=settings.is_private(camera), redact=redact)
            raise SourceError(f"{camera_id}: {redact(str(error))}") from error
    if jpeg is None:
        raise SourceError(f"{camera_id}: the source ended without a picture")
    try:
        path.write_bytes(jpeg)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"{path}\n")
    return 0


def _camera(settings: Settings, camera_id: str, config: Path) -> CameraSettings:
    for camera in settings.cameras:
        if camera.camera_id == camera_id:
            return camera
    known = ", ".join(camera.camera_id for camera in settings.cameras)
    raise ConfigError(f"{config} has no camera {camera_id!r}; it has {known}")
