"""Letters for pictures: which font draws them, how wide they come, and what it cannot draw.

DejaVu Sans has Latin with every accent, Greek and Cyrillic. It lies in matplotlib's package, which is looked
for and not imported; the layer of the function holds the two files at the same place, without the rest.
Without them Pillow's own font draws ASCII. What a font lacks, and scripts that run from right to left, which
need more than glyphs, are never drawn as boxes: `drawable` says something else in their place.
"""

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PIL.ImageDraw import ImageDraw
from PIL.ImageFont import FreeTypeFont, ImageFont, Layout, load_default, truetype

Font = FreeTypeFont | ImageFont
Ink = tuple[int, int, int]  # red, green, blue

_FOLDER = "mpl-data/fonts/ttf"
_FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_NOWHERE = "\uffff"  # no font has it: it shows what a font draws in place of what it lacks
_SIZE = 24  # of the letters that are compared
_RIGHT_TO_LEFT = {"R", "AL", "RLE", "RLO", "RLI", "AN"}
_BAD = {"Cc", "Cf", "Cs", "Co", "Cn"}  # categories without a shape


def write(draw: ImageDraw, text: str, place: tuple[int, int], *, size: int, bold: bool, ink: Ink) -> None:
    """Write, with the left end of the base line at `place`; pixels."""
    draw.text(place, text, fill=ink, font=_font(size, bold=bold), anchor="ls")


def width_of(text: str, *, size: int, bold: bool) -> int:
    """Return the width in pixels."""
    return round(_font(size, bold=bold).getlength(text))


def drawable(text: str, *, otherwise: str) -> str:
    """Return the text, else what is left of it without accents, else `otherwise`, which is ASCII."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return next((words for words in (text, plain) if all(map(_has_shape, words))), otherwise)


@cache
def _font(size: int, *, bold: bool) -> Font:
    file = _file(_FILES[bold])
    # The simple layout: what the other one makes of a text depends on libraries of the machine.
    return load_default(size) if file is None else truetype(file, size, layout_engine=Layout.BASIC)


@cache
def _file(name: str) -> Path | None:
    package = find_spec("matplotlib")
    folders = package.submodule_search_locations if package else None
    files = (Path(folder) / _FOLDER / name for folder in folders or ())
    return next((file for file in files if file.is_file()), None)


@cache
def _has_shape(letter: str) -> bool:
    if unicodedata.category(letter) in _BAD or unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT:
        return False
    return letter.isspace() or _shape(letter) != _shape(_NOWHERE)


def _shape(letter: str) -> bytes:
    return bytes(_font(_SIZE, bold=True).getmask(letter))
