"""The index page: read back with a parser, as a browser would."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.page_rig import AT, PARIS, Page, a_day, a_page, a_visit
from vigie.charts.page import CameraFiles, Link, Picture, page_day, render_page
from vigie.domain.sites import Place


def test_table_sums_up_each_camera() -> None:
    hall = a_day([a_visit(AT), a_visit(AT + timedelta(minutes=1), label="car")], name="Entrance hall")
    page = Page(render_page(a_page(hall, a_day(camera_id="attic"))))
    assert page.rows[:3] == [
        [
            "Camera",
            "Frames",
            "Minutes covered",
            "Most people at once",
            "Visits of people",
            "Visits of vehicles",
            "Export",
        ],
        ["Entrance hall", "2,400", "2", "2", "1", "1", "CSV"],
        # no camera is not no activity: no zeros where nobody looked
        ["attic", "0", "0", "no frames", "CSV"],
    ]


def test_quarantined_frames_have_a_column_when_there_are_any() -> None:
    files = CameraFiles(svg="a.svg", png="a.png", csv="a.csv", minutes_csv="a-minutes.csv")
    day = page_day(
        [replace(a_day([a_visit(AT)]), quarantined=3), a_day(camera_id="attic")],
        PARIS,
        site="Site",
        updated_at=AT,
        camera_files={"hall": files, "attic": files},
    )
    rows = Page(render_page(day)).rows
    assert rows[0][-2] == "Quarantined"
    assert [row[-2] for row in rows[1:3]] == ["3", "0"]


def test_a_place_has_the_most_of_its_cameras_and_never_their_sum() -> None:
    hall = a_day([a_visit(AT), a_visit(AT + timedelta(minutes=1))], name="Entrance hall")
    door = a_day([a_visit(AT + timedelta(minutes=1), camera_id="door")], camera_id="door")
    attic = a_day(camera_id="attic")
    files = CameraFiles(svg="a.svg", png="a.png", csv="a.csv", minutes_csv="a-minutes.csv")
    day = page_day(
        [attic, door, hall],
        PARIS,
        site="Site",
        updated_at=AT,
        camera_files={"attic": files, "door": files, "hall": files},
        places=[
            Place(name="Entrance", cameras=("hall", "door")),
            Place(name="Roof", cameras=("attic", "loft")),
        ],
    )
    assert Page(render_page(day)).rows[5:7] == [
        ["Entrance", "door, Entrance hall", "2", "2", "2", "0"],
        ["Roof", "attic", "0", "no frames"],
    ]


def test_visits_are_listed_latest_first_in_local_time() -> None:
    hall = a_day([a_visit(AT), a_visit(AT + timedelta(minutes=5))])
    shop = a_day([a_visit(AT + timedelta(minutes=2), camera_id="shop", label="bus")], camera_id="shop")
    page = Page(render_page(a_page(hall, shop)))
    assert page.rows[-3:] == [
        ["hall", "person", "08:56:00", "08:56:20", "91%"],
        ["shop", "bus", "08:53:00", "08:53:20", "91%"],
        ["hall", "person", "08:51:00", "08:51:20", "91%"],
    ]
    assert "2026-11-22T07:51:20.000Z" in page.all("time", "datetime")
    assert "Updated 2026-11-22 08:51:00" in page.text
    assert "Europe/Paris (UTC+01:00)" in page.text


def test_visits_with_a_picture_show_it_and_lead_to_it() -> None:
    hall = a_day([a_visit(AT), a_visit(AT + timedelta(minutes=5), label="car")], name="Entrance hall")
    key = "site/pictures/hall/2026-11-22/20261122T075100000Z-person-9140.jpg"
    files = {"hall": CameraFiles(svg="a.svg", png="a.png", csv="a.csv", minutes_csv="a-minutes.csv")}
    day = page_day(
        [hall], PARIS, site="S", updated_at=AT, camera_files=files, pictures={key: "../pictures/x.jpg"}
    )
    page = Page(render_page(day))
    assert page.rows[-3][0] == "Picture"
    assert [row[1:3] for row in page.rows[-2:]] == [["Entrance hall", "car"], ["Entrance hall", "person"]]
    assert page.all("img", "src")[-1] == "../pictures/x.jpg"
    assert page.all("a", "href").count("../pictures/x.jpg") == 1
    assert "Picture of the person before Entrance hall at 08:51:00" in page.all("a", "aria-label")


def test_the_hour_that_comes_twice_is_told_apart() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    day = a_day([a_visit(first), a_visit(first + timedelta(hours=1))], on=date(2026, 10, 25))
    began = [row[2] for row in Page(render_page(a_page(day))).rows[-2:]]
    assert began == ["02:30:00 +01:00", "02:30:00 +02:00"]


def test_a_long_list_of_visits_is_cut_and_says_so() -> None:
    visits = [a_visit(AT + timedelta(minutes=n)) for n in range(60)]
    page = Page(render_page(a_page(a_day(visits))))
    assert "The latest 50 of 60 visits." in page.text
    assert sum(len(row) == 5 for row in page.rows) == 51


def test_charts_are_pictures_with_words_and_links() -> None:
    page = Page(
        render_page(
            a_page(
                a_day([a_visit(AT)]),
                overviews=(Picture(title="All cameras", svg="all.svg", png="all.png", alt="All at once"),),
                other_days=(Link(title="2026-11-21", href="2026-11-21.html"),),
            )
        )
    )
    assert page.all("img", "src") == ["all.svg", "hall.svg"]
    assert page.all("img", "alt") == [
        "All at once",
        "People and vehicles at once before hall on 2026-11-22: 1 visit of people, 0 of vehicles, "
        "at most 2 people at once; frames came in 1 minute.",
    ]
    linked = page.all("a", "href")
    exports = {"../exports/hall.csv", "../exports/hall-minutes.csv"}
    assert {"all.svg", "all.png", "hall.svg", "hall.png", "2026-11-21.html"} | exports == set(linked)


def test_nothing_comes_from_elsewhere() -> None:
    html = render_page(a_page(a_day([a_visit(AT)])), refresh_s=15)
    page = Page(html)
    addresses = page.all("img", "src") + page.all("a", "href") + page.all("link", "href")
    assert not any("//" in address or address.startswith("/") for address in addresses)
    assert "url(" not in html
    assert "<script" not in html


HOSTILE = [
    "<script>alert(1)</script>",
    '" onerror="alert(1)',
    "' onload='x",
    "</title><b>",
    "{{ 7*7 }}",
    "&lt;",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_words(name: str) -> None:
    plain = Page(render_page(a_page(a_day([a_visit(AT)], name="hall"))))
    day = a_page(
        a_day([a_visit(AT, label=name)], name=name),
        site=name,
        overviews=(Picture(title=name, svg="all.svg", png="all.png", alt=name),),
        other_days=(Link(title=name, href=f"{name}.html"),),
    )
    page = Page(render_page(day))
    assert page.text.count(name) >= 6
    assert page.all("img", "alt")[0] == name
    assert f"{name}.html" in page.all("a", "href")
    known = {(tag, *sorted(attrs)) for tag, attrs in plain.elements}
    assert {(tag, *sorted(attrs)) for tag, attrs in page.elements} - known <= {
        ("nav", "aria-labelledby"),
        ("ul",),
        ("li",),
    }


@pytest.mark.parametrize(("refresh_s", "metas"), [(None, []), (0, []), (15, ["15"])])
def test_a_live_page_loads_itself_again(refresh_s: int | None, metas: list[str]) -> None:
    page = Page(render_page(a_page(a_day()), refresh_s=refresh_s))
    found = [attrs["content"] for tag, attrs in page.elements if tag == "meta" and "http-equiv" in attrs]
    assert found == metas


def test_a_site_without_cameras_has_a_page() -> None:
    page = Page(render_page(a_page()))
    assert "No cameras." in page.text
    assert "No visits." in page.text
