"""Where artefacts run: an architecture and a Python, what pip calls them, and such a Python here."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vigie.errors import SetupError

LAMBDA_PYTHON = "3.13"
# Lambda's names, and those of wheels.
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}

# Lambda's Python 3.13 has glibc 2.34. pip takes a platform literally, and tries no older one by itself.
_GLIBC = ("2_28", "2_27", "2_26", "2_24", "2_17")
_ASK_VERSION = "import platform; print(platform.python_implementation(), platform.python_version())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What artefacts are built for: `architecture` in Lambda's words, `python` as "3.13".

    Raises:
        SetupError: there is no such architecture on Lambda.

    """

    architecture: str = "x86_64"
    python: str = LAMBDA_PYTHON

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise SetupError(
                f"{self.architecture!r} is no architecture of Lambda: {', '.join(ARCHITECTURES)}"
            )

    @property
    def machine(self) -> str:
        """The architecture in the words of wheels and of `platform.machine()`."""
        return ARCHITECTURES[self.architecture]

    @property
    def pip_options(self) -> list[str]:
        """Options by which pip takes wheels for this platform alone, and no sources."""
        options = ["--only-binary=:all:", "--implementation", "cp", "--python-version", self.python]
        for name in (*(f"manylinux_{glibc}" for glibc in _GLIBC), "manylinux2014"):
            options += ["--platform", f"{name}_{self.machine}"]
        return options

    @property
    def markers(self) -> dict[str, str]:
        """The values of a requirement's markers there; pip itself would take this interpreter's."""
        return {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux",
        }


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A CPython on this machine, and its whole version."""

    program: Path
    version: str


@cache
def find_interpreter(python: str) -> Interpreter | None:
    """Return a CPython of that version: this one, one of PATH's, or one of pyenv's; None without any."""
    for program in _candidates(python, os.environ):
        found = _version(program)
        if found and found.rpartition(".")[0] == python:
            return Interpreter(program, found)
    return None


def nearest_interpreter(python: str = LAMBDA_PYTHON) -> Interpreter:
    """Return a CPython of that version, else the nearest of those that our pins are for."""
    minor = int(python.rpartition(".")[2])
    for other in sorted(range(11, minor + 2), key=lambda each: abs(each - minor)):
        if found := find_interpreter(f"3.{other}"):
            return found
    raise SetupError("no CPython from 3.11 on was found")


def _candidates(python: str, environ: Mapping[str, str]) -> Iterator[Path]:
    if python == f"{sys.version_info[0]}.{sys.version_info[1]}":
        yield Path(sys.executable)
    pyenv = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for folder in sorted((pyenv / "versions").glob(f"{python}.*")):
        yield folder / "bin" / f"python{python}"
    if named := shutil.which(f"python{python}"):
        yield Path(named)


def _version(program: Path) -> str | None:
    """Ask a program for its version: a name in PATH may be a shim of a Python that is not there."""
    try:
        asked = subprocess.run(
            [program, "-I", "-c", _ASK_VERSION], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, _, version = asked.stdout.strip().partition(" ")
    return version if asked.returncode == 0 and name == "CPython" else None
