"""Frame keys, instants, zones, boxes: the words of the domain."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tests.builders import NOON, at, box, seen
from vigie.domain.cameras import Camera, Zone
from vigie.domain.detections import Box
from vigie.domain.frames import FrameKey, quarantine_key
from vigie.domain.instants import day_bounds, from_iso, from_stamp, to_iso, to_stamp, utc_days
from vigie.errors import FrameKeyError

KEY = "frames/hall/2026/01/31/12/20260131T120000500Z.jpg"


def test_a_key_is_built_and_read() -> None:
    key = FrameKey("hall", at(0.5))
    assert str(key) == KEY
    assert FrameKey.parse(KEY) == key


def test_a_key_is_in_utc_and_whole_milliseconds() -> None:
    paris = datetime(2026, 1, 31, 13, 0, 0, 500_999, tzinfo=timezone(timedelta(hours=1)))
    assert str(FrameKey("hall", paris)) == KEY


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        (KEY.removeprefix("frames/"), "without the prefix"),
        (KEY.replace("frames", "site"), "another prefix"),
        (KEY.replace("hall", "Hall"), "a camera id in capitals"),
        (KEY.replace("hall", "-hall"), "a camera id that begins with a dash"),
        (KEY.replace("hall", "h" * 33), "a camera id too long"),
        (KEY.replace("hall", "hall/gate"), "a folder too many"),
        (KEY.replace("/12/", "/13/"), "folder and stamp disagree on the hour"),
        (KEY.replace("01/31", "02/31").replace("0131", "0231"), "a day that does not exist"),
        (KEY.replace("T120000", "T126000"), "a minute that does not exist"),
        (KEY.replace("500Z", "50Z"), "two digits of milliseconds"),
        (KEY.replace("500Z", "²00Z"), "a digit that is none of ours"),
        (KEY.replace(".jpg", ".png"), "another suffix"),
        (KEY + "\n", "a line break at the end"),
        ("frames/vigie-probe.jpg", "a bare name"),
    ],
)
def test_what_is_no_key_is_refused_in_one_sentence(text: str, why: str) -> None:
    with pytest.raises(FrameKeyError, match=r"is no frame key: frames/<camera_id>/<YYYY>"):
        FrameKey.parse(text)


def test_keys_order_by_camera_then_time_as_their_texts_do() -> None:
    places = (("hall", 9), ("hall", 10), ("shop", 0), ("shop", 0.001))
    keys = [FrameKey(camera_id, at(second)) for camera_id, second in places]
    shuffled = [keys[number] for number in (2, 0, 3, 1)]
    assert sorted(shuffled) == keys
    assert sorted(map(str, shuffled)) == [str(key) for key in keys]


def test_a_key_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="an instant needs a time zone"):
        FrameKey("hall", datetime(2026, 1, 31))  # noqa: DTZ001


def test_quarantine_is_outside_frames() -> None:
    assert quarantine_key(KEY) == "quarantine/hall/2026/01/31/12/20260131T120000500Z.jpg"


@pytest.mark.parametrize(
    "instant", [NOON, at(0.001), at(0.999), datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_instants_survive_their_texts(instant: datetime) -> None:
    assert from_stamp(to_stamp(instant)) == instant
    assert from_iso(to_iso(instant)) == instant


@pytest.mark.parametrize("text", ["", "20260131T120000Z", "20260131T120000500", "20261301T120000500Z"])
def test_a_bad_stamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no capture time|does not match format|unconverted|month"):
        from_stamp(text)


@pytest.mark.parametrize(
    ("day", "zone", "hours", "why"),
    [
        (date(2026, 1, 31), "Europe/Paris", 24, "an ordinary day"),
        (date(2026, 3, 29), "Europe/Paris", 23, "summer time begins"),
        (date(2026, 10, 25), "Europe/Paris", 25, "summer time ends"),
        (date(2026, 10, 25), "UTC", 24, "UTC knows no summer"),
        (date(2026, 10, 4), "Australia/Lord_Howe", 23.5, "half an hour of summer time"),
    ],
)
def test_a_local_day_lasts_as_long_as_it_does(day: date, zone: str, hours: float, why: str) -> None:
    begin, end = day_bounds(day, ZoneInfo(zone))
    assert end - begin == timedelta(hours=hours), why


def test_utc_days_of_a_span() -> None:
    begin, end = day_bounds(date(2026, 1, 31), ZoneInfo("Europe/Paris"))
    assert utc_days(begin, end) == (date(2026, 1, 30), date(2026, 1, 31))
    begin, end = day_bounds(date(2026, 1, 31), ZoneInfo("UTC"))
    assert utc_days(begin, end) == (date(2026, 1, 31),)


L_SHAPE = Zone("yard", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)))


@pytest.mark.parametrize(
    ("point", "inside", "why"),
    [
        ((0.25, 0.25), True, "in the upright"),
        ((0.75, 0.75), True, "in the foot"),
        ((0.75, 0.25), False, "in the notch"),
        ((1.2, 0.75), False, "beside the picture"),
    ],
)
def test_a_zone_may_be_concave(point: tuple[float, float], inside: bool, why: str) -> None:
    assert L_SHAPE.contains(point) is inside, why


def test_a_detection_is_where_its_foot_is() -> None:
    head = Zone("head", ((0, 0), (1, 0), (1, 0.5), (0, 0.5)))
    foot = Zone("foot", ((0, 0.5), (1, 0.5), (1, 1), (0, 1)))
    assert seen(y=0.4).placed_in((head, foot)).zones == ("foot",)


@pytest.mark.parametrize(
    ("polygon", "words"),
    [
        (((0, 0), (1, 1)), "needs at least 3 corners"),
        (((0, 0), (1, 0), (1, 1.5)), "corners are fractions"),
    ],
)
def test_bad_zones_are_refused(polygon: tuple[tuple[float, float], ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Zone("yard", polygon)


def test_a_camera_has_each_zone_once() -> None:
    with pytest.raises(ValueError, match="two zones of one name"):
        Camera("hall", zones=(L_SHAPE, L_SHAPE))


def test_a_box_is_cut_to_the_picture_and_stays_in_order() -> None:
    assert Box.from_pixels(-5, 10, 700, 400, 640, 360) == Box(0.0, 0.0278, 1.0, 1.0)
    with pytest.raises(ValueError, match="corners in order"):
        Box(0.5, 0.5, 0.4, 0.6)


def test_distances_count_in_picture_heights() -> None:
    # Across a picture twice as wide as high: half its width is one height.
    assert box(0.25).distance(box(0.75), aspect=2.0) == pytest.approx(1.0)
    assert box(width=0.15, height=0.4).diagonal(aspect=2.0) == pytest.approx(0.5)
