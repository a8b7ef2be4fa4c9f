"""Zips of one folder each, the same byte for byte whenever and wherever their contents are the same."""

import shutil
import zipfile
from pathlib import Path

# The earliest that a zip can say. Lambda asks that everybody may read.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX, _FILE_MODE, _PROGRAM_MODE = 3, 0o100644, 0o100755
_LEVEL = 6


def write_zip(folder: Path, target: Path) -> None:
    """Put a folder's files into the zip `target`, which appears whole or not at all."""
    part = target.with_name(target.name + ".part")
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    with zipfile.ZipFile(part, "w") as archive:
        for name in sorted(files):
            item = zipfile.ZipInfo(name, _TIME)
            item.create_system = _UNIX
            item.compress_type = zipfile.ZIP_DEFLATED
            item.external_attr = (_PROGRAM_MODE if name.endswith(".so") else _FILE_MODE) << 16
            item.file_size = files[name].stat().st_size
            with files[name].open("rb") as source, archive.open(item, "w") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
    part.replace(target)


def sizes(target: Path) -> dict[str, int]:
    """Return how many bytes each file of a zip has when unpacked, by its path."""
    with zipfile.ZipFile(target) as archive:
        return {item.filename: item.file_size for item in archive.infolist()}
