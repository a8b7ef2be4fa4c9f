"""Wheels unpacked for another platform by pip, and bytecode made by that platform's Python."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from layers.platforms import Interpreter, Platform
from vigie.errors import SetupError


def unpack_wheels(pins: Sequence[str], target: Path, platform: Platform) -> None:
    """Unpack the wheels of exactly these packages into `target`, as they are on that platform.

    Raises:
        SetupError: one of them has no wheel there, or the index did not answer; pip's own words.

    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # pip would ask this interpreter whether it is new enough; the markers of our pins have seen to that.
    command += ["--no-deps", "--no-compile", "--ignore-requires-python", "--target", str(target)]
    command += [*platform.pip_options, *pins]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise SetupError(f"pip unpacked no wheels: {'; '.join(said) or done.stderr.strip()}")


def take_files(pin: str, files: Sequence[str], target: Path, platform: Platform) -> None:
    """Copy files out of a package's wheel into `target`, at their places.

    Raises:
        SetupError: pip did not bring the wheel, or it lacks one of the files.

    """
    with tempfile.TemporaryDirectory() as unpacked:
        unpack_wheels([pin], Path(unpacked), platform)
        for file in files:
            source, place = Path(unpacked, file), target / file
            if not source.is_file():
                raise SetupError(f"{pin} has no file {file}")
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)


def compile_folder(folder: Path, interpreter: Interpreter, *, unpacks_to: str) -> None:
    """Put bytecode beside every module below `folder`, which on Lambda lies at `unpacks_to`.

    Without it each cold start would compile anew: /opt and /var/task cannot be written. It is never checked
    against the sources, whose times a zip does not keep.

    Raises:
        SetupError: a module does not compile.

    """
    command = [str(interpreter.program), "-S", "-s", "-m", "compileall", "-q"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", unpacks_to, str(folder)]
    # Sets of constants are written in the order of their hashes.
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONHASHSEED": "0"})
    if done.returncode:
        raise SetupError(f"bytecode was not made: {(done.stdout + done.stderr).strip()}")
