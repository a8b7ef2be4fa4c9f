"""The operator's commands, run, check and snapshot, return their exit status; the owner's return words."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.compression import within_share
from edge_agent.ffmpeg import find_ffmpeg, sampling
from edge_agent.folders import first_picture
from edge_agent.identity import KEY
from edge_agent.machine import agent_name
from edge_agent.probe import advice, check_source, probe
from edge_agent.process import FfmpegProcess
from edge_agent.redaction import Redactor
from edge_agent.service import Service
from edge_agent.settings import CameraSettings, Pace, Settings, read_settings
from edge_agent.sources import SourceKind
from vigie.domain.lamps import LAMP_THINGS
from vigie.domain.sites import Site
from vigie.errors import ConfigError, SourceError
from vigie.signals import stop_on_signals
from vigie.steps.ports import Detector

if TYPE_CHECKING:
    from edge_agent.enrolment import Registry

_SNAPSHOT_S = 30.0
_AT_ONCE = 8


def run(
    config: Path,
    *,
    pace: Pace | None,
    spool: Path | None,
    status: Path | None,
    local: bool = False,
    model: Path | None = None,
) -> int:
    """Watch the cameras until they end or a signal comes; 1 when a camera failed.

    With `local` the detector runs here, on the named model or the one that is found.
    """
    from edge_agent.agent import Clients, run_agent
    from edge_agent.logs import write_logs
    from edge_agent.sessions import open_session, s3_client, shadows_client
    from vigie.aws.clients import configured

    settings = read_settings(config, os.environ)
    if pace is not None:
        settings = settings.with_pace(pace)
    if spool is not None:
        settings = replace(settings, spool=spool.absolute())
    write_logs(Redactor(settings.secrets))
    stop = stop_on_signals()
    with configured():
        session, thing = open_session(settings.identity)
        clients = Clients(
            s3_client(session), s3_client(session), shadows_client(session) if settings.lamps else None
        )
    with closing(clients.frames), closing(clients.rest):
        well = run_agent(
            settings,
            clients=clients,
            executable=find_ffmpeg(os.environ),
            agent_id=settings.agent_id or thing or agent_name(),
            status_path=status or settings.spool.parent / "status.json",
            service=Service(os.environ),
            stop=stop,
            detector=_detector(model) if local else None,
        )
    return 0 if well else 1


def _detector(model: Path | None) -> Callable[[Site], Detector]:
    try:
        from vigie.vision.detector import YoloDetector
        from vigie.vision.models import find_model
    except ImportError as error:
        raise ConfigError(f"--detect local needs the packages of vigie[vision]: {error}") from error
    found = model or find_model(environ=os.environ, checkout=Path(__file__).resolve().parent.parent)

    def for_site(site: Site) -> Detector:
        # As detect_frame builds its own, so that both see the same.
        limits = site.visits
        return YoloDetector(
            model=found,
            labels=site.labels,
            confidence=limits.keep_confidence,
            threads=os.cpu_count() or 1,
        )

    return for_site


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
            f"to be sampled at {camera.fps:g} fps{advice(camera, facts)}"
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(pool.map(sentence, settings.cameras))
    for well, text in answers:
        (sys.stdout if well else sys.stderr).write(text + "\n")
    return 0 if all(well for well, _ in answers) else 1


def snapshot(config: Path, *, camera_id: str, output: Path | None) -> int:
    """Take one picture as the camera would upload it; of a folder its first one."""
    settings = read_settings(config, os.environ)
    camera = _camera(settings, camera_id, config)
    path = output or Path(f"{camera_id}.jpg")
    redact = Redactor(settings.secrets)
    try:
        jpeg = _one_picture(camera, private=settings.is_private(camera), redact=redact)
    except SourceError as error:
        raise SourceError(f"{camera_id}: {redact(str(error))}") from None
    try:
        path.write_bytes(jpeg)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"{path}\n")
    return 0


def _one_picture(camera: CameraSettings, *, private: bool, redact: Redactor) -> bytes:
    check_source(camera)
    if camera.kind is SourceKind.FOLDER:

        def left_out(path: Path, why: str) -> None:
            sys.stderr.write(redact(f"{path} is left out: {why}\n"))

        camera = first_picture(camera, left_out=left_out)
    executable = find_ffmpeg(os.environ)
    with FfmpegProcess(sampling(camera, executable, private=private), redact=redact) as ffmpeg:
        try:
            jpeg = next(ffmpeg.pictures(stopping=lambda: False, patience_s=_SNAPSHOT_S), None)
        except SourceError:
            # What the source lacks says more than ffmpeg's words, which are about its options.
            probe(camera, executable, private=private, redact=redact)
            raise
    if jpeg is None:
        raise SourceError("the source ended without a picture")
    return within_share(jpeg, max_kib=camera.max_frame_kib)


def _camera(settings: Settings, camera_id: str, config: Path) -> CameraSettings:
    for camera in settings.cameras:
        if camera.camera_id == camera_id:
            return camera
    known = ", ".join(camera.camera_id for camera in settings.cameras)
    raise ConfigError(f"{config} has no camera {camera_id!r}; it has {known}")


def enrol(
    thing: str,
    *,
    cameras: Sequence[str],
    bucket: str,
    role_alias: str | None,
    key_arn: str | None,
    folder: Path,
    lamps: Sequence[str] = (),
    lamp_prefix: str | None = None,
) -> str:
    """Carry out the command; return what to tell the owner.

    Raises:
        ConfigError: a name breaks its pattern, or the folder is not free.
        CloudError: AWS refused a call.

    """
    from edge_agent.enrolment_form import Enrolment

    try:
        enrolment = Enrolment(
            thing=thing,
            cameras=tuple(cameras),
            bucket=bucket,
            role_alias=role_alias,
            key_arn=key_arn,
            lamps=tuple(lamps),
            lamp_prefix=lamp_prefix or LAMP_THINGS,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error
    identity = _registry().enrol(enrolment, folder)
    return (
        f"{folder} is the identity of {thing!r}, with the role alias {identity.role_alias!r}.\n"
        f"Bring it to the agent as /etc/vigie/identity, and delete it here: whoever has {KEY} is {thing!r}.\n"
    )


def revoke(thing: str) -> str:
    """Carry out the command; return what to tell the owner."""
    try:
        count = _registry().revoke(thing)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return f"{thing!r} and its {count} certificates are revoked and removed.\n"


def _registry() -> "Registry":
    import boto3

    from edge_agent.enrolment import Registry
    from vigie.aws.clients import configured

    with configured():
        session = boto3.Session()
    return Registry(session)
