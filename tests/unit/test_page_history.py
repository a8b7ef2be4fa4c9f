"""What the page says of other days, of exports that are behind, and of the proof that alerts arrive."""

from datetime import date

import pytest

from tests.page_rig import AT, PARIS, Page, a_day, a_page, a_visit
from vigie.charts.page import CameraFiles, page_day, render_page
from vigie.domain.frames import FrameKey
from vigie.domain.health import Proof
from vigie.domain.instants import day_bounds
from vigie.domain.rollups import DayTotals, HourTotals
from vigie.domain.series import MINUTE


def totals(on: date, *, covered: int, people: int = 0, listed: int = 0, camera_id: str = "hall") -> DayTotals:
    begin, end = day_bounds(on, PARIS)
    hour = HourTotals(
        begin, (end - begin) // MINUTE, covered, covered * 60, 2 if covered else 0, 1, people, 3
    )
    return DayTotals(camera_id, on, (hour,), listed=listed)


def test_history_lists_the_days_with_frames_and_their_coverage() -> None:
    today = date(2026, 11, 22)
    history = (
        totals(date(2026, 10, 25), covered=1500, people=1234),
        totals(date(2026, 11, 20), covered=0),
        totals(today, covered=65, people=7),
        totals(today, covered=0, camera_id="attic"),
    )
    files = CameraFiles(svg="a.svg", png="a.png", csv="a.csv", minutes_csv="a-minutes.csv")
    day = page_day(
        [a_day([a_visit(AT)], name="Entrance hall"), a_day(camera_id="attic")],
        PARIS,
        site="Site",
        updated_at=AT,
        camera_files={"hall": files, "attic": files},
        history=history,
    )
    page = Page(render_page(day))
    assert [row for row in page.rows if row[0].endswith(("2026-10-25", "2026-11-20", "2026-11-22"))] == [
        ["Sun 2026-11-22", "1:05 h of 24:00 h", "3,900", "2", "7", "3"],
        ["Sun 2026-10-25", "25:00 h of 25:00 h", "90,000", "2", "1,234", "3"],
    ]
    assert "Days that are not listed had no frames." in page.text
    assert [tag for tag, _ in page.elements].count("details") == 1


@pytest.mark.parametrize(
    ("listed", "words"), [(1000, "(CSV made of 1,000 of 1,200 frames)"), (1200, ""), (1201, "")]
)
def test_exports_that_are_behind_say_so(listed: int, words: str) -> None:
    files = {"hall": CameraFiles(svg="a.svg", png="a.png", csv="a.csv", minutes_csv="a-minutes.csv")}
    day = page_day(
        [a_day([a_visit(AT)])],
        PARIS,
        site="Site",
        updated_at=AT,
        camera_files=files,
        history=[totals(date(2026, 11, 22), covered=20, listed=listed)],
    )
    text = Page(render_page(day)).text
    assert words in text
    assert ("CSV made of" in text) == bool(words)


def test_the_page_says_when_alerts_were_last_proven() -> None:
    proof = Proof(FrameKey("vigie-canary", AT), AT, 1.5)
    day = page_day([], PARIS, site="Site", updated_at=AT, camera_files={}, proof=proof)
    page = Page(render_page(day))
    assert "Alerts last proven at 2026-11-22 08:51:00." in page.text
    assert page.all("time", "datetime")[-1] == "2026-11-22T07:51:00.000Z"
    assert "Alerts never proven." in Page(render_page(a_page())).text
