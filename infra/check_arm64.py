"""`python -m infra.check_arm64`: has every package of the edge a wheel for Raspberry Pi OS (64-bit)?

pip resolves what the agent needs, local detection included, as if it ran there, with the pinned versions, and
without taking any source. Bookworm has Python 3.11 and glibc 2.36, Trixie 3.13 and 2.41; wheels are asked for
glibc 2.31 and older, so that older images do too. It needs a package index, and downloads metadata alone.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
PYTHONS = {"3.11": "Bookworm", "3.13": "Trixie"}
# The edge alone, what `run --detect local` needs besides, and lamps.
EXTRAS = ("edge", "vision", "lamps")

# pip takes a platform literally, and tries no older one by itself.
_GLIBC = ("2_31", "2_28", "2_27", "2_26", "2_24", "2_17")
_PLATFORMS = (*(f"manylinux_{glibc}_aarch64" for glibc in _GLIBC), "manylinux2014_aarch64")


def requirements(pyproject: Path) -> list[str]:
    """Return what the package and its extras for the edge ask for."""
    project: dict[str, Any] = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    asked = set(project["dependencies"])
    for extra in EXTRAS:
        asked |= {line for line in project["optional-dependencies"][extra] if not line.startswith("vigie[")}
    return sorted(asked)


def resolve(asked: Sequence[str], python: str, constraints: Path) -> list[str]:
    """Return the file names of the wheels that pip would install on that Python.

    Raises:
        LookupError: a package has no wheel there; pip's own last words.

    """
    with tempfile.TemporaryDirectory() as target:
        options = ["--dry-run", "--quiet", "--ignore-installed", "--only-binary=:all:", "--target", target]
        options += ["--report", "-", "--implementation", "cp", "--python-version", python]
        for platform in _PLATFORMS:
            options += ["--platform", platform]
        command = [sys.executable, "-m", "pip", "install", *options, "--constraint", str(constraints), *asked]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise LookupError("; ".join(said) or done.stderr.strip())
    found = json.loads(done.stdout)["install"]
    return sorted(item["download_info"]["url"].rpartition("/")[2] for item in found)


def main() -> int:
    """Say which wheel each package has; 0 when all have one."""
    asked = requirements(CHECKOUT / "pyproject.toml")
    status = 0
    for python, name in PYTHONS.items():
        sys.stdout.write(f"Python {python} ({name}), aarch64:\n")
        try:
            for wheel in resolve(asked, python, CHECKOUT / "requirements" / "dev.txt"):
                sys.stdout.write(f"  {wheel}\n")
        except LookupError as error:
            sys.stdout.write(f"  {error}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
