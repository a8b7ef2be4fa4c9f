"""What no function needs at run time, and so is left out of the layers: patterns, each with its reason.

Patterns are matched against a file's path below python/; `*` also matches slashes. What goes too far is found
by the tests that run every function from its artefacts (tests/artefacts). Licences stay.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from vigie.errors import SetupError

# The AWS services that functions call; botocore's descriptions of some 400 others are 27 MB.
SERVICES = ("dynamodb", "iot-data", "rekognition", "s3", "sns", "sqs", "sts")

ANYWHERE = (
    "*/tests/*",
    "*.pyi",  # for type checkers, as is the next
    "*/py.typed",
    "*.pyx",  # for compilers, as are the next
    "*.pxd",
    "*.h",
    "*.a",
    "bin/*",  # programs and manual pages
    "share/*",
    "*.dist-info/RECORD",  # pip's own notes, untrue after trimming
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)

BY_PACKAGE: dict[str, tuple[str, ...]] = {
    "boto3": (
        "boto3/data/*",  # of `boto3.resource`, which we do not use
        "boto3/examples/*",
    ),
    "onnxruntime": (
        "onnxruntime/capi/libonnxruntime.so*",  # a second copy of what the Python module contains
        "onnxruntime/backend/*",
        "onnxruntime/datasets/*",
        "onnxruntime/quantization/*",
        "onnxruntime/tools/*",
        "onnxruntime/transformers/*",
    ),
    "numpy": (
        "numpy/_core/lib/*",  # for compilers, as is the next
        "numpy/random/lib/*",
        "numpy/_pyinstaller/*",
        "numpy/f2py/*",
        "numpy/testing/*",
    ),
    "PIL": (
        "PIL/_avif*.so",  # no camera sends AVIF
        "pillow.libs/libavif*",
        "PIL/_imagingtk*.so",  # windows on a screen
    ),
    "matplotlib": (
        "matplotlib/mpl-data/images/*",  # buttons of windows
        "matplotlib/mpl-data/sample_data/*",
        "matplotlib/testing/*",
    ),
    # Matplotlib reads glyphs' names by it; the rest makes fonts, or PDF, which we do not write.
    "fontTools": tuple(
        f"fontTools/{part}/*"
        for part in ("cu2qu", "designspaceLib", "feaLib", "otlLib", "qu2cu", "subset", "ufoLib", "varLib")
    ),
}


def trim(folder: Path) -> int:
    """Remove from the layer unpacked in `folder` what it does not need; return the bytes that went.

    Raises:
        SetupError: a package is there, and one of its patterns meets nothing: the package has changed.

    """
    gone = _remove(folder, _services(folder))
    for package, patterns in BY_PACKAGE.items():
        if not (folder / package).is_dir():
            continue
        for pattern in patterns:
            size = _remove(folder, _matching(folder, pattern))
            if not size:
                raise SetupError(f"{pattern} meets nothing in {package} any more: see layers/trimming.py")
            gone += size
    return gone + sum(_remove(folder, _matching(folder, pattern)) for pattern in ANYWHERE)


def _services(folder: Path) -> list[Path]:
    """Return the files that describe services to botocore which no function calls.

    Raises:
        SetupError: botocore does not describe one that is called.

    """
    data = folder / "botocore" / "data"
    if not data.is_dir():
        return []
    if missing := [name for name in SERVICES if not (data / name).is_dir()]:
        raise SetupError(f"botocore describes no {', '.join(missing)}: see layers/trimming.py")
    others = [path for path in data.iterdir() if path.is_dir() and path.name not in SERVICES]
    return [file for other in others for file in other.rglob("*") if file.is_file()]


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    for path in list(folder.rglob("*")):
        if path.is_file() and fnmatchcase(path.relative_to(folder).as_posix(), pattern):
            yield path


def _remove(folder: Path, files: "Iterator[Path] | list[Path]") -> int:
    """Remove files, and the folders that they leave empty; return how many bytes went."""
    gone = 0
    for file in files:
        gone += file.stat().st_size
        file.unlink()
        for parent in file.parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
    return gone
