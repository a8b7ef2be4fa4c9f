"""Somebody asks that faces be forgotten."""

from vigie.domain.pictures import FaceSelection
from vigie.steps.picture_ports import PictureStore


def forget_faces(selection: FaceSelection, *, pictures: PictureStore, dry_run: bool) -> tuple[str, ...]:
    """Remove the faces of the selection, all versions; return their keys. With `dry_run` only name them.

    Raises:
        CloudError: AWS refused a call; some may be removed already, and doing it again removes the rest.

    """
    keys = tuple(key for key in pictures.keys(selection.prefix) if selection.holds(key))
    if keys and not dry_run:
        pictures.delete(keys)
    return keys
