"""A function as Lambda has it: its zips unpacked, AWS's runtime client, an empty environment."""

import contextlib
import hashlib
import os
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.catalog import CATALOG
from infra.local.cloud import aws_environ
from infra.local.resources import Resources
from infra.parts import Function
from layers.build import CHECKOUT, FACE
from layers.limits import loaded
from layers.locks import locked
from layers.platforms import ARCHITECTURES, Interpreter, Platform
from layers.requirements import pinned
from layers.wheels import compile_folder, unpack_wheels
from tests.artefacts.isolation import Cell, Isolation
from tests.artefacts.runtime_api import Answer, RuntimeApi, serving
from vigie.settings import variable

UNPACKED = CHECKOUT / "build" / "unpacked"
# AWS's runtime client and what it needs: part of Lambda itself, and so of none of our layers.
_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
# What every function gets on Lambda, besides its own settings.
COMMON = {"HOME": "/tmp", "MPLCONFIGDIR": "/tmp/matplotlib", "ORT_DISABLE_TELEMETRY": "1"}
_SECONDS = 30.0
_FORGOTTEN_S = 86_400


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Where a function's folder, its layers and the runtime client lie."""

    task: Path
    opt: Path
    client: Path

    @property
    def python_path(self) -> str:
        """The folders of modules, in Lambda's order."""
        return ":".join(str(path) for path in (self.task, self.opt / "python", self.client))


def unpack(function: Function, artefacts: Path, platform: Platform, interpreter: Interpreter) -> Unpacked:
    """Unpack a function's zips as Lambda does; what was unpacked before is found again by its content."""
    UNPACKED.mkdir(parents=True, exist_ok=True)
    task, *layers = (artefacts / f"{name}.zip" for name in loaded(function))
    with locked(UNPACKED / "lock"):
        return Unpacked(
            task=_unpacked(task),
            opt=_merged(layers),
            client=_client(platform, interpreter),
        )


def _merged(zips: list[Path]) -> Path:
    """Unpack several zips into one folder; a layer that several functions have lies on the disk once."""
    target = UNPACKED / hashlib.sha256("".join(_digest(each) for each in zips).encode()).hexdigest()[:32]
    if not target.is_dir():
        part = target.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        for each in zips:
            shutil.copytree(_unpacked(each), part, copy_function=os.link, dirs_exist_ok=True)
        part.rename(target)
    return _used(target)


def _unpacked(each: Path) -> Path:
    target = UNPACKED / _digest(each)
    if not target.is_dir():
        part = target.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        with zipfile.ZipFile(each) as archive:
            archive.extractall(part)
        part.rename(target)
    return _used(target)


def _digest(each: Path) -> str:
    return hashlib.sha256(each.read_bytes()).hexdigest()[:32]


def _used(target: Path) -> Path:
    """Note that a folder is in use; forget those that no test has used for a day."""
    os.utime(target)
    for other in UNPACKED.iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > _FORGOTTEN_S:
            shutil.rmtree(other)
    return target


def _client(platform: Platform, interpreter: Interpreter) -> Path:
    pins = pinned(_CLIENT, platform)
    digest = hashlib.sha256(f"{pins} {platform} {interpreter.version}".encode()).hexdigest()[:16]
    target = UNPACKED / f"client-{digest}"
    if not target.is_dir():
        part = target.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        unpack_wheels(pins, part, platform)
        compile_folder(part, interpreter, unpacks_to="/var/runtime")
        part.rename(target)
    return _used(target)


@dataclass(slots=True)
class Running:
    """A function that waits for events."""

    api: RuntimeApi
    cell: Cell
    isolation: Isolation
    words: Path
    init_s: float

    def invoke(self, event: dict[str, object]) -> Answer:
        """Give it an event; its answer, or its error."""
        try:
            return self.api.invoke(event)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {self.words.read_text(encoding='utf-8')[-3000:]}") from error

    def strays(self) -> list[str]:
        """Return what it tried to reach or write beyond its endpoints and /tmp."""
        return self.isolation.strays(self.cell)

    def cpu_s(self) -> float:
        """Return the processor's seconds that it took so far: less moved by others' work than the clock's."""
        stat = Path(f"/proc/{self.cell.process.pid}/stat").read_text(encoding="utf-8")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self) -> int:
        """Return the most memory that it had at once."""
        status = Path(f"/proc/{self.cell.process.pid}/status").read_text(encoding="utf-8")
        (line,) = (each for each in status.splitlines() if each.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024


@contextlib.contextmanager
def running(
    function: Function,
    unpacked: Unpacked,
    interpreter: Interpreter,
    environ: Mapping[str, str],
    *,
    isolation: Isolation,
    words: Path,
) -> Iterator[Running]:
    """Run a function until the end of the block; `environ` names its cloud, and has its settings."""
    api = RuntimeApi(f"arn:aws:lambda:eu-west-1:123456789012:function:{function.name}")
    given = lambda_environ(function, unpacked) | dict(environ)
    cloud_port = int(environ["AWS_ENDPOINT_URL"].rpartition(":")[2])
    needs = [
        unpacked.task,
        unpacked.opt,
        unpacked.client,
        Path(os.path.realpath(interpreter.program)).parents[1],
    ]
    with words.open("wb") as log, contextlib.ExitStack() as stack:
        begun = time.monotonic()
        cell = isolation.start(
            [str(interpreter.program), "-S", "-s"],
            given,
            folder=unpacked.task,
            needs=needs,
            cloud_port=cloud_port,
            words=log,
        )
        stack.callback(_end, cell)
        stack.enter_context(serving(api, cell.runtime))
        if cell.cloud:
            stack.enter_context(_passing_on(cell.cloud, cloud_port))
        while not api.ready.wait(0.002):
            said = words.read_text(encoding="utf-8")
            assert cell.process.poll() is None, f"{function.name} ended: {said}"
            assert time.monotonic() - begun < _SECONDS, f"{function.name} never asked for work: {said}"
        assert api.init_error is None, api.init_error
        yield Running(api, cell, isolation, words, time.monotonic() - begun)


def lambda_environ(function: Function, unpacked: Unpacked) -> dict[str, str]:
    """Return the variables that Lambda sets, and those that all our functions have."""
    return {
        "_HANDLER": "handler.handler",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "here",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LAMBDA_TASK_ROOT": str(unpacked.task),
        "LAMBDA_RUNTIME_DIR": str(unpacked.client),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": unpacked.python_path,
        **COMMON,
    }


def cloud_environ(function: Function, resources: Resources, folders: Unpacked) -> dict[str, str]:
    """Return a function's settings, and where its AWS is."""
    given = resources.environ(CATALOG)
    settings = {
        name: value.replace("/opt/", f"{folders.opt}/", 1) for name, value in function.settings.items()
    }
    if "model" in function.layers and (folders.opt / FACE).is_file():
        settings["face_model"] = str(folders.opt / FACE)
    return {
        **{name: value for name, value in aws_environ(os.environ["AWS_ENDPOINT_URL"]).items() if value},
        **{variable(name): given[variable(name)] for name in function.environment},
        **{variable(name): value for name, value in settings.items()},
    }


def native(machine: str) -> str:
    """Return Lambda's word for this machine's architecture."""
    return next(name for name, wheels in ARCHITECTURES.items() if wheels == machine)


def _end(cell: Cell) -> None:
    cell.process.kill()
    cell.process.wait(_SECONDS)
    cell.runtime.close()
    if cell.cloud:
        cell.cloud.close()
    if cell.log:
        cell.log.unlink()


@contextlib.contextmanager
def _passing_on(door: socket.socket, port: int) -> Iterator[None]:
    """Pass connections on to the same port of this side: the other side is a network of its own."""

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = door.accept()
                callee = socket.create_connection(("127.0.0.1", port))
                for source, sink in ((caller, callee), (callee, caller)):
                    source.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        thread.join(_SECONDS)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while chunk := source.recv(1 << 16):
            sink.sendall(chunk)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            if end is source:
                end.close()
