"""A minute has passed: who has gone dark, what has failed, are alerts proven? Tell people, once."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from vigie.domain.cameras import CANARY
from vigie.domain.caps import Spending
from vigie.domain.darkness import CameraFacts, HeartbeatSeen, camera_trouble, is_back, is_quiet, newest_words
from vigie.domain.frames import FrameKey
from vigie.domain.health import (
    Stage,
    Trouble,
    Vigil,
    begin_vigil,
    follow,
    letters_trouble,
    proof_trouble,
)
from vigie.domain.heartbeats import CameraLife
from vigie.domain.instants import minute_of, whole_milliseconds
from vigie.domain.notices import Delivery, Notice
from vigie.domain.series import MINUTE, NEIGHBOURHOOD, Minute
from vigie.domain.sites import Site
from vigie.domain.watch_wording import (
    camera_back_notice,
    camera_dark_notice,
    dead_letters_gone_notice,
    dead_letters_notice,
    proven_again_notice,
    unproven_notice,
)
from vigie.errors import CloudError, Conflict
from vigie.steps.budget_ports import BudgetMarks, Purse
from vigie.steps.daily_bill import DailyBill, Ledger
from vigie.steps.health_ports import DeadLetters, FrameArrivals, HeartbeatSource, ProofStore, VigilStore
from vigie.steps.held_back import mark_held_back
from vigie.steps.ports import Clock, Notifier, StaleDays
from vigie.steps.watch_budgets import watched_budgets
from vigie.steps.watch_lamps import watched_lamps

_ALERTS = "alerts"
_BILL = "bill"
# One frame without a report has failed for good, which is told as a dead letter; so many are a standstill.
_STUCK_FRAMES = 3
_DARK = frozenset({Stage.TOLD, Stage.TELLING, Stage.WITHHELD})

_log = logging.getLogger(__name__)


class Minutes(Protocol):
    """The cameras' minutes."""

    def minute_before(self, camera_id: str, begins_at: datetime) -> Minute | None:
        """Return the last minute before that one, at most `NEIGHBOURHOOD` back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """Where the facts come from; without purse, marks and ledger nothing is known of budgets and bills.

    `stale` marks days to be drawn again whose minutes turn out to be over budget.
    """

    heartbeats: HeartbeatSource
    minutes: Minutes
    frames: FrameArrivals
    letters: DeadLetters
    proofs: ProofStore
    purse: Purse | None = None
    marks: BudgetMarks | None = None
    ledger: Ledger | None = None
    stale: StaleDays | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """One thing that is watched: how to judge it, and the words, if any, when its trouble begins and ends."""

    subject: str
    judge: Callable[[Vigil], Trouble | None]
    begun: Callable[[Trouble], Notice | None]
    ended: Callable[[Trouble, datetime], Notice | None]
    hold_s: float = 0.0


def watch_cameras(
    *, site: Site, senses: Senses, vigils: VigilStore, notifier: Notifier, clock: Clock
) -> tuple[str, ...]:
    """Look at cameras, lamps, dead letters and the proof; return the subjects of which people were told.

    What cannot be looked at, or told, does not keep the others from being so.

    Raises:
        CloudError: AWS refused a call; the next look makes it good.

    """
    now = whole_milliseconds(clock())
    known = vigils.vigils()
    told: list[str] = []
    errors: list[CloudError] = []
    for gather in (_letters, _proof, _edges, partial(_budgets, known), _bill):
        with _noted(errors):
            for watched in gather(site, senses, now=now):
                with _noted(errors):
                    if _look(watched, known.get(watched.subject), vigils=vigils, notifier=notifier, now=now):
                        told.append(watched.subject)
    for failed in errors[1:]:
        _log.warning("a look failed: %s", failed)
    if errors:
        raise errors[0]
    return tuple(told)


def dark_cameras(vigils: Mapping[str, Vigil]) -> dict[str, Trouble]:
    """Return the cameras of which people were told that they are dark, or would have been, and why."""
    return {
        subject.removeprefix("camera/"): vigil.trouble
        for subject, vigil in sorted(vigils.items())
        if subject.startswith("camera/") and vigil.trouble and vigil.stage in _DARK
    }


def _look(
    watched: _Watched, stored: Vigil | None, *, vigils: VigilStore, notifier: Notifier, now: datetime
) -> bool:
    """Look once; true when people were told. What is to be told is claimed first, and settled afterwards.

    What the budget withheld from all is told when it opens, if it is still true then.
    """
    vigil = stored or begin_vigil(watched.subject, now)
    following = follow(vigil, watched.judge(vigil), now=now, hold_s=watched.hold_s)
    if following == stored:
        return False
    vigils.put_vigil(following, replaces=stored)
    if not following.must_tell or following.trouble is None:
        return False
    if following.stage is Stage.TELLING:
        notice = watched.begun(following.trouble)
    else:
        notice = watched.ended(following.trouble, following.ended_at or now)
    if notice is not None and notifier.notify(notice) is Delivery.WITHHELD:
        vigils.put_vigil(following.withheld(now), replaces=following)
        return False
    vigils.put_vigil(following.settled(now), replaces=following)
    return notice is not None


@contextmanager
def _noted(errors: list[CloudError]) -> Iterator[None]:
    """Let a look fail without the others; a conflict is no failure, as another look is at it."""
    try:
        yield
    except Conflict:
        return
    except CloudError as error:
        errors.append(error)


def _edges(site: Site, senses: Senses, *, now: datetime) -> Iterator[_Watched]:
    beats = senses.heartbeats.heartbeats()
    words = newest_words(beats)
    for camera_id in sorted({camera.camera_id for camera in site.cameras} | set(words)):
        if camera_id != CANARY:
            yield _camera(camera_id, words.get(camera_id), site=site, senses=senses, now=now)
    for lamps in watched_lamps(site, beats, now=now):
        judge, begun, ended = lamps.judge, lamps.begun, lamps.ended
        yield _Watched(subject=lamps.subject, judge=judge, begun=begun, ended=ended, hold_s=lamps.hold_s)
    if senses.purse is not None and senses.marks is not None:
        mark_held_back(beats, site=site, purse=senses.purse, marks=senses.marks, stale=senses.stale, now=now)


def _budgets(known: Mapping[str, Vigil], site: Site, senses: Senses, *, now: datetime) -> Iterator[_Watched]:
    if senses.purse is not None:
        for each in watched_budgets(site, senses.purse, known, now=now):
            yield _Watched(subject=each.subject, judge=each.judge, begun=each.begun, ended=each.ended)


def _bill(site: Site, senses: Senses, *, now: datetime) -> Iterator[_Watched]:
    if senses.ledger is not None and site.daily_bill_at is not None:
        bill = DailyBill(site, senses.ledger, now)
        yield _Watched(subject=_BILL, judge=bill.judge, begun=bill.begun, ended=bill.ended)


def _letters(site: Site, senses: Senses, *, now: datetime) -> Iterator[_Watched]:
    for queue, count in senses.letters.counts().items():

        def judge(vigil: Vigil, count: int = count) -> Trouble | None:
            return letters_trouble(vigil, count, now=now)

        def begun(trouble: Trouble, queue: str = queue) -> Notice:
            return dead_letters_notice(queue, count=int(trouble.detail), since=trouble.since, tz=site.tz)

        def ended(trouble: Trouble, at: datetime, queue: str = queue) -> Notice:
            return dead_letters_gone_notice(queue, since=trouble.since, gone_at=at, tz=site.tz)

        yield _Watched(
            subject=f"letters/{queue}",
            judge=judge,
            begun=begun,
            ended=ended,
            hold_s=site.watchfulness.dead_after_s,
        )


def _proof(site: Site, senses: Senses, *, now: datetime) -> Iterator[_Watched]:
    proof = senses.proofs.last_proof()

    def judge(vigil: Vigil) -> Trouble | None:
        after_s = site.watchfulness.unproven_after_s
        return proof_trouble(proof, looked_since=vigil.since, now=now, after_s=after_s)

    def begun(_trouble: Trouble) -> Notice:
        return unproven_notice(last_proven_at=proof.proven_at if proof else None, tz=site.tz)

    def ended(trouble: Trouble, at: datetime) -> Notice:
        proven_at = proof.proven_at if proof else at
        return proven_again_notice(proven_at=proven_at, since=trouble.since, tz=site.tz)

    yield _Watched(subject=_ALERTS, judge=judge, begun=begun, ended=ended)


def _camera(
    camera_id: str,
    words: tuple[HeartbeatSeen, CameraLife] | None,
    *,
    site: Site,
    senses: Senses,
    now: datetime,
) -> _Watched:
    camera, after_s = site.camera(camera_id), site.watchfulness.dark_after_s

    def judge(vigil: Vigil) -> Trouble | None:
        if not after_s:
            return None
        facts = _facts(camera_id, words, senses=senses, now=now, after_s=after_s)
        trouble = camera_trouble(facts, looked_since=vigil.since, now=now, dark_after_s=after_s, tz=site.tz)
        if trouble is None and vigil.stage is Stage.MENDING and vigil.ended_at:
            return None if is_back(facts, after=vigil.ended_at, now=now) else vigil.trouble
        return trouble

    def begun(trouble: Trouble) -> Notice:
        return camera_dark_notice(camera, since=trouble.since, reason=trouble.detail, tz=site.tz)

    def ended(trouble: Trouble, at: datetime) -> Notice:
        return camera_back_notice(camera, since=trouble.since, back_at=at, tz=site.tz)

    return _Watched(subject=f"camera/{camera_id}", judge=judge, begun=begun, ended=ended)


def _facts(
    camera_id: str,
    words: tuple[HeartbeatSeen, CameraLife] | None,
    *,
    senses: Senses,
    now: datetime,
    after_s: float,
) -> CameraFacts:
    """Gather what is known of a camera; the bucket is asked only about one that has been quiet for long."""
    seen, life = words or (None, None)
    there = now + seen.ahead if seen else now
    # The minute that has begun, and one more for a clock that is a little ahead.
    minute = senses.minutes.minute_before(camera_id, minute_of(there) + 2 * MINUTE)
    captured_at = minute.folded_until if minute else None
    facts = CameraFacts(seen=seen, life=life, captured_at=captured_at)
    if not is_quiet(facts, now=now, dark_after_s=after_s):
        return facts
    newest = FrameKey(camera_id, _accounted_until(camera_id, captured_at, senses, there=there))
    waiting = senses.frames.arrivals_after(newest, most=_STUCK_FRAMES)
    waiting_since = waiting[-1] if len(waiting) == _STUCK_FRAMES else None
    return CameraFacts(seen=seen, life=life, captured_at=captured_at, waiting_since=waiting_since)


def _accounted_until(
    camera_id: str, captured_at: datetime | None, senses: Senses, *, there: datetime
) -> datetime:
    """Return until when it is known what became of a camera's frames: reported, or over budget.

    What its edge held back says nothing of those that it sent.
    """
    longest = there - NEIGHBOURHOOD
    reported = captured_at or longest
    if senses.marks is None:
        return reported
    marks = senses.marks.marked(camera_id, max(reported - MINUTE, longest), there + MINUTE)
    settled = (mark for mark in marks if mark.kind is Spending.FRAMES and not mark.held)
    return max([reported, *(mark.begins_at + MINUTE for mark in settled)])
