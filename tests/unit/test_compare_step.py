"""Comparing one frame: the purse first, one call a frame, and every failure its own answer."""

from dataclasses import dataclass, field, replace

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import at, report, seen
from tests.compare_fakes import FakeComparisonStore, FakeLabelService, FakeReviewShelf
from tests.fakes import FakeReportStore
from tests.pause_fakes import FakePauseStore
from vigie.domain.caps import Caps, Spending, spending_day
from vigie.domain.comparison import Comparison, ComparisonState
from vigie.domain.frames import FrameKey
from vigie.domain.reports import FrameReport
from vigie.domain.sites import Site
from vigie.errors import AccessDenied, CloudError, Conflict, NotFound, PictureError, Unavailable
from vigie.steps.compare import LEASE, Outcome, compare_labels
from vigie.steps.pausing import Pauses

SITE = Site(comparison=Comparison(share=1))
NOW = at(60)
PERSON = seen()


@dataclass
class World:
    """Everything around the step."""

    site: Site = SITE
    service: FakeLabelService = field(default_factory=lambda: FakeLabelService((PERSON,)))
    reports: FakeReportStore = field(default_factory=FakeReportStore)
    comparisons: FakeComparisonStore = field(default_factory=FakeComparisonStore)
    shelf: FakeReviewShelf = field(default_factory=FakeReviewShelf)
    purse: FakePurse = field(default_factory=FakePurse)
    seconds: float = 60
    pauses: Pauses | None = None

    def compare(self, frame: FrameReport) -> Outcome:
        self.reports.add_report(frame)
        self.shelf.frames[frame.key] = b"jpeg"
        return compare_labels(
            frame.key,
            site=self.site,
            reports=self.reports,
            comparisons=self.comparisons,
            service=self.service,
            shelf=self.shelf,
            purse=self.purse,
            micro_usd=1000,
            clock=lambda: at(self.seconds),
            pauses=self.pauses,
        )

    @property
    def taken(self) -> int:
        accounts = self.purse.accounts(spending_day(NOW, self.site.tz))
        return sum(account.taken for account in accounts if account.kind is Spending.REKOGNITION)


@pytest.fixture
def world() -> World:
    return World()


FRAME = report(0, PERSON)


def test_a_chosen_frame_is_compared_once_however_often_its_event_comes(world: World) -> None:
    assert [world.compare(FRAME) for _ in range(3)] == [Outcome.COMPARED, Outcome.KNOWN, Outcome.KNOWN]
    assert (world.service.looked, world.taken) == ([FRAME.key], 1)
    made = world.comparisons.comparison(FRAME.key)
    assert made is not None
    assert (made.ours, made.theirs, made.micro_usd) == ((PERSON,), (PERSON,), 1000)
    assert (made.our_model, made.their_model) == ("yolov8n@12345678", "rekognition 3.0")
    assert made.our_ms == pytest.approx(39.85)
    assert (made.their_ms, made.compared_at) == (412.5, NOW)
    assert world.shelf.kept == {}


def test_a_disagreement_keeps_its_picture_even_if_that_is_gone(world: World) -> None:
    world.service.sees = ()
    world.compare(FRAME)
    assert world.shelf.kept == {FRAME.key: b"jpeg"}
    later = report(1, PERSON)
    world.reports.add_report(later)
    world.shelf = FakeReviewShelf()
    world.compare(later)
    assert world.comparisons.comparison(later.key) is not None


def test_what_was_paid_for_is_stored_before_its_picture_is_kept(world: World) -> None:
    class Refusing(FakeReviewShelf):
        def keep(self, key: FrameKey) -> None:
            raise Unavailable("throttled")

    world.service.sees = ()
    working, world.shelf = world.shelf, Refusing()
    with pytest.raises(Unavailable):
        world.compare(FRAME)
    world.shelf = working
    assert world.compare(FRAME) is Outcome.KNOWN
    assert (world.taken, world.shelf.kept) == (1, {FRAME.key: b"jpeg"})


def test_both_engines_are_held_to_the_same_confidence_and_labels(world: World) -> None:
    # Rekognition is not asked for dogs, nor our detector for cars.
    world.site = replace(SITE, labels=("person", "dog"))
    world.service.sees = (PERSON, seen("car"), seen(x=0.2, confidence=0.4))
    world.compare(report(0, PERSON, seen("dog"), seen(x=0.8, confidence=0.49)))
    made = world.comparisons.comparison(FRAME.key)
    assert made is not None
    assert (made.ours, made.theirs) == ((PERSON,), (PERSON,))


def test_at_the_cap_nobody_is_called_and_nothing_stored(world: World) -> None:
    world.site = replace(SITE, caps=Caps(rekognition_calls=2))
    outcomes = [world.compare(report(n, PERSON)) for n in range(4)]
    assert outcomes == [Outcome.COMPARED, Outcome.COMPARED, Outcome.OVER_BUDGET, Outcome.OVER_BUDGET]
    assert (len(world.service.looked), world.taken) == (2, 2)
    writes = world.comparisons.writes
    assert world.compare(report(3, PERSON)) is Outcome.OVER_BUDGET
    assert world.comparisons.writes == writes, "over the cap a frame costs no claim"
    # The cap was raised: what comes again is compared.
    world.site = SITE
    assert world.compare(report(3, PERSON)) is Outcome.COMPARED


def test_comparisons_leave_the_rest_of_the_cap_to_others(world: World) -> None:
    world.site = Site(comparison=Comparison(share=1, per_day=1), caps=Caps(rekognition_calls=5))
    assert [world.compare(report(n, PERSON)) for n in range(2)] == [Outcome.COMPARED, Outcome.OVER_BUDGET]


@pytest.mark.parametrize("fault", [PictureError("too large"), NotFound("gone")])
def test_what_rekognition_does_not_take_is_recorded_and_never_tried_again(
    world: World, fault: Exception
) -> None:
    world.service.faults = [fault]
    assert [world.compare(FRAME) for _ in range(2)] == [Outcome.NOT_COMPARABLE, Outcome.KNOWN]
    made = world.comparisons.comparison(FRAME.key)
    assert made is not None
    assert (made.state, made.reason) == (ComparisonState.NOT_COMPARABLE, str(fault))
    assert (len(world.service.looked), made.micro_usd) == (1, 0)


def test_a_picture_too_small_is_not_paid_for(world: World) -> None:
    small = replace(FRAME, width=64, height=48)
    assert world.compare(small) is Outcome.NOT_COMPARABLE
    assert (world.service.looked, world.taken) == ([], 0)


@pytest.mark.parametrize("fault", [Unavailable("throttled"), AccessDenied("no right"), CloudError("else")])
def test_what_may_pass_comes_again_and_passes_the_purse_again(world: World, fault: CloudError) -> None:
    world.service.faults = [fault]
    with pytest.raises(type(fault)):
        world.compare(FRAME)
    assert world.compare(FRAME) is Outcome.COMPARED
    assert (len(world.service.looked), world.taken) == (2, 2)


def test_a_service_that_refuses_does_not_use_up_the_day(world: World) -> None:
    """A frame a minute for a day, of which each comes five times, six minutes apart."""
    world.pauses = Pauses(FakePauseStore(), lambda: at(world.seconds))
    world.service.faults = [AccessDenied("no right")] * 1_000
    for minute in range(0, 660, 6):
        world.seconds = 60 * minute
        for came in range(5):
            with pytest.raises((AccessDenied, Unavailable)):
                world.compare(report(60 * (minute - 6 * came), PERSON))
    assert len(world.service.looked) == world.taken == -(-660 // 18)  # each first sixth minute after 15
    # The right was given: what comes after the pause is compared.
    world.service.faults, world.seconds = [], 664 * 60
    assert world.compare(FRAME) is Outcome.COMPARED


def test_of_two_workers_one_pays_and_the_other_comes_again(world: World) -> None:
    assert world.comparisons.claim(FRAME.key, now=NOW, lease=LEASE)
    with pytest.raises(Conflict):
        world.compare(FRAME)
    assert world.taken == 0
    world.seconds += LEASE.total_seconds()
    assert world.compare(FRAME) is Outcome.COMPARED


def test_what_is_gone_or_was_not_chosen_costs_nothing(world: World) -> None:
    world.site = Site()
    assert world.compare(FRAME) is Outcome.NOT_CHOSEN
    outcome = compare_labels(
        report(5).key,
        site=SITE,
        reports=world.reports,
        comparisons=world.comparisons,
        service=world.service,
        shelf=world.shelf,
        purse=world.purse,
        micro_usd=1000,
        clock=lambda: NOW,
    )
    assert (outcome, world.service.looked) == (Outcome.GONE, [])
