"""`cameras.toml`: which cameras this machine watches, and how.

::

    bucket = "${VIGIE_BUCKET}"
    spool = "spool"                        # optional; paths are relative to this file's folder
    agent_id = "garden"                    # optional: the name of this agent's heartbeats, else the host's
    identity = "identity"                  # optional: the folder that `enroll` made, else boto3's own ways
    follow_site = true                     # optional: take rates, gates and masks from the site document

    [[camera]]
    camera_id = "hall"
    source = "rtsp://${HALL_USER}:${HALL_PASSWORD}@192.0.2.7/live"
    fps = 2.0                              # pictures a second that are sampled; 1 when left out

    [[camera]]
    camera_id = "shop"
    source = "clips/shop.mp4"
    start_at = 2026-01-31T10:00:00Z        # files only: the capture time of the clip's first picture
    pace = "fast"                          # files only: "real" (its own pace) when left out

    [camera.gate]                          # sends only pictures in which something moves; see docs/edge.md
    ignore = [[[0, 0], [1, 0], [1, 0.2]]]  # corners as fractions of the picture

    [[camera.masks]]                       # never leaves this machine; mode = "blur" blurs instead
    polygon = [[0.6, 0.1], [0.9, 0.1], [0.9, 0.5]]

`[spool]`, `[upload]` and `clock` are in `edge_agent.limits`, `[[lamps]]` in `edge_agent.lamps.settings`.
`${NAME}` in `bucket`, `source` and header values comes from the environment, so that credentials need not
stand in the file. A value inside a URL must be percent-encoded there (`@` as `%40`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Strict

from edge_agent.clock import ClockMode
from edge_agent.entries import folder_alone, instant, private_text, private_texts, tables
from edge_agent.lamps.settings import LampSettings, LampTables, read_lamps
from edge_agent.limits import SpoolSettings, UploadSettings
from edge_agent.masks import check_masks
from edge_agent.redaction import credentials_in, redact_urls, tokens_in
from edge_agent.sources import SourceKind, check_source_text, kind_of
from edge_agent.variables import with_variables
from vigie.documents import read_object, read_toml
from vigie.domain.cameras import Camera, Gate, Mask, check_fps, check_name, check_own_camera
from vigie.errors import ConfigError

Pace = Literal["real", "fast"]
Decode = Literal["auto", "keyframes", "all"]
HardwareWish = Literal["auto", "off", "cuda", "vaapi", "v4l2m2m"]

_NO_OTHER_KEYS = ConfigDict(extra="forbid")
# The quality is mjpeg's own -q:v; 2 is the finest.
_RANGES = {"max_width": (32, 7680), "quality": (2, 31), "max_frame_kib": (8, 16_384)}
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_PUBLIC_HEADERS = frozenset({"user-agent", "referer"})


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """One camera at the edge. `source` and `headers` may hold credentials, so no repr shows them.

    `source` is a URL or an absolute path. `start_at` is None when capture times begin at the agent's start,
    `max_frame_kib` when a frame may have a fifteenth of its raw bytes.
    """

    camera_id: str
    source: Annotated[str, BeforeValidator(private_text)] = field(repr=False)
    fps: Annotated[float, Strict()] = 1.0
    max_width: Annotated[int, Strict()] = 1280
    quality: Annotated[int, Strict()] = 4
    max_frame_kib: Annotated[int | None, Strict()] = None
    start_at: Annotated[datetime | None, BeforeValidator(instant)] = None
    pace: Pace = "real"
    headers: Annotated[dict[str, str], BeforeValidator(private_texts)] = field(
        default_factory=dict, repr=False
    )
    gate: Gate | None = None
    masks: tuple[Mask, ...] = ()
    decode: Decode = "auto"
    hardware: HardwareWish = "auto"

    __pydantic_config__: ClassVar[ConfigDict] = _NO_OTHER_KEYS

    def __post_init__(self) -> None:
        check_own_camera(self.camera_id)
        check_fps(self.fps)
        check_masks(self.masks)
        for key, (least, most) in _RANGES.items():
            value = getattr(self, key)
            if value is not None and not least <= value <= most:
                raise ValueError(f"{key} must be {least} to {most}, not {value}")
        self._check_source()

    def _check_source(self) -> None:
        check_source_text(self.source)
        if self.kind.is_live and self.start_at is not None:
            raise ValueError("start_at is for files only; a live picture's time is when it arrives")
        if self.kind.is_live and self.pace != "real":
            raise ValueError('pace = "fast" is for files only')
        if not self.kind.is_live and self.decode != "auto":
            raise ValueError("decode is for streams only; a file is decoded whole, to be exact in time")
        if self.headers and not self.kind.takes_headers:
            raise ValueError("headers are for http:// and https:// sources only")
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not value.isprintable():
                raise ValueError(f"headers: {name!r} is no header that fits on one line")
        if len([name for name in self.headers if name.lower() not in _PUBLIC_HEADERS]) > 1:
            # ffmpeg takes further headers from its argument list alone, and so would `ps`.
            raise ValueError("headers may hold User-Agent, Referer and one other")

    def following(self, camera: Camera) -> "CameraSettings":
        """Return these settings as the site document changes them: its rate and gate win, its masks add.

        Raises:
            ValueError: that makes more masks than ffmpeg can be told.

        """
        return replace(
            self,
            fps=self.fps if camera.fps is None else camera.fps,
            gate=self.gate if camera.gate is None else camera.gate,
            masks=self.masks + tuple(mask for mask in camera.masks if mask not in self.masks),
        )

    @property
    def kind(self) -> SourceKind:
        """What the source is."""
        return kind_of(self.source)

    @property
    def interval_s(self) -> float:
        """Seconds from one sampled picture to the next."""
        return 1 / self.fps

    def secrets(self) -> frozenset[str]:
        """Return what the source and the headers hold that must not be seen."""
        if not self.kind.is_live:
            return frozenset()
        values = {value for name, value in self.headers.items() if name.lower() not in _PUBLIC_HEADERS}
        return frozenset(values) | {*credentials_in(self.source), *tokens_in(self.source)}


@dataclass(frozen=True, slots=True)
class Settings:
    """What `cameras.toml` says, with every variable replaced.

    `secrets` are the values that no text may show: those that came from the environment into a source, header
    or lamp, and those that the file itself holds. Without `agent_id` the thing of `identity` names the agent,
    else this machine.
    """

    bucket: str
    spool: Path
    cameras: tuple[CameraSettings, ...]
    secrets: frozenset[str] = field(repr=False)
    agent_id: str | None = None
    identity: Path | None = None
    follow_site: bool = True
    limits: SpoolSettings = field(default_factory=SpoolSettings)
    upload: UploadSettings = field(default_factory=UploadSettings)
    clock: ClockMode = "correct"
    lamps: tuple[LampSettings, ...] = ()

    def with_pace(self, pace: Pace) -> "Settings":
        """Return the same settings with every file played at that pace."""
        paced = (c if c.kind.is_live else replace(c, pace=pace) for c in self.cameras)
        return replace(self, cameras=tuple(paced))

    def is_private(self, camera: CameraSettings) -> bool:
        """Tell whether the camera's source and headers must not stand in the process list.

        Every URL is kept out of it: what in a path is a password, and what a name, nobody can tell.
        """
        return camera.kind.is_url


@dataclass(frozen=True, slots=True)
class _Document:
    bucket: str
    spool: Annotated[SpoolSettings, BeforeValidator(folder_alone)] = field(default_factory=SpoolSettings)
    upload: UploadSettings = field(default_factory=UploadSettings)
    clock: ClockMode = "correct"
    agent_id: str | None = None
    identity: str | None = None
    follow_site: Annotated[bool, Strict()] = True
    camera: Annotated[list[dict[str, Any]], BeforeValidator(tables)] = field(default_factory=list)
    lamps: LampTables = field(default_factory=list)

    __pydantic_config__: ClassVar[ConfigDict] = _NO_OTHER_KEYS

    def __post_init__(self) -> None:
        if self.agent_id is not None:
            check_name("agent_id", self.agent_id)
        if self.lamps and not self.follow_site:
            raise ValueError("lamps need follow_site: the site document says when they are lit")


def read_settings(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read `cameras.toml`.

    Raises:
        ConfigError: one sentence that names the file, the camera and the key; it shows no credentials.

    """
    try:
        return _read(path, environment)
    except ConfigError as error:
        raise ConfigError(redact_urls(str(error))) from None


def _read(path: Path, environment: Mapping[str, str]) -> Settings:
    document, folder = read_toml(_Document, path), path.parent
    bucket, _ = with_variables(document.bucket, environment, place=f"{path}: bucket")
    if not BUCKET_NAME.fullmatch(bucket):
        raise ConfigError(
            f"{path}: bucket {document.bucket!r} is no name of an S3 bucket: 3 to 63 of a-z, 0-9, '.', '-'"
        )
    if not document.camera:
        raise ConfigError(f"{path}: there is no camera; at least one [[camera]] table is needed")
    cameras: list[CameraSettings] = []
    secrets: set[str] = set()
    for number, table in enumerate(document.camera, start=1):
        camera_id = table.get("camera_id")
        place = (
            f"{path}: camera {camera_id!r}" if isinstance(camera_id, str) else f"{path}: camera no. {number}"
        )
        camera, used = _camera(table, environment, place=place, folder=folder)
        if camera.camera_id in {other.camera_id for other in cameras}:
            raise ConfigError(f"{place}: camera_id is taken by another camera above; each needs its own")
        cameras.append(camera)
        secrets |= used | camera.secrets()
    lamps, hidden = read_lamps(document.lamps, environment, path=path)
    return Settings(
        bucket,
        (folder / document.spool.folder).absolute(),
        tuple(cameras),
        frozenset(secrets | hidden),
        limits=document.spool,
        upload=document.upload,
        clock=document.clock,
        agent_id=document.agent_id,
        identity=None if document.identity is None else (folder / document.identity).absolute(),
        follow_site=document.follow_site,
        lamps=lamps,
    )


def _camera(
    table: Mapping[str, Any], environment: Mapping[str, str], *, place: str, folder: Path
) -> tuple[CameraSettings, set[str]]:
    """Build one camera, and the values that came from the environment, which are secrets in a path too."""
    filled, used = dict(table), set[str]()
    if isinstance(table.get("source"), str):
        filled["source"], used = with_variables(table["source"], environment, place=f"{place}: source")
    if isinstance(table.get("headers"), dict):
        filled["headers"] = dict(table["headers"])
        for name, text in table["headers"].items():
            if isinstance(text, str):
                value, more = with_variables(text, environment, place=f"{place}: headers.{name}")
                filled["headers"][name] = value
                used |= more
    camera = read_object(CameraSettings, filled, source=place)
    if camera.kind.is_live:
        return camera, used
    # But for those values a file's path is no secret, and a person must read it in a sentence to mend it.
    try:
        path = str((folder / Path(camera.source).expanduser()).absolute())
    except RuntimeError as error:
        raise ConfigError(
            f"{place}: source begins with '~', and the home folder that it means is not known"
        ) from error
    # A path loses the slash that says "a folder".
    return replace(camera, source=path + "/" * (camera.kind is SourceKind.FOLDER)), used
