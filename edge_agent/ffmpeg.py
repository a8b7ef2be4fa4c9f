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

from edge_agent.decoding import Decoding, Way
from edge_agent.masks import mask_filters
from edge_agent.settings import CameraSettings
from edge_agent.sources import USB_PREFIX, SourceKind
from vigie.errors import SetupError

SOFTWARE = Way(Decoding.ALL)
KEYFRAME_LOOK_S = 12
_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "warning")
_SOCKET_TIMEOUT_US = "15000000"
_PROTOCOLS = "pipe,fd,tcp,udp,tls,http,https,httpproxy,crypto,rtp,rtsp,rtsps,hls"
# While ffmpeg looks at a stream its pictures wait, and are given out in one burst, as if they came just then.
_BRIEF_LOOK = ("-analyzeduration", "500000", "-fpsprobesize", "0")
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


def sampling(camera: CameraSettings, executable: str, *, private: bool, way: Way = SOFTWARE) -> Command:
    """Return the command that writes the camera's pictures at its rate to the pipe, as mpjpeg."""
    before, script = _input(camera, private=private)
    scaling = f"scale=w='min({camera.max_width},iw)':h=-2"
    # Times begin at the first picture, whatever the stream's own clock says. What is not wanted is dropped
    # before anything else is done with it.
    filters = [
        *(
            "setpts=PTS-STARTPTS",
            _pick(camera, way.decoding),
            way.hardware.method.fetch if way.hardware else "",
        ),
        *(scaling, mask_filters(camera.masks)),
    ]
    # One thread decodes: at a picture a second that is enough, and frame threads cost delay and memory.
    arguments = (
        *(executable, *_QUIET, "-threads", "1", *_decoder_options(way), *before),
        *(
            "-map",
            _VIDEO,
            "-an",
            "-sn",
            "-dn",
            "-filter_threads",
            "1",
            "-vf",
            ",".join(filter(None, filters)),
        ),
        *("-fps_mode", "passthrough", "-c:v", "mjpeg", "-threads", "1"),
        # JPEG is full range; said this way ffmpeg converts, and warns of no deprecated pixel format.
        *("-color_range", "pc", "-pix_fmt", "yuv420p", "-q:v", str(camera.quality)),
        *("-f", "mpjpeg", "-flush_packets", "1", "pipe:1"),
    )
    return Command(arguments, script)


def _pick(camera: CameraSettings, decoding: Decoding) -> str:
    rate = f"{camera.fps:.9g}"
    if not camera.kind.is_live:
        return f"fps={rate}:round=up"
    if decoding is Decoding.KEYFRAMES:
        # Keyframes may come at the very rate that is wanted, and tremble. Each has an instant at which it is
        # due, an interval after the last one's; taken is what comes at most half an interval too early, and
        # who is late by more puts the next ones off. So none is lost, and no more are taken than is wanted.
        return f"select='if(gte(t*{rate},ld(0)-0.5),st(0,max(t*{rate}-0.5,ld(0))+1),0)'"
    # The first picture of each interval.
    return f"select='isnan(prev_selected_t)+gt(floor(t*{rate}),floor(prev_selected_t*{rate}))'"


def _decoder_options(way: Way) -> tuple[str, ...]:
    if way.hardware is not None:
        return way.hardware.method.options
    match way.decoding:
        case Decoding.KEYFRAMES:
            # No picture builds on a keyframe that is shown without its smoothing: nothing can drift.
            return ("-skip_frame", way.decoding.value, "-skip_loop_filter", "all")
        case Decoding.REFERENCES:
            # Without their smoothing pictures drift a little until the next keyframe. What is detected, and
            # what the gate lets through, is as much another as with JPEGs of the next quality.
            return ("-skip_frame", way.decoding.value, "-skip_loop_filter", "nokey")
        case Decoding.ALL:
            return ()


def probing(camera: CameraSettings, executable: str, *, private: bool) -> Command:
    """Return the command that lists the source's packets, with the streams' facts, as framecrc.

    A second of them, and `KEYFRAME_LOOK_S` of a stream whose keyframes matter. ffprobe would be the tool;
    imageio-ffmpeg does not carry it.
    """
    before, script = _input(camera, private=private)
    seconds = KEYFRAME_LOOK_S if camera.kind.has_keyframes else 1
    after = ("-map", f"{_VIDEO}?", "-map", "0:a:0?", "-c", "copy", "-t", str(seconds), "-flush_packets", "1")
    return Command((executable, *_QUIET, *before, *after, "-f", "framecrc", "pipe:1"), script)


def _input(camera: CameraSettings, *, private: bool) -> tuple[tuple[str, ...], bytes | None]:
    options = _source_options(camera)
    clock = _clock_options(camera.kind)
    if not private:
        plain = tuple(word for name, value in options.items() for word in (f"-{name}", value))
        # `file:` keeps a path with a colon from being read as a protocol.
        url = camera.source if camera.kind.is_live else f"file:{camera.source}"
        url = url.removeprefix(USB_PREFIX)
        return (*clock, *plain, "-i", url), None
    lines = ["ffconcat version 1.0", f"file {_quoted(camera.source)}"]
    lines += [f"option {name} {_quoted(value)}" for name, value in options.items()]
    script = "\n".join([*lines, ""]).encode()
    return (*clock, "-f", "concat", "-safe", "0", "-protocol_whitelist", _PROTOCOLS, "-i", "pipe:0"), script


def _source_options(camera: CameraSettings) -> dict[str, str]:
    match camera.kind:
        case SourceKind.FILE | SourceKind.FOLDER | SourceKind.USB:
            return {}
        case SourceKind.RTSP:
            # TCP first, and UDP when the camera refuses that.
            return {"rtsp_flags": "prefer_tcp", "timeout": _SOCKET_TIMEOUT_US}
        case SourceKind.HTTP | SourceKind.HLS:
            options = {"rw_timeout": _SOCKET_TIMEOUT_US}
            own = {"user-agent": "user_agent", "referer": "referer"}
            for name, value in camera.headers.items():
                option = own.get(name.lower())
                options[option or "headers"] = value if option else f"{name}: {value}"
            return options


def _clock_options(kind: SourceKind) -> tuple[str, ...]:
    match kind:
        case SourceKind.RTSP:
            return _BRIEF_LOOK
        case SourceKind.HTTP:
            # Motion JPEG carries no times; ffmpeg would take it for 25 pictures a second.
            return (*_BRIEF_LOOK, "-use_wallclock_as_timestamps", "1")
        case SourceKind.HLS:
            # Segments come in one gulp each; read at their own pace, arrival is near the time of capture.
            return ("-re",)
        case SourceKind.USB:
            return ("-f", "v4l2", "-use_wallclock_as_timestamps", "1")
        case _:
            return ()


def _quoted(text: str) -> str:
    """Quote for a concat script: nothing is special inside '...' but the quote itself."""
    return "'" + text.replace("'", "'\\''") + "'"
