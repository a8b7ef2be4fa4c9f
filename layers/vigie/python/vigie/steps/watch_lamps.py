"""Which lamp groups have failed, as the watch looks at them: each is told once, and once when it is over."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from vigie.domain.darkness import HeartbeatSeen
from vigie.domain.health import Trouble, Vigil
from vigie.domain.lamp_troubles import LampsSeen, failing_after_s, lamps_seen, lamps_trouble
from vigie.domain.lamp_wording import lamps_back_notice, lamps_failed_notice
from vigie.domain.lamps import LampGroup
from vigie.domain.notices import Notice
from vigie.domain.sites import Site


@dataclass(frozen=True, slots=True)
class LampWatch:
    """One lamp group: whether its lamps fail, and the words for it.

    A device that is out of reach for a moment has not failed, so what an agent says of one must last for
    `hold_s`; the silence of an agent has lasted by the time that it is one.
    """

    group: LampGroup
    known: Sequence[LampsSeen]
    site: Site
    now: datetime

    @property
    def subject(self) -> str:
        """What the vigil of it is called."""
        return f"lamps/{self.group.group_id}"

    @property
    def hold_s(self) -> float:
        """How many seconds a trouble lasts before it is told."""
        return failing_after_s(self.site.watchfulness.dark_after_s)

    def judge(self, vigil: Vigil) -> Trouble | None:
        """Return the trouble that the lamps fail; none unless an agent has spoken of them.

        When that agent's word is gone, what people were told stays as it was.
        """
        if not self.site.watchfulness.dark_after_s:
            return None
        if not self.known:
            return vigil.trouble
        since = vigil.trouble.since if vigil.trouble else None
        return lamps_trouble(
            self.known, failing_since=since, now=self.now, after_s=self.hold_s, tz=self.site.tz
        )

    def begun(self, trouble: Trouble) -> Notice:
        """Return the notice that they fail."""
        return lamps_failed_notice(self.group, since=trouble.since, reason=trouble.detail, tz=self.site.tz)

    def ended(self, trouble: Trouble, at: datetime) -> Notice:
        """Return the notice that they follow again."""
        return lamps_back_notice(self.group, since=trouble.since, back_at=at, tz=self.site.tz)


def watched_lamps(site: Site, beats: Iterable[HeartbeatSeen], *, now: datetime) -> Iterator[LampWatch]:
    """Yield the lamp groups of the site."""
    known = lamps_seen(beats)
    for group in site.lamp_groups:
        yield LampWatch(group, known.get(group.group_id, ()), site, now)
