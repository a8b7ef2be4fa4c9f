"""What the doctor makes of an edge agent's newest heartbeat: a finding for each thing that is wrong."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Final

from vigie.domain.darkness import SHORTEST_DARK_S, HeartbeatSeen
from vigie.domain.findings import Finding, failure, ok, warning
from vigie.domain.heartbeats import Heartbeat, heartbeat_key
from vigie.domain.instants import seconds_between

_WRONG_CLOCK_S = 10.0
_RIGHTS = "see to its network and its rights: `python -m edge_agent enroll` grants them"

# What an agent may say of itself, how grave it is, in which words, and what to do.
_SAID: Final[
    tuple[tuple[Callable[[Heartbeat], str | None], Callable[[str, str], Finding], str, str], ...]
] = (
    (lambda beat: beat.upload_error, failure, "cannot upload", _RIGHTS),
    (lambda beat: beat.report_error, failure, "cannot bring its reports", _RIGHTS),
    (lambda beat: beat.heartbeat_error, warning, "had no way for its heartbeats", _RIGHTS),
    (lambda beat: beat.site_error, warning, "refuses the site document", "correct the document"),
    (
        lambda beat: beat.site_denied,
        warning,
        "cannot follow the site document",
        "store one, grant s3:GetObject on it, or set follow_site = false in its cameras.toml",
    ),
    (
        lambda beat: beat.lamps_error,
        failure,
        "does not hear what its lamps are asked for",
        "see to its network; where a right is missing, enroll it again with --lamps",
    ),
    (
        lambda beat: beat.agent_error,
        failure,
        "has a fault of its own",
        "read its log (journalctl -u vigie-edge -p warning) and upgrade it",
    ),
)


def judge_agent(seen: HeartbeatSeen, *, now: datetime, tz: tzinfo) -> tuple[Finding, ...]:
    """Judge an edge agent by its newest heartbeat."""
    beat, who = seen.heartbeat, f"agent {seen.heartbeat.agent_id}"
    silent_s = seconds_between(seen.arrived_at, now)
    if silent_s >= SHORTEST_DARK_S:
        return (
            warning(
                f"{who} is silent since {seen.arrived_at.astimezone(tz):%Y-%m-%d %H:%M}",
                f"see to its power and network; remove {heartbeat_key(beat.agent_id)} if it is gone for good",
            ),
        )
    findings = [
        finding(f"{who} {words}: {sentence}", remedy)
        for said, finding, words, remedy in _SAID
        if (sentence := said(beat))
    ]
    ahead_s = seen.ahead.total_seconds() if beat.clock_ahead_s is None else beat.clock_ahead_s
    if abs(ahead_s) > _WRONG_CLOCK_S:
        way = "ahead" if ahead_s > 0 else "behind"
        findings.append(warning(f"{who}'s clock is {abs(ahead_s):.0f} s {way}", "let it keep time by NTP"))
    return tuple(findings) or (ok(f"{who} ({beat.version}) spoke {silent_s:.0f} s ago"),)
