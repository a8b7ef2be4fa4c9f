"""The canary: send one, let its alert out, record that it arrived."""

from vigie.domain.cameras import CANARY
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof
from vigie.domain.instants import seconds_between, whole_milliseconds
from vigie.domain.notices import Delivery
from vigie.domain.series import VisitsChange
from vigie.domain.sites import Site
from vigie.domain.watch_wording import (
    canary_notice,
)
from vigie.steps.health_ports import (
    FramePost,
    ProofStore,
)
from vigie.steps.ports import (
    Clock,
    Notifier,
)

# What the edge would say of a camera that takes one picture an hour is of no use to the visits of this one.
_INTERVAL_S = 1.0


def send_canary(jpeg: bytes, *, frames: FramePost, clock: Clock) -> FrameKey:
    """Send one canary, taken now, on the way of every frame; return its key.

    Raises:
        CloudError: AWS refused the call.

    """
    now = whole_milliseconds(clock())
    frame = Frame(FrameKey(CANARY, now), jpeg, interval_s=_INTERVAL_S, sampled_at=now)
    frames.post(frame)
    return frame.key


def announce_canary(
    frame_key: FrameKey, change: VisitsChange, *, site: Site, proofs: ProofStore, notifier: Notifier
) -> bool:
    """Send the alert about a canary that was seen; false when that proves nothing.

    So it is when no visit began with it, or when a budget withheld it, as it then does any alert. No rule,
    cooldown, snooze or hour holds it back, and it charges no cooldown. It may go out twice.

    Raises:
        CloudError: AWS refused a call; the event should be tried again.

    """
    if not change.begun:
        return False
    if notifier.notify(canary_notice(frame_key=frame_key, tz=site.tz)) is Delivery.WITHHELD:
        return False
    proofs.mark_told(frame_key)
    return True


def record_proof(frame_key: FrameKey, *, proofs: ProofStore, clock: Clock) -> Proof:
    """Record that a canary's alert came out at the far end; doing so again changes nothing.

    Raises:
        CloudError: AWS refused the call; the event should be tried again.

    """
    now = whole_milliseconds(clock())
    proof = Proof(frame_key, now, seconds_between(frame_key.captured_at, now))
    proofs.add_proof(proof)
    return proof
