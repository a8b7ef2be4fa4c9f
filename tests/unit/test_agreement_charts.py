"""The charts of the comparison and the page around them: figures, words, and what is recorded said aloud."""

from datetime import date

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.page_rig import AT, Page, a_day, a_visit
from vigie.charts.agreement import RECORDED_WORDS, agreement_chart, engines_chart, words_of
from vigie.charts.daily import render_day
from vigie.charts.figures import to_png
from vigie.domain.agreement import NOTHING, Agreement, EngineFigures, Tally
from vigie.domain.people import Suggestion
from vigie.domain.sites import Site
from vigie.steps.chart import DrawnDay

DAY = date(2026, 11, 22)
WORDS = "30 frames compared, 2 not comparable: both saw 80% of 20 things; YOLO alone 3, Rekognition alone 1."


def agreement(*, recorded: bool = False) -> Agreement:
    return Agreement(
        frames=30,
        not_comparable=2,
        labels={"car": Tally(6, 2, 0), "person": Tally(10, 1, 1)},
        cameras={"hall": Tally(12, 3, 1), "attic": Tally(4, 0, 0)},
        hours={7: Tally(10, 3, 1), 9: Tally(6, 0, 0)},
        confusion={("person", "person"): 10, ("car", "car"): 6, ("car", NOTHING): 2, (NOTHING, "person"): 1},
        engines=(EngineFigures("YOLO", 60, 90, 0.0017), EngineFigures("Rekognition", 410, 800, 1.0)),
        micro_usd=30_000,
        recorded=recorded,
    )


def texts(figure: Figure) -> list[str]:
    own = [text.get_text() for text in figure.texts]
    return own + [text.get_text() for axes in figure.axes for text in (*axes.texts, axes.xaxis.label)]


def bars(axes: Axes) -> list[list[float]]:
    """Return the heights of each colour's bars."""
    return [[bar.get_height() for bar in group] for group in axes.containers]


def names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


def test_agreement_is_drawn_by_label_camera_and_hour() -> None:
    figure = agreement_chart(agreement(), dates="2026-11-22", titles={"hall": "Entrance", "attic": "入口"})
    labels, cameras, hours = figure.axes
    assert (names(labels), bars(labels)) == (["person", "car"], [[10, 6], [1, 2], [1, 0]])
    assert [text.get_text() for text in labels.texts] == ["83%", "75%"]
    # The busiest camera first; a name that our letters cannot write gives way to the id.
    assert (names(cameras), bars(cameras)) == (["Entrance", "attic"], [[12, 4], [3, 0], [1, 0]])
    # An hour in which nothing was compared keeps its place, and has no share.
    assert (names(hours), bars(hours)[0]) == (["07", "08", "09"], [10, 0, 6])
    assert [text.get_text() for text in hours.texts] == ["71%", "100%"]
    assert WORDS in texts(figure)


def test_confusion_time_and_money_are_drawn() -> None:
    figure = engines_chart(agreement(), dates="2026-11-22")
    confusion, speed, money = figure.axes
    assert names(confusion) == ["person", "car", NOTHING]
    cells = {tuple(map(int, text.get_position())): text.get_text() for text in confusion.texts}
    assert cells == {(0, 0): "10", (1, 1): "6", (2, 1): "2", (0, 2): "1", (2, 2): "-"}
    assert [text.get_text() for text in speed.texts] == ["60 ms", "410 ms"]
    assert [text.get_text() for text in money.texts] == ["$0.002", "$1.000"]


@pytest.mark.parametrize("recorded", [False, True])
def test_charts_of_recorded_answers_say_so(recorded: bool) -> None:
    figures = (
        agreement_chart(agreement(recorded=recorded), dates="2026-11-22", titles={}),
        engines_chart(agreement(recorded=recorded), dates="2026-11-22"),
    )
    assert [RECORDED_WORDS in texts(figure) for figure in figures] == [recorded, recorded]


def test_the_same_comparisons_give_the_same_bytes_and_nothing_seen_is_drawn_too() -> None:
    one, other = (to_png(engines_chart(agreement(), dates="2026-11-22")) for _ in range(2))
    assert one == other
    empty = Agreement(
        frames=1,
        not_comparable=0,
        labels={},
        cameras={},
        hours={},
        confusion={},
        engines=(EngineFigures("YOLO", 60, 60, 0.0), EngineFigures("Rekognition", 400, 400, 1.0)),
        micro_usd=1000,
        recorded=False,
    )
    assert words_of(empty).startswith("1 frame compared: nothing was seen of 0 things")
    for figure in (
        agreement_chart(empty, dates="2026-11-22", titles={}),
        engines_chart(empty, dates="2026-11-22"),
    ):
        assert to_png(figure).startswith(b"\x89PNG")


def drawn(found: Agreement | None, suggestions: dict[str, Suggestion]) -> tuple[list[str], Page]:
    day = DrawnDay(
        day=DAY,
        cameras=(a_day([a_visit(AT)], name="Entrance hall"),),
        totals=(),
        exports={},
        shelved=(),
        newest=False,
        agreement=found,
        suggestions=suggestions,
    )
    files = {file.path: file.content for file in render_day(Site(), day, clock=lambda: AT)}
    return [path for path in files if "agreement" in path or "engines" in path], Page(
        files[f"charts/{DAY}.html"].decode()
    )


def test_the_page_shows_the_comparison_and_says_that_answers_are_recorded() -> None:
    paths, page = drawn(agreement(recorded=True), {})
    assert paths == [
        f"charts/{DAY}/{name}.{form}" for name in ("agreement", "engines") for form in ("svg", "png")
    ]
    assert f"{RECORDED_WORDS}." in page.text
    assert WORDS in page.text
    alts = [alt for alt in page.all("img", "alt") if alt.startswith(("YOLO", "Confusion"))]
    assert len(alts) == 2
    assert all(alt.endswith(f"{WORDS} {RECORDED_WORDS}.") for alt in alts)


def test_a_page_without_comparison_or_names_has_no_word_of_them() -> None:
    paths, page = drawn(None, {})
    assert paths == []
    assert "Rekognition" not in page.text


@pytest.mark.parametrize("recorded", [False, True])
def test_every_page_of_a_run_on_one_machine_says_that_answers_are_recorded(recorded: bool) -> None:
    day = DrawnDay(day=DAY, cameras=(a_day(),), totals=(), exports={}, shelved=(), newest=True)
    files = render_day(Site(), day, clock=lambda: AT, recorded=recorded)
    pages = [file.content.decode() for file in files if file.path.endswith(".html")]
    assert len(pages) == 2
    assert all(("Rekognition's answers are recorded ones" in Page(page).text) is recorded for page in pages)


def test_a_name_on_the_page_is_a_suggestion() -> None:
    visit = a_visit(AT)
    _, page = drawn(None, {visit.visit_id: Suggestion("<Anna>", 0.973, 0.95)})
    assert "(perhaps <Anna>, 97%)" in page.text
    assert (
        "A name is a suggestion of Rekognition's, of people who agreed to it; it may be wrong." in page.text
    )
