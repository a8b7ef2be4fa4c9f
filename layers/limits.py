"""What a function weighs with all its layers, and Lambda's limit to it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.parts import Catalog, Function
from layers.zips import sizes
from vigie.errors import SetupError

# 250 MB, of function and layers together: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LIMIT = 262_144_000

_NAMED = 6  # parts in the sentence of what is too large
_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Artefact:
    """A zip's bytes as it is, and unpacked; and its SHA-256."""

    zipped: int
    unzipped: int
    sha256: str


def weigh(target: Path) -> Artefact:
    """Return what a zip weighs."""
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return Artefact(target.stat().st_size, sum(sizes(target).values()), digest)


def loaded(function: Function) -> tuple[str, ...]:
    """Return the names of all zips that Lambda unpacks for a function."""
    return (f"function-{function.name}", *(f"layer-{layer}" for layer in function.layers))


def check_limits(catalog: Catalog, made: Mapping[str, Artefact], folder: Path) -> None:
    """Check that Lambda takes every function: not too large, and no file from two layers.

    Raises:
        SetupError: it does not; names the largest parts, or the file.

    """
    for function in catalog.functions:
        total = sum(made[name].unzipped for name in loaded(function))
        if total > LIMIT:
            raise SetupError(
                f"{function.name} with its layers has {total:,} bytes unzipped, {LIMIT:,} are allowed; "
                f"the largest parts: {_largest(function, folder)}"
            )
        seen: dict[str, str] = {}
        for layer in function.layers:
            for path in sizes(folder / f"layer-{layer}.zip"):
                other = seen.setdefault(path, layer)
                if other != layer:
                    raise SetupError(f"{function.name}: the layers {other} and {layer} both hold {path}")


def lines(catalog: Catalog, made: Mapping[str, Artefact]) -> Iterator[str]:
    """Yield a table for a person: each zip, then each function with its layers against the limit."""
    for name, artefact in made.items():
        yield f"{name:26}{artefact.zipped / _MB:9.2f} MB{artefact.unzipped / _MB:9.2f} MB unzipped"
    for function in catalog.functions:
        total = sum(made[name].unzipped for name in loaded(function))
        yield f"{function.name:26}{'':12}{total / _MB:9.2f} MB with its layers, of {LIMIT / _MB:.2f}"


def _largest(function: Function, folder: Path) -> str:
    parts: dict[str, int] = {}
    for name in loaded(function):
        for path, size in sizes(folder / f"{name}.zip").items():
            part = "/".join(path.split("/")[:2])
            parts[part] = parts.get(part, 0) + size
    most = sorted(parts.items(), key=lambda each: -each[1])[:_NAMED]
    return ", ".join(f"{part} {size / _MB:.1f} MB" for part, size in most)
