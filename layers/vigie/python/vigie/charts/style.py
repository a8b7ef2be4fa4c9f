"""One look for every figure: colours, letters, lines."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

# Okabe and Ito's blue and orange: told apart with any colour vision, and in grey by their lightness.
PEOPLE = "#0072b2"
VEHICLES = "#e69f00"
INK = "#24292f"
FAINT_INK = "#6a737d"
GRID = "#e6e8eb"
HOLE = "#f0f1f3"
HOLE_HATCH = "#b9bec5"
COVERED = "#c3c9d0"
# Lamps: Okabe and Ito's yellow made darker, their sky blue, their vermilion.
LIT = "#e0b400"
LIT_IDLE = "#56b4e9"
LIT_SAFE = "#d55e00"
# What they used, what they saved of full light, and their timer.
ENERGY_USED, ENERGY_SAVED, ENERGY_TIMER = LIT, "#f6e9b8", INK
# Okabe and Ito's too, none of them that of people or vehicles: looking, keeping, telling, Rekognition.
COST_COLOURS = ("#009e73", "#56b4e9", "#f0e442", "#d55e00")
OVER = "#f9ecf3"
OVER_HATCH = "#cc79a7"
DPI = 120

_FONT = "DejaVu Sans"
_RC: "dict[RcKeyType, Any]" = {
    "font.family": [_FONT],
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.labelsize": 8.5,
    "axes.labelcolor": FAINT_INK,
    "axes.edgecolor": FAINT_INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    # A name with two dollar signs is a name, not a formula.
    "text.parse_math": False,
    "xtick.color": FAINT_INK,
    "ytick.color": FAINT_INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.major.width": 0.7,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "hatch.linewidth": 0.7,
    "figure.facecolor": "white",
    "figure.dpi": DPI,
    # Letters as outlines: a page shows the SVG as an image, whose text nobody can select or read aloud anyway
    # (the alt text does that), and which may load no font; so it looks the same on every machine.
    "svg.fonttype": "path",
    # Names inside the SVG are hashed with this instead of a random number: same data, same bytes.
    "svg.hashsalt": "vigie",
}
# rc settings are the process's own: two threads that change and restore them would mix their looks.
_RC_LOCK = threading.RLock()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in Vigie's look, whatever the machine's own matplotlib settings; one thread at a time."""
    with _RC_LOCK, mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield


def drawable(name: str, otherwise: str, *, most: int) -> str:
    """Return the name on one line of at most so many characters; the other when our font cannot write it.

    DejaVu covers Latin, Greek and Cyrillic but not, for one, Chinese: the camera's id reads better than
    empty squares.
    """
    line = " ".join(name.split())
    has = FT2Font(font_manager.findfont(_FONT)).get_char_index
    if not line or not all(has(ord(letter)) for letter in line):
        line = otherwise
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
