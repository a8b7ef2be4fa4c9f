"""ffmpeg's argument lists, as data; nothing here starts a process.

Sampling. A file's picture n must be the one that the clip shows at n/fps, so that capture times are exact:
`fps=...:round=up` gives the last picture at or before each instant (its default, `near`, would give one up to
half an interval later). A live stream goes through `select` in its place, which only ever drops: after a gap
`fps` would invent the missing pictures, and each would be counted as seen.

Credentials. An argument list is in `ps` for all to see, so a private source goes to ffmpeg's standard input
as a one-line concat script, with its headers as that script's `option` lines.

Reconnecting is left to the supervisor: ffmpeg's own `-reconnect_streamed` asks again and again without any
pause when a stream ends (seen with 9.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.settings import CameraSettings
from edge_agent.sources import SourceKind
from vigie.errors import SetupError

_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "warning")
_SOCKET_TIMEOUT_US = "15000000"
_PROTOCOLS = "pipe,fd,tcp,udp,tls,http,https,httpproxy,crypto,rtp,rtsp,rtsps,hls"
# V and not v: the cover picture of a sound file is no video.
_VIDEO = "0:V:0"


@dataclass(frozen=True, slots=True)
class Command:
    """An argument list, and what is written to standard input; neither is shown, both may name a URL."""

    arguments: tuple[str, ...] = field(repr=False)
    script: bytes | None = field(default=None, repr=False)


def find_ffmpeg(environment: Mapping[str, str]) -> str:
    """Return the ffmpeg to start: `VIGIE_FFMPEG`, else the one that imageio-ffmpeg carries.

    Raises:
        SetupError: there is none for this machine.

    """
    if chosen := environment.get("VIGIE_FFMPEG"):
        return chosen
    import imageio_ffmpeg

    try:
        executable: str = imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise SetupError("no ffmpeg was found; install one and name it in VIGIE_FFMPEG") from error
    return executable


def sampling(camera: CameraSettings, executable: str, *, private: bool) -> Command:
    """Return the command that writes the camera's pictures at its rate to the pipe, as mpjpeg."""
    before, script = _input(camera, private=private)
    rate = f"{camera.fps:.9g}"
    # Times begin at the first picture, whatever the stream's own clock says.
    if camera.kind.is_live:
        pick = f"select='isnan(prev_selected_t)+gt(floor(t*{rate}),floor(prev_selected_t*{rate}))'"
    else:
        pick = f"fps={rate}:round=up"
    filters = f"setpts=PTS-STARTPTS,{pick},scale=w='min({camera.max_width},iw)':h=-2"
    # One thread decodes: at a picture a second that is enough, and frame threads cost delay and memory.
    arguments = (
        *(executable, *_QUIET, "-threads", "1", *before),
        *("-map", _VIDEO, "-an", "-sn", "-dn", "-filter_threads", "1", "-vf", filters),
        *("-fps_mode", "passthrough", "-c:v", "mjpeg", "-threads", "1"),
        # JPEG is full range; said this way ffmpeg converts, and warns of no deprecated pixel format.
        *("-color_range", "pc", "-pix_fmt", "yuv420p", "-q:v", str(camera.quality)),
        *("-f", "mpjpeg", "-flush_packets", "1", "pipe:1"),
    )
    return Command(arguments, script)


def probing(camera: CameraSettings, executable: str, *, private: bool) -> Command:
    """Return the command that lists a second of the source's packets, with the streams' facts, as framecrc.

    ffprobe would be the tool; imageio-ffmpeg does not carry it.
    """
    before, script = _input(camera, private=private)
    after = ("-map", f"{_VIDEO}?", "-map", "0:a:0?", "-c", "copy", "-t", "1", "-f", "framecrc", "pipe:1")
    return Command((executable, *_QUIET, *before, *after), script)


def _input(camera: CameraSettings, *, private: bool) -> tuple[tuple[str, ...], bytes | None]:
    options = _source_options(camera)
    clock = _clock_options(camera.kind)
    if not private:
        plain = tuple(word for name, value in options.items() for word in (f"-{name}", value))
        # `file:` keeps a path with a colon from being read as a protocol.
        url = camera.source if camera.kind.is_live else f"file:{camera.source}"
        return (*clock, *plain, "-i", url), None
    lines = ["ffconcat version 1.0", f"file {_quoted(camera.source)}"]
    lines += [f"option {name} {_quoted(value)}" for name, value in options.items()]
    script = "\n".join([*lines, ""]).encode()
    return (*clock, "-f", "concat", "-safe", "0", "-protocol_whitelist", _PROTOCOLS, "-i", "pipe:0"), script


def _source_options(camera: CameraSettings) -> dict[str, str]:
    match camera.kind:
        case SourceKind.FILE:
            return {}
        case SourceKind.RTSP:
            return {"rtsp_transport": "tcp", "timeout": _SOCKET_TIMEOUT_US}
        case SourceKind.HTTP | SourceKind.HLS:
            options = {"rw_timeout": _SOCKET_TIMEOUT_US}
            own = {"user-agent": "user_agent", "referer": "referer"}
            for name, value in camera.headers.items():
                option = own.get(name.lower())
                options[option or "headers"] = value if option else f"{name}: {value}"
            return options


def _clock_options(kind: SourceKind) -> tuple[str, ...]:
    match kind:
        case SourceKind.HTTP:
            # Motion JPEG carries no times; ffmpeg would take it for 25 pictures a second.
            return ("-use_wallclock_as_timestamps", "1")
        case SourceKind.HLS:
            # Segments come in one gulp each; read at their own pace, arrival is near the time of capture.
            return ("-re",)
        case _:
            return ()


def _quoted(text: str) -> str:
    """Quote for a concat script: nothing is special inside '...' but the quote itself."""
    return "'" + text.replace("'", "'\\''") + "'"
