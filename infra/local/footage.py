"""What the demo watches: the sources a person names, else sample clips, else clips that ffmpeg makes."""

import shlex
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from edge_agent.redaction import redact_urls
from edge_agent.sources import check_source_text
from vigie.domain.cameras import check_own_camera
from vigie.errors import ConfigError, SetupError

CHECKOUT = Path(__file__).resolve().parents[2]
_CLIPS = {"hall": "one-by-one-person-detection.mp4", "shop": "store-aisle-detection.mp4"}
_CREDIT = "clips: Intel's sample-videos collection, CC BY 4.0"
_PHOTOGRAPHS = {"street": "bus.jpg", "square": "zidane.jpg"}
_MADE_CREDIT = "clips: made by ffmpeg, moving over two photographs of the ultralytics package (AGPL-3.0)"


@dataclass(frozen=True, slots=True)
class Footage:
    """Camera ids with their sources, in order, and whom to thank for the pictures.

    Of `recorded` footage there are recorded answers in Rekognition's place.
    """

    sources: dict[str, str]
    credit: str = ""
    recorded: bool = False


def parse_sources(text: str) -> Footage:
    """Read `cam1=clip.mp4 cam2=rtsp://...`, quoted as in a shell where a path has spaces.

    Raises:
        ConfigError: a part is no `camera_id=source`, the source may show a password, or a camera comes twice.

    """
    sources: dict[str, str] = {}
    try:
        parts = shlex.split(text)
    except ValueError as error:
        raise ConfigError(f"SOURCES: {error}") from error
    for part in parts:
        camera_id, separator, source = part.partition("=")
        if not separator or not source:
            shown = redact_urls(camera_id)
            raise ConfigError(f"SOURCES: {shown!r} is no camera_id=source, such as hall=clip.mp4")
        try:
            check_own_camera(camera_id)
            check_source_text(source)
        except ValueError as error:
            raise ConfigError(f"SOURCES: {redact_urls(str(error))}") from error
        if camera_id in sources:
            raise ConfigError(f"SOURCES: camera {camera_id!r} is given twice")
        sources[camera_id] = source
    return Footage(sources)


def sample_footage(shared: Path, made: Path) -> Footage:
    """Return two sample cameras: clips from `shared` when they are there, else clips made under `made`.

    Raises:
        SetupError: there are no clips, and none could be made.

    """
    clips = {camera_id: shared / "data" / "video" / name for camera_id, name in _CLIPS.items()}
    if all(clip.is_file() for clip in clips.values()):
        return Footage({camera_id: str(clip) for camera_id, clip in clips.items()}, _CREDIT, recorded=True)
    made.mkdir(parents=True, exist_ok=True)
    sources = {}
    for camera_id, photograph in _PHOTOGRAPHS.items():
        clip = made / f"{camera_id}.mp4"
        if not clip.is_file():
            _pan(_photograph(photograph, made), clip)
        sources[camera_id] = str(clip)
    return Footage(sources, _MADE_CREDIT)


def _photograph(name: str, folder: Path) -> Path:
    """Take a photograph out of the ultralytics wheel, which pip fetches but nobody installs."""
    target = folder / name
    if target.is_file():
        return target
    pins = CHECKOUT / "requirements" / "footage.txt"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    try:
        subprocess.run([*command, "--requirement", str(pins)], check=True, capture_output=True, text=True)
        wheel = next(folder.glob("ultralytics-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            target.write_bytes(archive.read(f"ultralytics/assets/{name}"))
    except (subprocess.CalledProcessError, StopIteration, KeyError, zipfile.BadZipFile) as error:
        words = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise SetupError(
            "there is no footage: the sample clips are missing, and the package with the sample photographs "
            f"could not be fetched ({words[-1] if words else error}); name your own: SOURCES=hall=clip.mp4"
        ) from error
    return target


def _pan(photograph: Path, clip: Path, *, seconds: int = 24) -> None:
    """Make a clip of a window that moves over a photograph, from beside it, across, and out again.

    The blurred photograph lies on both sides, so that people come into view, and leave it.
    """
    import imageio_ffmpeg

    graph = (
        "[0]scale=-2:720,split[middle][side];"
        "[side]scale=1100:720,gblur=sigma=60,setsar=1,split[left][right];"
        "[middle]setsar=1[middle];[left][middle][right]hstack=inputs=3,"
        f"crop=1100:619:x='(iw-1100)*t/{seconds}':y='(ih-619)/2',scale=640:360,format=yuv420p"
    )
    half_made = clip.with_suffix(".part.mp4")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-loop", "1", "-framerate", "10", "-t", str(seconds), "-i", str(photograph)]
    command += ["-filter_complex", graph, "-c:v", "libx264", "-preset", "veryfast", str(half_made)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SetupError(f"ffmpeg could not make a sample clip: {done.stderr.strip()[-300:]}")
    half_made.replace(clip)
