"""One running ffmpeg: pictures from its pipe, its last words, a polite stop."""

import contextlib
import os
import selectors
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO, Self

from edge_agent.ffmpeg import Command
from edge_agent.mpjpeg import MpjpegReader
from vigie.errors import SetupError, SourceError

_LINES_KEPT = 20
_CHUNK = 1 << 16
_TICK_S = 0.2  # how soon a wish to stop is noticed
_POLITE_STEPS_S = (0.5, 1.5)
_PASSED_ON = frozenset({"PATH", "HOME", "LANG", "TZ", "TMPDIR", "USER", "HTTP_PROXY", "NO_PROXY"})
_PASSED_ON_KINDS = ("LC_", "LD_", "SSL_CERT_", "LIBVA_", "XDG_", "FONTCONFIG_")
_END_S = 2.0  # from the end of its pipe to its own


class SilenceError(SourceError):
    """No picture came for too long; whether the source is dead or only slow, nobody knows."""


class FfmpegProcess:
    """An ffmpeg that writes mpjpeg to its standard output. Use it in a `with`: leaving stops it.

    `redact` is applied to ffmpeg's words before they are kept.

    Raises:
        SetupError: the program cannot be started.

    """

    def __init__(self, command: Command, *, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._words: deque[str] = deque(maxlen=_LINES_KEPT)
        self._unfinished = b""
        try:
            # A process group of its own: Ctrl-C in a terminal must reach the agent alone, which stops us.
            self._child = subprocess.Popen(
                command.arguments,
                stdin=subprocess.PIPE if command.script is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                process_group=0,
                env={name: value for name, value in os.environ.items() if _is_passed_on(name)},
            )
        except OSError as error:
            raise SetupError(f"{command.arguments[0]} cannot be started: {error.strerror}") from error
        if command.script is not None:
            self._hand_over(command.script)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def last_words(self) -> tuple[str, ...]:
        """The last lines that ffmpeg wrote, without credentials."""
        return tuple(self._words)

    def stop(self) -> None:
        """End ffmpeg politely, and after two seconds by force. Calling it twice does no harm."""
        # First, or an ffmpeg that waits for room in its pipe would wait on.
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()
        # The second request reaches an ffmpeg that waits for a silent camera; after the first it reads on.
        for patience_s in _POLITE_STEPS_S:
            if self._child.poll() is None:
                self._child.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._child.wait(patience_s)
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def pictures(
        self, *, stopping: Callable[[], bool], patience_s: float, first_s: float | None = None
    ) -> Iterator[bytes]:
        """Give each picture as it comes; end when the source ends, or soon after `stopping()` is true.

        The first may take `first_s` seconds, when that is given: a camera must be reached and opened.

        Raises:
            SilenceError: no picture came for `patience_s` seconds.
            SourceError: ffmpeg failed, or wrote garbage.

        """
        reader = MpjpegReader()
        out, err = _open(self._child.stdout), _open(self._child.stderr)
        # One buffer for all reads: os.read makes a large one each time and gives its end back, and that wore
        # malloc's heap full of holes, some 2 MB each thousand frames.
        view = memoryview(bytearray(_CHUNK))
        with selectors.DefaultSelector() as ready:
            ready.register(out, selectors.EVENT_READ)
            ready.register(err, selectors.EVENT_READ)
            newest, limit_s = time.monotonic(), patience_s if first_s is None else first_s
            while ready.get_map() and not stopping():
                for key, _ in ready.select(_TICK_S):
                    chunk = bytes(view[: os.readv(key.fd, [view])])
                    if not chunk:
                        ready.unregister(key.fileobj)
                        if key.fileobj is err:
                            self._listen(b"\n")  # its last line may have no end
                    elif key.fileobj is err:
                        self._listen(chunk)
                    else:
                        for picture in reader.feed(chunk):
                            yield picture
                            # After the yield: the time for which the caller held the picture is not silence.
                            newest, limit_s = time.monotonic(), patience_s
                if time.monotonic() - newest > limit_s:
                    raise SilenceError(f"no picture came for {limit_s:g} s")
        if not stopping():
            self._check_end(reader)

    def _check_end(self, reader: MpjpegReader) -> None:
        try:
            status = self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            raise SourceError("ffmpeg closed its pipe and did not end") from None
        if status != 0:
            raise SourceError(self._reason(status))
        reader.finish()

    def _reason(self, status: int) -> str:
        if status < 0:
            return f"ffmpeg was ended by signal {-status}"
        if not self._words:
            return f"ffmpeg ended with status {status}"
        # The last line sums up what the lines before it found.
        return self._words[-1].removeprefix("Error opening input files: ")

    def _listen(self, chunk: bytes) -> None:
        *lines, self._unfinished = (self._unfinished + chunk).split(b"\n")
        self._unfinished = self._unfinished[-_CHUNK:]
        for line in lines:
            if text := line.decode(errors="replace").strip():
                self._words.append(self._redact(text))

    def _hand_over(self, script: bytes) -> None:
        pipe = self._child.stdin
        if pipe is not None:
            try:
                # A few hundred bytes: a pipe holds them, whether ffmpeg reads or not.
                pipe.write(script)
                pipe.close()
            except BrokenPipeError:
                pass  # it ended at once; its words say why


def _is_passed_on(name: str) -> bool:
    """Keep the agent's own credentials, and cameras' passwords, out of ffmpeg's environment."""
    return name.upper() in _PASSED_ON or name.startswith(_PASSED_ON_KINDS)


def _open(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise AssertionError("Popen was asked for this pipe")
    return pipe
