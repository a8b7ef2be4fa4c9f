"""Lamp groups, leases and levels, row by row; `test_light_step.py` has the step that asks for them."""

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from astral import Observer
from astral.sun import elevation

from edge_agent.settings import read_settings
from tests.builders import NOON, at, report, seen
from tests.fakes import FakeReportStore
from vigie.documents import read_json, read_object
from vigie.domain.hours import Hours
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.lighting import Desired, Lease, Phase, level_at, present_until
from vigie.domain.sites import Site
from vigie.domain.sun import Position, sun_elevation
from vigie.domain.visits import VisitLimits
from vigie.errors import ConfigError
from vigie.messages import read_desired, write_desired
from vigie.steps.minutes import keep_minutes

ALWAYS = (Hours(),)
GROUP = LampGroup(
    group_id="yard", covered_by=(Covering(camera="hall"), Covering(camera="gate")), hours=ALWAYS
)
DOCUMENT: dict[str, Any] = {
    "cameras": [
        {"camera_id": "hall", "zones": [{"name": "door", "polygon": [[0, 0], [1, 0], [1, 1]]}]},
        {"camera_id": "gate"},
    ],
    "position": {"latitude": 48.86, "longitude": 2.35},
}
SITE = replace(read_object(Site, DOCUMENT, source="site.json"), lamp_groups=(GROUP,))


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        ({"covered_by": []}, "needs a camera that covers it"),
        ({"covered_by": [{"camera": "hall"}, {"camera": "hall"}]}, "names camera 'hall' twice"),
        ({"covered_by": [{"camera": "attic"}]}, "is covered by camera 'attic'; there is gate, hall"),
        (
            {"covered_by": [{"camera": "hall", "zones": ["lawn"]}]},
            "zone 'lawn' of camera 'hall'; there is door",
        ),
        ({"labels": ["cat"]}, "asks for label 'cat'; there is person,"),
        ({"idle": 80}, "0 <= idle <= safe <= active <= 100 percent must hold"),
        ({"hold_s": 60}, "90 <= silent_after_s <= hold_s <= 3600 seconds must hold"),
        ({"silent_after_s": 300}, "90 <= silent_after_s <= hold_s <= 3600 seconds must hold"),
        ({"ramp_s": 90}, "ramp_s is 0 to 60 seconds"),
        ({"dusk_deg": -1}, "dusk_deg is 0 to 18 degrees below the horizon"),
        ({"watts": [[20, 30], [20, 40], [100, 90]]}, "the levels of watts rise from 0 to 100"),
        ({"watts": [[30, 30], [100, 90]]}, "watts must reach from level 20 or below to 100"),
        ({"watts": [[0, -1], [100, 90]]}, "watts are 0 or more"),
        ({"watts": [[0, 0], [100, float("nan")]]}, "watts"),
        ({"group_id": "Yard"}, "group_id 'Yard' must be 1 to 32 of a-z"),
        ({"brightness": 5}, "brightness is no known key"),
    ],
)
def test_a_group_that_cannot_be_is_refused_with_a_sentence(group: dict[str, Any], sentence: str) -> None:
    whole = {"group_id": "yard", "covered_by": [{"camera": "hall"}], **group}
    with pytest.raises(ConfigError) as refused:
        read_object(Site, {**DOCUMENT, "lamp_groups": [whole]}, source="site.json")
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_dusk_to_dawn_needs_a_place_on_earth_and_ids_are_given_once() -> None:
    groups = [{"group_id": "yard", "covered_by": [{"camera": "hall"}]}]
    nowhere = {key: value for key, value in DOCUMENT.items() if key != "position"}
    with pytest.raises(ConfigError, match="needs the site's position"):
        read_object(Site, {**nowhere, "lamp_groups": groups}, source="site.json")
    slow = [{"camera_id": "hall", "fps": 0.01}]
    with pytest.raises(ConfigError, match=r"camera 'hall' sends a frame every 100 s.*must be 165 or more"):
        read_object(Site, {**DOCUMENT, "cameras": slow, "lamp_groups": groups}, source="site.json")
    with pytest.raises(ConfigError, match="group_id 'yard' is given twice"):
        read_object(Site, {**DOCUMENT, "lamp_groups": groups * 2}, source="site.json")
    with pytest.raises(ConfigError, match="latitude is -90 to 90 degrees, not 99"):
        read_object(Site, {"position": {"latitude": 99, "longitude": 0}}, source="site.json")


def test_the_sun_stands_where_astral_has_it() -> None:
    draw = random.Random(1)
    for _ in range(500):
        instant = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=draw.uniform(0, 40 * 365))
        latitude, longitude = draw.uniform(-89.9, 89.9), draw.uniform(-180, 180)
        expected = elevation(Observer(latitude, longitude), instant, with_refraction=False)
        found = sun_elevation(instant, Position(latitude=latitude, longitude=longitude))
        assert found == pytest.approx(expected, abs=0.02)


def test_where_the_sun_never_sets_lamps_are_dark_and_where_it_never_rises_lit() -> None:
    group = replace(GROUP, hours=())
    north = Position(latitude=78.2, longitude=15.6)
    for month, lit in ((6, False), (12, True)):
        hours = [datetime(2026, month, 21, hour, tzinfo=UTC) for hour in range(24)]
        assert {group.is_lit(hour, UTC, north) for hour in hours} == {lit}


WATCHED = {"hall": at(120), "gate": at(120)}


@pytest.mark.parametrize(
    ("why", "lease", "second", "percent", "phase"),
    [
        ("nothing is known: bright", Lease(), 0, 70, Phase.SAFE),
        ("somebody is there", Lease(at(60), WATCHED), 59.9, 100, Phase.ACTIVE),
        ("the lease ran out, all report", Lease(at(60), WATCHED), 60, 20, Phase.IDLE),
        ("one of two has fallen silent", Lease(None, {**WATCHED, "gate": at(30)}), 30, 70, Phase.SAFE),
        ("one of two was never heard of", Lease(None, {"hall": at(120)}), 0, 70, Phase.SAFE),
        ("somebody, and a silent camera", Lease(at(60), {}), 0, 100, Phase.ACTIVE),
        ("all have fallen silent", Lease(at(60), WATCHED), 120, 70, Phase.SAFE),
    ],
)
def test_a_lease_and_the_clock_make_a_level(
    why: str, lease: Lease, second: float, percent: int, phase: Phase
) -> None:
    level = level_at(GROUP, lease, at(second), tz=UTC, position=None)
    assert (level.percent, level.phase) == (percent, phase), why


def test_by_day_a_lamp_is_off_whoever_is_there() -> None:
    night = replace(GROUP, hours=(Hours(begin="22:00", end="06:00"),))
    assert level_at(night, Lease(at(60), WATCHED), NOON, tz=UTC, position=None).percent == 0


def test_leases_join_in_any_order_and_as_often_as_one_likes() -> None:
    draw = random.Random(2)
    leases = [
        Lease(
            at(draw.randrange(9)) if draw.random() < 0.7 else None, {draw.choice("ab"): at(draw.randrange(9))}
        )
        for _ in range(6)
    ]
    results = []
    for _ in range(20):
        lease = Lease()
        for each in draw.sample(leases * 3, 18):
            lease = lease.joined(each)
        results.append(lease)
    assert all(result == results[0] for result in results)
    assert results[0].until == max(each.until for each in leases if each.until)


def test_watts_between_their_points_lie_on_a_line() -> None:
    group = replace(GROUP, watts=((10.0, 12.0), (20.0, 15.0), (100.0, 95.0)))
    watts = {0: 0.0, 5: 6.0, 10: 12.0, 15: 13.5, 20: 15.0, 60: 55.0, 100: 95.0}
    assert {level: group.power(level) for level in watts} == pytest.approx(watts)


def test_a_vehicle_that_stands_is_nobody_once_it_is_parked_and_a_person_always_somebody() -> None:
    limits = VisitLimits(still_after_s=120)
    for label, second in (("car", 120), ("person", 200)):
        store = FakeReportStore()
        for instant in range(0, 201, 2):
            frame = store.add_report(report(instant, seen(label), interval_s=2))
            kept = keep_minutes(frame, store=store, following=SITE.following("hall"))
        (visit,) = kept.minute.visits
        assert present_until(visit, limits) == at(second)


def test_what_a_shadow_asks_for_is_read_as_it_was_written_and_other_words_are_none_of_ours() -> None:
    for lease in (Lease(at(60.5), WATCHED, "person before hall"), Lease(None, {}, "nobody is there")):
        found = read_desired(write_desired(Desired(100, lease)))
        assert found == Desired(100, lease)
        assert found.lease.reason == lease.reason
    known = write_desired(Desired(100, Lease(None, {"hall": at(9)}, "")))
    known["watched"] |= {"attic": "soon", "cellar": None, "gate": 5}
    assert read_desired({**known, "until": "later"}) == Desired(100, Lease(None, {"hall": at(9)}))
    for strange in (
        {},
        {"level": 3},
        {"level": "x", "reason": "", "watched": {"hall": "soon"}},
        {"watched": 1},
    ):
        assert read_desired(strange) is None


def test_the_guides_examples_are_what_their_readers_take(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "lights.md").read_text(encoding="utf-8")

    def example(language: str) -> str:
        (found,) = re.findall(rf"^```{language}\n(.*?)^```", guide, flags=re.DOTALL | re.MULTILINE)
        return str(found)

    site = read_json(Site, example("json"), source="docs/lights.md")
    assert [group.title for group in site.lamp_groups] == ["The yard"]
    camera = 'bucket = "vigie-data"\n[[camera]]\ncamera_id = "hall"\nsource = "hall.mp4"\n'
    (tmp_path / "cameras.toml").write_text(camera + example("toml"))
    assert [lamp.driver for lamp in read_settings(tmp_path / "cameras.toml", {}).lamps] == ["wled"]
