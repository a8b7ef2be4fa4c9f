"""What the watch, the canary and the page must know of Vigie's own health; other ports are in `ports`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof, Vigil


class FramePost(Protocol):
    """Sends frames on their way, as an edge does."""

    def post(self, frame: Frame) -> None:
        """Put a frame into the bucket.

        Raises:
            Conflict: one of that key is there already.

        """


class FrameArrivals(Protocol):
    """Knows which frames have arrived, whether or not anybody has looked at them."""

    def arrivals_after(self, key: FrameKey, *, most: int) -> tuple[datetime, ...]:
        """Return when the first frames of the same camera after that one arrived, in order of capture."""


class HeartbeatSource(Protocol):
    """Gives what the edge agents said last."""

    def heartbeats(self) -> tuple[HeartbeatSeen, ...]:
        """Return each agent's newest heartbeat; one that cannot be read is left out, and said in the log."""


class DeadLetters(Protocol):
    """Counts the messages that failed for good."""

    def counts(self) -> Mapping[str, int]:
        """Return how many each dead-letter queue holds, by its name."""


class VigilStore(Protocol):
    """Remembers how far each trouble has come; reads see every earlier write."""

    def vigils(self) -> Mapping[str, Vigil]:
        """Return all vigils by subject."""

    def put_vigil(self, vigil: Vigil, *, replaces: Vigil | None) -> None:
        """Store a vigil.

        Raises:
            Conflict: what is stored is not `replaces` (None: nothing) any more.

        """


class ProofStore(Protocol):
    """Remembers when the alert path was last proven, and how far the newest canary came."""

    def last_proof(self) -> Proof | None:
        """Return the newest canary that came out at the far end; None when none ever did."""

    def add_proof(self, proof: Proof) -> None:
        """Record a proof, unless that canary's, or that of a later one, is there."""

    def last_told(self) -> FrameKey | None:
        """Return the newest canary whose alert was handed to the alerts topic."""

    def mark_told(self, frame_key: FrameKey) -> None:
        """Record that a canary's alert was handed over, unless that of a later one was."""
