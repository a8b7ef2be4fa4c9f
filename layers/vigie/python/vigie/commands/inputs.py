"""What several commands take from the command line."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from vigie.errors import PictureError

_SUFFIXES = frozenset({".jpg", ".jpeg"})


def checkout() -> Path:
    """Return the checkout of the editable install; a wheel has none, and uses the folder it is run in."""
    folder = Path(__file__).resolve().parents[5]
    return folder if (folder / "pyproject.toml").is_file() else Path.cwd()


def jpegs_in(folder: Path) -> list[Path]:
    """Return a folder's JPEGs, by name."""
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)


def pictures(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as given, and folders as the JPEGs in them."""
    for path in paths:
        if path.is_dir():
            # A folder without any stays in the list, to be named among what cannot be read.
            yield from jpegs_in(path) or [path]
        else:
            yield path


def read_picture(file: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        PictureError: they cannot be read.

    """
    try:
        return file.read_bytes()
    except IsADirectoryError as error:
        raise PictureError("a folder without JPEGs") from error
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror}") from error
