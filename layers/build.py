"""`python -m layers.build`: the layers' and functions' zips for Lambda, without Docker.

`build/artefacts/<architecture>/` gets `layer-<name>.zip` for each layer that the catalog names,
`function-<name>.zip` for each function, and `manifest.json` with their sizes. What was built before from the
same inputs is taken from build/layers. Modules here: `requirements` says what the layers hold, `platforms`
where they run, `wheels` and `trimming` make them, `zips` packs them, `limits` weighs what a function loads.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.catalog import CATALOG
from layers.limits import Artefact, check_limits, lines, weigh
from layers.locks import locked
from layers.platforms import ARCHITECTURES, LAMBDA_PYTHON, Interpreter, Platform, find_interpreter
from layers.requirements import FILES, ROOTS, pinned, read_requirements
from layers.trimming import trim
from layers.wheels import compile_folder, take_files, unpack_wheels
from layers.zips import write_zip
from vigie.errors import VigieError
from vigie.vision.faces import find_face_model
from vigie.vision.models import find_model, look_for_model

CHECKOUT = Path(__file__).resolve().parent.parent
OUT = CHECKOUT / "build" / "artefacts"
CACHE = CHECKOUT / "build" / "layers"
# Where Lambda unpacks layers and functions.
OPT, TASK = "/opt", "/var/task"
DETECTOR, FACE = "model/detector.onnx", "model/face.onnx"
# In the detector's place, where templates are wanted and no model is there.
PLACEHOLDER = "model/NO-MODEL.txt"
_PLACEHOLDER_WORDS = (
    "Built without a model, for templates alone: detect_frame cannot work. Run: make layers\n"
)

_FORGOTTEN_S = 7 * 86_400
_SOURCES = ("build.py", "platforms.py", "trimming.py", "wheels.py", "zips.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One zip: `fill` puts its files into an empty folder; `inputs` is all that it depends on, as text."""

    fill: Callable[[Path], None]
    inputs: str
    unpacks_to: str = OPT


def build(
    platform: Platform,
    *,
    environ: Mapping[str, str],
    out: Path = OUT,
    cache: Path = CACHE,
    needs_model: bool = True,
) -> dict[str, Artefact]:
    """Write every zip and the manifest below `out`; return the zips by their names, `layer-runtime`.

    Without `needs_model` none is downloaded, and a text takes the place of one that is not there.

    Raises:
        SetupError: wheels or bytecode could not be made, or a function is over Lambda's limit.
        ModelError: there is no model, and one is needed.

    """
    interpreter = find_interpreter(platform.python)
    folder = out / platform.architecture
    folder.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    made: dict[str, Artefact] = {}
    with locked(cache / "lock"):
        for name, recipe in recipes(platform, environ=environ, needs_model=needs_model).items():
            stored = _stored(recipe, cache, interpreter)
            target = folder / f"{name}.zip"
            _place(stored, target)
            made[name] = weigh(target)
        _forget(cache)
    manifest = {
        "architecture": platform.architecture,
        "python": platform.python,
        "bytecode": interpreter.version if interpreter else None,
        "artefacts": {name: asdict(artefact) for name, artefact in made.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    check_limits(CATALOG, made, folder)
    return made


def recipes(platform: Platform, *, environ: Mapping[str, str], needs_model: bool = True) -> dict[str, Recipe]:
    """Return how each layer and function of the catalog is made.

    Raises:
        SetupError: a layer's requirements are missing.
        ModelError: there is no model, one is needed, and none could be fetched.

    """
    layers = dict.fromkeys(layer for function in CATALOG.functions for layer in function.layers)
    found: dict[str, Recipe] = {}
    for layer in layers:
        if layer in ROOTS:
            found[f"layer-{layer}"] = _third_party(layer, platform)
        elif layer == "model":
            found[f"layer-{layer}"] = _models(environ, needs_model=needs_model)
        else:
            found[f"layer-{layer}"] = _folder(CHECKOUT / "layers" / layer, OPT)
    for function in CATALOG.functions:
        found[f"function-{function.name}"] = _folder(CHECKOUT / "lambdas" / function.name, TASK)
    return found


def _third_party(layer: str, platform: Platform) -> Recipe:
    pins = read_requirements(layer, platform)
    files = FILES.get(layer, {})
    borrowed = list(zip(pinned(files, platform), files.values(), strict=True))

    def fill(folder: Path) -> None:
        unpack_wheels(pins, folder / "python", platform)
        trim(folder / "python")
        for pin, names in borrowed:
            take_files(pin, names, folder / "python", platform)

    return Recipe(fill=fill, inputs=json.dumps([pins, borrowed, platform.pip_options]))


def _folder(source: Path, unpacks_to: str) -> Recipe:
    files = {
        path.relative_to(source): path
        for path in sorted(source.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }

    def fill(folder: Path) -> None:
        _copy(files, folder)

    return Recipe(fill=fill, inputs=_digests(files), unpacks_to=unpacks_to)


def _models(environ: Mapping[str, str], *, needs_model: bool = True) -> Recipe:
    if not needs_model and not look_for_model(environ=environ, checkout=CHECKOUT):
        return Recipe(fill=_fill_placeholder, inputs=_PLACEHOLDER_WORDS)
    files = {Path(DETECTOR): find_model(environ=environ, checkout=CHECKOUT)}
    if face := find_face_model(environ=environ, checkout=CHECKOUT):
        files[Path(FACE)] = face

    def fill(folder: Path) -> None:
        _copy(files, folder)

    return Recipe(fill=fill, inputs=_digests(files))


def _fill_placeholder(folder: Path) -> None:
    target = folder / PLACEHOLDER
    target.parent.mkdir(parents=True)
    target.write_text(_PLACEHOLDER_WORDS, encoding="utf-8")


def _copy(files: Mapping[Path, Path], folder: Path) -> None:
    for name, path in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _digests(files: Mapping[Path, Path]) -> str:
    found = {str(name): hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    return json.dumps(found)


def _stored(recipe: Recipe, cache: Path, interpreter: Interpreter | None) -> Path:
    """Return the recipe's zip, made now unless it was made before."""
    sources = {Path(name): CHECKOUT / "layers" / name for name in _SOURCES}
    asked = [recipe.inputs, recipe.unpacks_to, interpreter and interpreter.version, _digests(sources)]
    stored = cache / f"{hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:32]}.zip"
    if not stored.is_file():
        with tempfile.TemporaryDirectory(dir=cache) as name:
            folder = Path(name)
            recipe.fill(folder)
            if interpreter:
                compile_folder(folder, interpreter, unpacks_to=recipe.unpacks_to)
            write_zip(folder, stored)
    os.utime(stored)
    return stored


def _forget(cache: Path) -> None:
    """Remove the zips that nothing has asked for in a week."""
    for stored in cache.glob("*.zip"):
        if time.time() - stored.stat().st_mtime > _FORGOTTEN_S:
            stored.unlink()


def _place(stored: Path, target: Path) -> None:
    """Let `target` be that zip: another name of the same file where the disk can do that."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        os.link(stored, part)
    except OSError:
        shutil.copyfile(stored, part)
    part.replace(target)


def main(argv: Sequence[str] | None = None) -> int:
    """Build, and say what each function weighs with its layers."""
    parser = argparse.ArgumentParser(prog="python -m layers.build", description=__doc__)
    parser.add_argument("--architecture", choices=ARCHITECTURES, default="x86_64")
    parser.add_argument("--python", default=LAMBDA_PYTHON, help="Lambda's Python (%(default)s)")
    parser.add_argument("--out", type=Path, default=OUT, help="default: build/artefacts")
    parser.add_argument(
        "--for-templates",
        action="store_true",
        help="download no model, and do without one: what cannot be deployed can still be synthesised",
    )
    given = parser.parse_args(argv)
    platform = Platform(architecture=given.architecture, python=given.python)
    if not find_interpreter(platform.python):
        sys.stdout.write(
            f"No Python {platform.python} was found here, so the layers hold no bytecode: "
            "each cold start will compile what it imports, for about a second.\n"
        )
    try:
        made = build(platform, environ=os.environ, out=given.out, needs_model=not given.for_templates)
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for line in lines(CATALOG, made):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
