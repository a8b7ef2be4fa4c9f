"""Health: what Vigie finds out about itself, and when it tells people.

A camera that is dark, letters that are dead, an alert path that has not been proven: each is a `Trouble`
that one rule, `follow`, turns into one notice when it has lasted, and one when it is over.

A check may run twice at once, again, or die half-way. So what is to be told is claimed first (`TELLING`),
sent, then settled (`TOLD`). A claim that nobody settled is taken over: a notice may come twice, never not.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from vigie.domain.cameras import CANARY
from vigie.domain.caps import Caps
from vigie.domain.comparison import Comparison
from vigie.domain.frames import FRAMES_PREFIX, FrameKey
from vigie.domain.instants import seconds_between
from vigie.domain.sites import Retention, Site
from vigie.domain.visits import VisitLimits

CANARY_FRAMES = f"{FRAMES_PREFIX}{CANARY}/"
# Longer than a check may take, and shorter than the minute after which the next one comes.
LEASE_S = 50.0
# So often what a budget withheld is tried again: it opens at midnight, or when its cap is raised.
_RETRY_S = 600.0
# Two looks at the same moment are one.
_LOOKS_APART_S = 30.0


@dataclass(frozen=True, slots=True)
class Proof:
    """An alert about a canary came out at the far end: at `proven_at`, `seconds` after the frame was sent."""

    frame_key: FrameKey
    proven_at: datetime
    seconds: float


def canary_site(site: Site) -> Site:
    """Return the site as a canary finds it: its visits begin whatever the site's limits, and no rule asks.

    Nothing about it is kept for longer than a day, and no cap of the site's holds for it: 24 frames a day.
    """
    return replace(
        site,
        cameras=(),
        places=(),
        lamp_groups=(),
        rules=(),
        visits=VisitLimits(),
        comparison=Comparison(),
        retention=Retention(reports_days=1, minutes_days=1, alerts_days=1),
        caps=Caps(),
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something is wrong since then; `detail` says what, in words or numbers for the notice."""

    since: datetime
    detail: str = ""


class Stage(StrEnum):
    """How far a trouble has come.

    `well` no trouble; `ailing` not told yet; `telling` claimed for sending; `told` people know;
    `mending` over, but seen only once so; `telling_end` the end is claimed for sending. `withheld` and
    `withheld_end`: the day's budget left nobody to hear of it, and people do not know.
    """

    WELL = "well"
    AILING = "ailing"
    TELLING = "telling"
    TOLD = "told"
    MENDING = "mending"
    TELLING_END = "telling_end"
    WITHHELD = "withheld"
    WITHHELD_END = "withheld_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vigil:
    """What is remembered of one thing that is watched: `subject` is such as `camera/hall`.

    `since` is when it was first looked at, `at` when the stage was reached; `trouble` is None while all is
    well, `ended_at` is when it was first found over.
    """

    subject: str
    since: datetime
    stage: Stage
    at: datetime
    trouble: Trouble | None = None
    ended_at: datetime | None = None

    @property
    def must_tell(self) -> bool:
        """Whether the one who stored it has a notice to send."""
        return self.stage in {Stage.TELLING, Stage.TELLING_END}

    def settled(self, now: datetime) -> "Vigil":
        """Return what follows when its notice is sent."""
        if self.stage is Stage.TELLING:
            return replace(self, stage=Stage.TOLD, at=now)
        return replace(self, stage=Stage.WELL, at=now, trouble=None, ended_at=None)

    def withheld(self, now: datetime) -> "Vigil":
        """Return what follows when its notice reached nobody, for the budget had nothing left."""
        stage = Stage.WITHHELD if self.stage is Stage.TELLING else Stage.WITHHELD_END
        return replace(self, stage=stage, at=now)


def begin_vigil(subject: str, now: datetime) -> Vigil:
    """Return what is remembered of a thing that is looked at for the first time."""
    return Vigil(subject=subject, since=now, stage=Stage.WELL, at=now)


def follow(
    vigil: Vigil, trouble: Trouble | None, *, now: datetime, hold_s: float = 0.0, lease_s: float = LEASE_S
) -> Vigil:
    """Return the vigil after one more look, itself when nothing changed.

    A trouble is told when it has lasted for `hold_s`; its end when two looks in a row have found it over.
    When a sender died, and the trouble has ended meanwhile (or has come again), nobody knows whether its
    notice went out: it counts as sent, so that the notice that is true now follows. Of what was withheld one
    knows that it did not: when it ends, nobody needs to hear of it.
    """

    waited_s = seconds_between(vigil.at, now)
    match vigil.stage:
        case Stage.TELLING | Stage.TELLING_END if waited_s < lease_s:
            return vigil
        case Stage.TELLING if trouble:
            return replace(vigil, at=now)
        case Stage.TELLING_END if not trouble:
            return replace(vigil, at=now)
        case Stage.TELLING:
            return replace(vigil, stage=Stage.MENDING, at=now, ended_at=now)
        case Stage.TOLD:
            return vigil if trouble else replace(vigil, stage=Stage.MENDING, at=now, ended_at=now)
        case Stage.MENDING if trouble:
            return replace(vigil, stage=Stage.TOLD, at=now, ended_at=None)
        case Stage.MENDING:
            return replace(vigil, stage=Stage.TELLING_END, at=now) if waited_s >= _LOOKS_APART_S else vigil
        case Stage.WITHHELD_END if trouble:
            return replace(vigil, stage=Stage.TOLD, at=now, ended_at=None)
        case Stage.WITHHELD_END:
            return replace(vigil, stage=Stage.TELLING_END, at=now) if waited_s >= _RETRY_S else vigil
        case Stage.WITHHELD if trouble and waited_s < _RETRY_S:
            return vigil
    if not trouble:
        return vigil if vigil.stage is Stage.WELL else replace(vigil, stage=Stage.WELL, at=now, trouble=None)
    if seconds_between(trouble.since, now) >= hold_s:
        return replace(vigil, stage=Stage.TELLING, at=now, trouble=trouble, ended_at=None)
    if vigil.stage is Stage.AILING:
        return vigil
    return replace(vigil, stage=Stage.AILING, at=now, trouble=trouble, ended_at=None)


def proof_trouble(
    proof: Proof | None, *, looked_since: datetime, now: datetime, after_s: float
) -> Trouble | None:
    """Return the trouble that alerts have not been proven for `after_s` seconds; 0 asks for none."""
    last = proof.proven_at if proof else looked_since
    return Trouble(last) if after_s and seconds_between(last, now) >= after_s else None


def letters_trouble(vigil: Vigil, count: int, *, now: datetime) -> Trouble | None:
    """Return the trouble that a dead-letter queue holds letters: since the first look that found some."""
    if not count:
        return None
    known = vigil.trouble if vigil.stage is not Stage.WELL else None
    return Trouble(known.since if known else now, str(count))
