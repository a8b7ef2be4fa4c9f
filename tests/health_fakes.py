"""What the watch needs, in memory, each under the contract test of its real twin."""

from dataclasses import dataclass, field

from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.frames import FrameKey
from vigie.domain.health import Proof, Vigil
from vigie.errors import Conflict


@dataclass
class FakeHealthStore:
    """`VigilStore` and `ProofStore` in memory."""

    _vigils: dict[str, Vigil] = field(default_factory=dict)
    _proof: Proof | None = None
    _told: FrameKey | None = None

    def vigils(self) -> dict[str, Vigil]:
        return dict(self._vigils)

    def put_vigil(self, vigil: Vigil, *, replaces: Vigil | None) -> None:
        if self._vigils.get(vigil.subject) != replaces:
            raise Conflict("the vigil is another one by now")
        self._vigils[vigil.subject] = vigil

    def last_proof(self) -> Proof | None:
        return self._proof

    def add_proof(self, proof: Proof) -> None:
        if self._proof is None or self._proof.frame_key < proof.frame_key:
            self._proof = proof

    def last_told(self) -> FrameKey | None:
        return self._told

    def mark_told(self, frame_key: FrameKey) -> None:
        if self._told is None or self._told < frame_key:
            self._told = frame_key


@dataclass
class FakeHeartbeats:
    """`HeartbeatSource` in memory."""

    beats: dict[str, HeartbeatSeen] = field(default_factory=dict)

    def heartbeats(self) -> tuple[HeartbeatSeen, ...]:
        return tuple(self.beats.values())


@dataclass
class FakeDeadLetters:
    """`DeadLetters` in memory."""

    held: dict[str, int] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        return dict(self.held)
