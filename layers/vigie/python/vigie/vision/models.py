"""Where the model file comes from: a variable, a folder, or the official download."""

import tempfile
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from vigie.errors import ModelError

VARIABLE = "VIGIE_MODEL"
# The dynamic export is the same weights at fewer pixels a picture.
FILE_NAMES = ("yolov8n-dynamic.onnx", "yolov8n.onnx")
MODEL_URL = "https://github.com/ultralytics/assets/releases/download/v8.3.0/yolov8n.onnx"

_TIMEOUT_S = 30
_FIRST_BYTE = b"\x08"  # an ONNX file begins with its first field, the version; a login page does not


def find_model(*, environ: Mapping[str, str], checkout: Path, url: str = MODEL_URL) -> Path:
    """Return the model's path, fetched into `checkout`/models from `url` when it lies nowhere.

    `VIGIE_MODEL` of `environ` comes first, then models/ in the checkout, then ../shared/models/ beside it.

    Raises:
        ModelError: the variable names no file, or nothing was found and the download failed.

    """
    named = environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise ModelError(f"{VARIABLE} is {named!r}, and there is no such file")
        return Path(named)
    folders = (checkout / "models", checkout.parent / "shared" / "models")
    for folder in folders:
        for name in FILE_NAMES:
            if (folder / name).is_file():
                return folder / name
    target = folders[0] / FILE_NAMES[-1]
    try:
        _download(url, target)
    except (OSError, HTTPException) as error:
        raise ModelError(
            f"no model: {VARIABLE} is not set, {folders[0]} and {folders[1]} hold neither {FILE_NAMES[0]} "
            f"nor {FILE_NAMES[1]}, and {url} gave none ({error}); put one there or let {VARIABLE} name it"
        ) from error
    return target


def _download(url: str, target: Path) -> None:
    """Fetch into `target`, which appears whole or not at all."""
    try:
        with urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - the caller's, a constant but in tests
            # All at once: only so does http.client find a body shorter than declared.
            content: bytes = answer.read()
    except HTTPError as error:
        error.close()  # it holds the connection open
        raise
    if not content.startswith(_FIRST_BYTE):
        raise OSError("what came is no ONNX file")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
        part.write(content)
    whole = Path(part.name)
    # tempfile makes files for their owner alone; a model is for whoever reads the checkout.
    whole.chmod(0o644)
    whole.replace(target)
