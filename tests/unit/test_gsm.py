"""The alphabet of SMS: what stays, what is spelled otherwise, and what fits."""

# ruff: noqa: RUF001 - characters that look alike are meant

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.domain import gsm
from vigie.domain.gsm import septets, shortened, to_ascii, to_gsm


@pytest.mark.parametrize(
    ("text", "gsm_text", "ascii_text"),
    [
        ("Entrée à côté, où ? ¿Ñandú?", "Entrée à coté, où ? ¿Ñandu?", "Entree a cote, ou ? ?Nandu?"),
        ("façade ÇA", "facade ÇA", "facade CA"),
        ("Straße, Ærø, Åland, Øst", "Straße, Ærø, Åland, Øst", "Strasse, AEro, Aland, Ost"),
        ("œuvre Œ", "oeuvre OE", "oeuvre OE"),
        (
            "Łódź, Žižkov, Košice, Țăndărei, Şişli, İzmir, ısı",
            *["Lodz, Zizkov, Kosice, Tandarei, Sisli, Izmir, isi"] * 2,
        ),
        ("“a” ‘b’ «c» – d — e…", *['"a" \'b\' "c" - d - e...'] * 2),
        ("e\u0301 a\u0302 \u00a0x\u200by", "é a  xy", "e a  xy"),
        ("Δ 10 € [a]", "Δ 10 € [a]", "? 10 EUR [a]"),
        ("入口 вход 🚗", "?? ???? ?", "?? ???? ?"),
        ("½ № ﬁ ＡＢ", "1/2 No fi AB", "1/2 No fi AB"),
    ],
)
def test_spelling(text: str, gsm_text: str, ascii_text: str) -> None:
    assert to_gsm(text) == gsm_text
    assert to_ascii(text) == ascii_text


def test_the_alphabet_is_whole() -> None:
    assert len(gsm._ALPHABET) == 127, "and the escape"
    assert len(gsm._EXTENSION) == 10


@settings(deadline=None)
@given(st.text())
def test_whatever_is_written_is_in_the_alphabet_and_stays(text: str) -> None:
    written = to_gsm(text)
    assert set(written) <= gsm._ALPHABET | gsm._EXTENSION
    assert to_gsm(written) == written
    assert to_ascii(text).isascii()


def test_characters_of_the_extension_take_two() -> None:
    assert septets("abcé") == 4
    assert septets("{€}") == 6


@settings(deadline=None)
@given(st.text(alphabet=sorted(gsm._ALPHABET | gsm._EXTENSION)), st.integers(-3, 200))
def test_what_is_shortened_fits(text: str, room: int) -> None:
    short = shortened(text, room)
    assert septets(short) <= max(room, 0)
    assert short == text if septets(text) <= room else room < 3 or short.endswith("...")
    assert short == text or text.startswith(short.removesuffix("...")) or room < 3
