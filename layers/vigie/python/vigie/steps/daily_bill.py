"""A day is over: what it cost, and what a month like this costs, told once where the site asks for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from vigie.domain.bill_wording import daily_bill_notice
from vigie.domain.cameras import CANARY
from vigie.domain.energy import energy_line
from vigie.domain.health import Trouble, Vigil
from vigie.domain.ledger import DaySpent, days_spent, projection
from vigie.domain.notices import Notice
from vigie.domain.prices import Prices
from vigie.domain.sites import Site
from vigie.steps.budget_ports import Purse
from vigie.steps.charging import UsageBook
from vigie.steps.lamp_energy import day_energies
from vigie.steps.lamp_ports import DayMinutes
from vigie.steps.ports import RollupStore

# As many as the month's figure looks at.
_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Where the figures are: daily sums, minutes (of lamps), what was bought, what was used, and prices."""

    minutes: DayMinutes
    rollups: RollupStore
    purse: Purse
    prices: Prices
    book: UsageBook | None = None


@dataclass(frozen=True, slots=True)
class DailyBill:
    """Yesterday's bill as something that the watch looks at: told from `at` on, and over at midnight."""

    site: Site
    ledger: Ledger
    now: datetime

    def judge(self, vigil: Vigil) -> Trouble | None:
        """Return a trouble from the hour on at which the site wants to hear; its detail is the day."""
        local = self.now.astimezone(self.site.tz)
        today = local.date().isoformat()
        at = self.site.daily_bill_at
        if at is None or local.time() < time.fromisoformat(at):
            return None
        if vigil.trouble is not None:
            return vigil.trouble if vigil.trouble.detail == today else None
        return Trouble(self.now, today)

    def begun(self, _trouble: Trouble) -> Notice:
        """Return the notice about the day before."""
        today = self.now.astimezone(self.site.tz).date()
        spent, cameras = self._spent()
        month = projection(spent, today=today, elapsed=0.0, prices=self.ledger.prices, cameras=cameras)
        yesterday = today - timedelta(days=1)
        return daily_bill_notice(
            [each for each in spent if each.day == yesterday],
            yesterday,
            month=month,
            prices=self.ledger.prices,
            site=self.site,
            lamps=tuple(self._lamps(yesterday)),
        )

    def ended(self, _trouble: Trouble, _at: datetime) -> None:
        """Say nothing: the next one comes tomorrow."""
        return

    def _lamps(self, day: date) -> Iterator[str]:
        """Say of each lamp group what it used on the day."""
        for energy in day_energies(self.site, day, minutes=self.ledger.minutes, now=self.now):
            yield energy_line(energy)

    def _spent(self) -> tuple[tuple[DaySpent, ...], int]:
        """Return what the last days came to, and the number of cameras."""
        today = self.now.astimezone(self.site.tz).date()
        days = [today - timedelta(days=n) for n in range(_DAYS, 0, -1)]
        accounts = {day: self.ledger.purse.accounts(day) for day in days}
        cameras = {camera.camera_id for camera in self.site.cameras}
        cameras |= {one.camera_id for of_day in accounts.values() for one in of_day if one.camera_id}
        cameras -= {CANARY}
        totals = [
            each
            for camera_id in sorted(cameras)
            for each in self.ledger.rollups.totals(camera_id, days[0], days[-1])
        ]
        book = self.ledger.book
        used = book.used(days[0], days[-1]) if book else {}
        return days_spent(totals, accounts, used), len(cameras)
