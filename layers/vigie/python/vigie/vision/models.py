"""Where the model file comes from: a variable, a folder, or the official download."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from vigie.errors import DownloadError, ModelError
from vigie.vision.downloads import ATTEMPTS, download

VARIABLE = "VIGIE_MODEL"
# What `model prepare` writes unless told otherwise: of several files it is the one that was meant.
PREPARED_NAME = "yolov8n-prepared.onnx"
# The dynamic export is the same weights at fewer pixels a picture.
FILE_NAMES = (PREPARED_NAME, "yolov8n-dynamic.onnx", "yolov8n.onnx")
MODEL_URL = "https://github.com/ultralytics/assets/releases/download/v8.3.0/yolov8n.onnx"

_FIRST_BYTE = b"\x08"  # an ONNX file begins with its first field, the version; a login page does not


def find_model(
    *, environ: Mapping[str, str], checkout: Path, url: str = MODEL_URL, pause_s: float = 1.0
) -> Path:
    """Return the model's path, fetched into `checkout`/models from `url` when it lies nowhere.

    `VIGIE_MODEL` of `environ` comes first, then models/ in the checkout, then ../shared/models/ beside it; in
    a folder the prepared file comes before its origins, each known by its name (`FILE_NAMES`).

    Raises:
        ModelError: the variable names no file, or nothing was found and the download failed.

    """
    found = look_for_model(environ=environ, checkout=checkout)
    if found:
        return found
    target = model_folders(checkout)[0] / FILE_NAMES[-1]
    try:
        fetch_model(url, target, pause_s=pause_s)
    except DownloadError as error:
        places = " and ".join(str(folder) for folder in model_folders(checkout))
        raise ModelError(
            f"no model: {VARIABLE} is not set, {places} hold none of {', '.join(FILE_NAMES)}, "
            f"and the download failed ({error}); put one there or let {VARIABLE} name it"
        ) from error
    return target


def look_for_model(
    *,
    environ: Mapping[str, str],
    checkout: Path,
    names: tuple[str, ...] = FILE_NAMES,
    variable: str = VARIABLE,
) -> Path | None:
    """Return the file that the variable names, else the first that lies where models do; None without any.

    Raises:
        ModelError: the variable names no file.

    """
    named = environ.get(variable)
    if named:
        if not Path(named).is_file():
            raise ModelError(f"{variable} is {named!r}, and there is no such file")
        return Path(named)
    files = (folder / name for folder in model_folders(checkout) for name in names)
    return next((file for file in files if file.is_file()), None)


def model_folders(checkout: Path) -> tuple[Path, Path]:
    """Return the folders that are looked into, in their order."""
    return checkout / "models", checkout.parent / "shared" / "models"


def check_model(model: Path, *, sha256: str | None = None) -> None:
    """Check that a file is a detector of ours and, where one is given, that its SHA-256 is that.

    Raises:
        ModelError: it is not.

    """
    from vigie.vision.detector import YoloDetector

    YoloDetector(model=model)
    if sha256 is not None:
        found = hashlib.sha256(model.read_bytes()).hexdigest()
        if found != sha256:
            raise ModelError(f"model {model} has the SHA-256 {found}, {sha256} is expected")


def fetch_model(
    url: str, target: Path, *, sha256: str | None = None, attempts: int = ATTEMPTS, pause_s: float = 1.0
) -> None:
    """Download a detector's ONNX file into `target`, which appears whole or not at all.

    Raises:
        DownloadError: there is none, it broke off for good, is no detector of ours, or has another hash.

    """

    def check(part: Path) -> None:
        with part.open("rb") as file:
            if file.read(1) != _FIRST_BYTE:
                raise DownloadError(f"{url}: what came is no ONNX file")
        # No hash of the ONNX file is published: that it opens as our detector is what can be known of it.
        try:
            check_model(part)
        except ModelError as error:
            raise DownloadError(f"{url}: what came is no detector of ours: {error}") from error

    download(url, target, sha256=sha256, check=check, attempts=attempts, pause_s=pause_s)
