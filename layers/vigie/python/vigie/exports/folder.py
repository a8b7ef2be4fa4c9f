"""A folder on this machine as the place that exports go to."""

from pathlib import Path

from vigie.errors import SetupError


class ExportFolder:
    """Implements `ExportShelf` on a folder, which is made when the first file comes."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, path: str, content: bytes) -> str:
        """See `ExportShelf.put`.

        Raises:
            SetupError: the folder cannot be written.

        """
        target = self._path / path
        # Readers of datasets pass over names that begin with a dot, so they never see half a file.
        half = target.with_name(f".{target.name}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            half.write_bytes(content)
            half.replace(target)
        except OSError as error:
            raise SetupError(f"{target} cannot be written: {error.strerror}") from error
        return str(target)
