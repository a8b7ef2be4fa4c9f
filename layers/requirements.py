"""`python -m layers.requirements`: what the third-party layers hold, out of what is pinned for everything.

Writes `layers/<layer>/requirements.txt`: a layer's own packages and what these need, in the versions of
requirements/dev.txt. It asks no index: what a package needs is read from the installed ones.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from layers.platforms import Platform
from vigie.errors import SetupError

CHECKOUT = Path(__file__).resolve().parent.parent
PINS = CHECKOUT / "requirements" / "dev.txt"

# What our code imports, a layer each. `runtime` lies under every function: the others leave out what it has.
ROOTS = {
    "runtime": ("aws-lambda-powertools", "boto3", "pydantic", "tzdata"),
    "vision": ("numpy", "onnxruntime", "pillow"),
    "charts": ("jinja2", "matplotlib"),
}
# Single files out of packages that a layer does without: the letters that pictures are written with.
FILES = {
    "vision": {
        "matplotlib": tuple(
            f"matplotlib/mpl-data/fonts/ttf/{name}"
            for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "LICENSE_DEJAVU")
        )
    }
}
_BASE = "runtime"
# onnxruntime asks for these for its tools, which no session imports; the runs of the artefacts prove it.
_UNUSED = {"onnxruntime": {"flatbuffers", "packaging", "protobuf"}}

_HEAD = (
    "# Written by `python -m layers.requirements` from requirements/dev.txt; change that, and run it again.\n"
)


def read_requirements(layer: str, platform: Platform) -> list[str]:
    """Return a layer's pins on that platform, as `name==version`.

    Raises:
        SetupError: the layer has no file.

    """
    file = requirements_file(layer)
    if not file.is_file():
        raise SetupError(f"{file} is missing; run: python -m layers.requirements")
    return [
        f"{pin.name}{pin.specifier}"
        for pin in parse(file.read_text(encoding="utf-8"))
        if pin.marker is None or pin.marker.evaluate(platform.markers)
    ]


def pinned(names: Iterable[str], platform: Platform) -> list[str]:
    """Return packages as `name==version`, in the version of requirements/dev.txt for that platform.

    Raises:
        SetupError: one of them is not there.

    """
    pins: dict[str, str] = {
        canonicalize_name(pin.name): f"{pin.name}{pin.specifier}"
        for pin in parse(PINS.read_text(encoding="utf-8"))
        if pin.marker is None or pin.marker.evaluate(platform.markers)
    }
    return [_pin_of(name, pins) for name in names]


def wanted(layer: str, *, pins: str) -> str:
    """Return what a layer's file has to say, by the lines of requirements/dev.txt.

    Raises:
        SetupError: a package is not installed here, or not pinned.

    """
    names = _closure(ROOTS[layer])
    if layer != _BASE:
        names -= _closure(ROOTS[_BASE])
    lines: dict[str, str] = {}
    for line in pins.splitlines():
        if pin := next(parse(line), None):
            name = canonicalize_name(pin.name)
            lines[name] = lines.get(name, "") + line + "\n"
    return _HEAD + "".join(_pin_of(name, lines) for name in sorted(names))


def parse(text: str) -> Iterator[Requirement]:
    """Yield the requirements of a file's text."""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "-")):
            yield Requirement(line)


def requirements_file(layer: str) -> Path:
    """Return where a layer's pins stand."""
    return CHECKOUT / "layers" / layer / "requirements.txt"


def _pin_of(name: str, pins: Mapping[str, str]) -> str:
    if name not in pins:
        raise SetupError(f"{PINS.name} pins no {name}; run: make requirements")
    return pins[name]


def _closure(roots: Iterable[str]) -> set[str]:
    """Return packages and all that they need on Lambda, by canonical names."""
    markers = {**Platform().markers, "extra": ""}
    found: set[str] = set()
    left = list(roots)
    while left:
        name = canonicalize_name(left.pop())
        if name in found:
            continue
        found.add(name)
        try:
            asked = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError as error:
            raise SetupError(f"{name} is not installed here; run: make setup") from error
        left += [
            each.name
            for each in asked
            if (each.marker is None or each.marker.evaluate(markers))
            and canonicalize_name(each.name) not in _UNUSED.get(name, ())
        ]
    return found


def main() -> int:
    """Write every layer's file."""
    pins = PINS.read_text(encoding="utf-8")
    for layer in ROOTS:
        requirements_file(layer).write_text(wanted(layer, pins=pins), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
