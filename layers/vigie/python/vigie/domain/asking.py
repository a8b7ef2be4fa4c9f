"""Asking: which visits make a rule ask for an alert, and in which frame.

This is part of the fold over a camera's frames, and so a function of those frames alone: a visit carries how
it stands with each rule from frame to frame, and whether an alert is asked for never depends on the order in
which frames arrive.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from vigie.domain.detections import Detection
from vigie.domain.instants import seconds_between
from vigie.domain.rules import AlertRule, CameraRules
from vigie.domain.visits import Standing, Visit

# A crowd that is one short for less than this is still the same crowd.
_CROWD_PAUSE_S = 60.0


def ask(
    seen: Sequence[tuple[Visit, Detection]],
    waiting: Sequence[Visit],
    instant: datetime,
    *,
    camera: CameraRules,
    memory_s: float,
) -> tuple[Visit, ...]:
    """Return the visits that a frame shows, in the same order, with their standings after it.

    `waiting` are those that are open and not in this frame. Who was away from where a rule looks for longer
    than `memory_s` begins his stay anew.
    """
    visits = [visit for visit, _ in seen]
    for rule in camera.rules:
        if not rule.is_on(instant, camera.tz):
            continue
        standings = {
            index: _standing(visits[index], rule, instant, memory_s)
            for index, (visit, detection) in enumerate(seen)
            if rule.counts(visit.label, detection.zones)
        }
        there = [
            index
            for index, standing in standings.items()
            if seconds_between(standing.since, instant) >= rule.min_stay_s
        ]
        if rule.min_number == 1:
            for index in there:
                if standings[index].asked_at is None:
                    standings[index] = replace(standings[index], asked_at=instant, number=1)
        elif len(there) >= rule.min_number:
            going_on = any(_in_crowd(visit, rule, instant, memory_s) for visit in (*visits, *waiting))
            for index in there:
                standings[index] = replace(standings[index], crowd_at=instant)
            if not going_on:
                # Whoever was the last to join made the number full.
                last = max(there, key=lambda index: (standings[index].since, visits[index].visit_id))
                standings[last] = replace(standings[last], asked_at=instant, number=len(there))
        for index, standing in standings.items():
            if standing is not visits[index].standing(rule.rule_id):
                visits[index] = visits[index].stands(standing)
    return tuple(visits)


def _standing(visit: Visit, rule: AlertRule, instant: datetime, memory_s: float) -> Standing:
    known = visit.standing(rule.rule_id)
    if known is None:
        return Standing(rule.rule_id, instant, instant)
    if not rule.min_stay_s:
        # Nobody asks how long: what is stored then stays as short, and changes less.
        return known
    if seconds_between(known.until, instant) > memory_s:
        return replace(known, since=instant, until=instant)
    return replace(known, until=instant)


def _in_crowd(visit: Visit, rule: AlertRule, instant: datetime, memory_s: float) -> bool:
    standing = visit.standing(rule.rule_id)
    if standing is None or standing.crowd_at is None:
        return False
    return seconds_between(standing.crowd_at, instant) <= max(memory_s, _CROWD_PAUSE_S)
