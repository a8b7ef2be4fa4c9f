"""Minutes as a chain, and the day put together from them."""

from datetime import timedelta

from tests.builders import NOON, at, report, seen
from vigie.domain.cameras import Camera
from vigie.domain.following import Following
from vigie.domain.series import MINUTE, camera_day, extend_minute, fold_minute, visits_of

FOLLOWING = Following()


def test_a_minute_counts_what_visits_own() -> None:
    minute = fold_minute(
        None,
        [
            report(1, seen(x=0.1), seen(x=0.5), seen("car", x=0.9)),
            report(2, seen(x=0.1), seen(x=0.9, confidence=0.3)),
            report(7, seen("bus"), seen("bicycle", x=0.1)),
        ],
        FOLLOWING,
    )
    assert minute is not None
    assert (minute.frames, minute.people, minute.vehicles, minute.follows) == (3, 2, 2, "")
    assert minute.folded_until == at(7)
    assert [visit.label for visit in minute.visits] == ["car", "person", "person", "bicycle", "bus"]
    assert {visit.label for visit in minute.open} == {"bus", "bicycle"}
    assert [visit.label for visit in minute.begun_at(at(7))] == ["bicycle", "bus"]


def test_what_is_neither_person_nor_vehicle_is_a_visit_and_no_count() -> None:
    minute = fold_minute(None, [report(0, seen("dog"), seen())], FOLLOWING)
    assert minute is not None
    assert (minute.people, minute.vehicles, len(minute.visits)) == (1, 0, 2)


def test_no_reports_no_minute() -> None:
    assert fold_minute(None, [], FOLLOWING) is None


def test_adding_one_by_one_is_folding() -> None:
    reports = [report(second, seen(x=0.1 + second / 100)) for second in range(0, 60, 2)]
    minute = None
    for each in reports:
        minute = extend_minute(minute, each, FOLLOWING)
    assert minute == fold_minute(None, reports, FOLLOWING)


def test_a_visit_goes_on_into_the_next_minute_and_counts_once() -> None:
    first = fold_minute(None, [report(58, seen()), report(59, seen())], FOLLOWING)
    second = fold_minute(first, [report(61, seen()), report(70)], FOLLOWING)
    assert first is not None
    assert second is not None
    assert second.follows == first.state != ""
    (visit,) = visits_of([second, first])
    assert (visit.started_at, visit.last_seen_at) == (at(58), at(61))


def test_a_visit_that_ends_unseen_is_not_of_the_next_minute() -> None:
    first = fold_minute(None, [report(59, seen())], FOLLOWING)
    second = fold_minute(first, [report(61), report(70)], FOLLOWING)
    assert first is not None
    assert second is not None
    assert second.follows == first.state, "at 61 s it might still have come back"
    assert second.visits == ()
    assert visits_of([first, second]) == first.visits


def test_what_was_long_gone_begins_anew() -> None:
    first = fold_minute(None, [report(30, seen())], FOLLOWING)
    second = fold_minute(first, [report(61, seen())], FOLLOWING)
    assert second is not None
    assert second.open[0].started_at == at(61)
    assert len(second.visits) == 1


def test_a_day_names_each_detections_visit() -> None:
    earlier = fold_minute(None, [report(-1, seen())], FOLLOWING)
    reports = [
        report(1, seen(), seen("car", x=0.9)),
        report(2, seen(confidence=0.3), seen("car", x=0.9, confidence=0.4)),
    ]
    minute = fold_minute(earlier, reports, FOLLOWING)
    assert minute is not None
    day = camera_day(
        Camera("hall"),
        NOON,
        NOON + timedelta(hours=1),
        minutes=[minute],
        reports=list(reversed(reports)),
        earlier=earlier,
        quarantined=2,
        following=FOLLOWING,
    )
    assert day.quarantined == 2
    assert [(point.people, point.vehicles) for point in day.points] == [(1, 1), (1, 1)]
    owners = [owned.visit.started_at if owned.visit else None for owned in day.detections]
    assert owners == [at(-1), at(1), at(-1), at(1)]
    assert [visit.started_at for visit in day.visits] == [at(-1), at(1)]
    assert minute.begins_at + MINUTE <= day.ends_at
