"""Words on pictures: what the font has is drawn, what it lacks never becomes a row of boxes."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import ImageDraw
from PIL.Image import new

from vigie.vision import lettering
from vigie.vision.lettering import drawable, width_of, write

WORDS = [
    pytest.param("Entrée côté jardin, Œuvre n° 3", "Entrée côté jardin, Œuvre n° 3", id="French"),
    pytest.param("Überwachung: Straße", "Überwachung: Straße", id="German"),
    pytest.param("Παρκινγκ", "Παρκινγκ", id="Greek"),
    pytest.param("Вход", "Вход", id="Cyrillic"),
    pytest.param("", "", id="nothing"),
    pytest.param("入口", "cam-1", id="Chinese"),
    pytest.param("door 入口", "cam-1", id="Chinese among others"),
    pytest.param("مدخل", "cam-1", id="Arabic, whose letters join"),
    pytest.param("\u202eabc", "cam-1", id="turned around"),
    pytest.param("a\nb", "cam-1", id="two lines"),
]


@pytest.mark.parametrize(("text", "drawn"), WORDS)
def test_what_is_drawn(text: str, drawn: str) -> None:
    assert drawable(text, otherwise="cam-1") == drawn


def test_without_the_font_accents_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    for one in (lettering._file, lettering._font, lettering._has_shape):
        one.cache_clear()
    monkeypatch.setattr(lettering, "_FILES", {False: "gone.ttf", True: "gone.ttf"})
    try:
        assert drawable("Entrée (Tür)", otherwise="cam-1") == "Entree (Tur)"
        assert drawable("Вход", otherwise="cam-1") == "cam-1"
        assert width_of("Entree", size=20, bold=True) > 20
    finally:
        for one in (lettering._file, lettering._font, lettering._has_shape):
            one.cache_clear()


def test_the_layer_has_the_font_without_its_package(tmp_path: Path) -> None:
    packages = Path(PIL.__file__).parent.parent
    for name in ("PIL", "pillow.libs"):
        (tmp_path / name).symlink_to(packages / name)
    fonts = tmp_path / "matplotlib" / "mpl-data" / "fonts" / "ttf"
    fonts.mkdir(parents=True)
    found = lettering._file("DejaVuSans-Bold.ttf")
    assert found is not None
    (fonts / found.name).symlink_to(found)
    vigie = find_spec("vigie")
    assert vigie is not None
    assert vigie.origin is not None
    path = os.pathsep.join((str(tmp_path), str(Path(vigie.origin).parent.parent)))
    code = (
        "from vigie.vision.lettering import drawable; print(drawable('Œuvre', otherwise='cam-1') == 'Œuvre')"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-s", "-c", code], env={"PYTHONPATH": path}, capture_output=True, text=True
    )
    assert (run.stdout, run.stderr) == ("True\n", "")


def test_letters_stand_on_their_base_line_and_are_as_wide_as_said() -> None:
    picture = new("RGB", (200, 60))
    write(ImageDraw.Draw(picture), "HÉH", (10, 40), size=20, bold=True, ink=(255, 255, 255))
    rows, columns = (np.flatnonzero((np.asarray(picture)[:, :, 0] > 99).any(axis=axis)) for axis in (1, 0))
    assert rows[-1] == 39
    assert 17 < rows[-1] - rows[0] + 1 < 21, "the accent stands above a letter of 15"
    width = width_of("HÉH", size=20, bold=True)
    assert 0.85 * width < columns[-1] - columns[0] < width
