"""Which budgets of the day are used up, as the watch looks at them: each is told once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from vigie.domain.budget_wording import over_budget_notice
from vigie.domain.caps import Account, Spending, spending_day
from vigie.domain.health import Trouble, Vigil
from vigie.domain.notices import Notice
from vigie.domain.sites import Site
from vigie.steps.budget_ports import Purse

_BUDGET = "budget/"


@dataclass(frozen=True, slots=True)
class BudgetWatch:
    """One account: whether its day's budget was refused, and the words for it.

    The trouble's detail is its day. Midnight ends it without a word, and another day's begins only after
    that: so an account that is used up again at once is told of once more, for the new day.
    """

    subject: str
    day: date
    account: Account | None
    site: Site
    now: datetime

    def judge(self, vigil: Vigil) -> Trouble | None:
        """Return the trouble that the day's budget is used up; none while yesterday's is not settled."""
        today = self.day.isoformat()
        if self.account is None or self.account.refused_at is None:
            return None
        if vigil.trouble is not None:
            return vigil.trouble if vigil.trouble.detail == today else None
        return Trouble(self.now, today)

    def begun(self, trouble: Trouble) -> Notice | None:
        """Return the notice that it is used up."""
        account = self.account
        if account is None or account.refused_at is None:
            return None
        return over_budget_notice(
            account.kind,
            self.site.camera(account.camera_id) if account.camera_id else None,
            cap=account.refused_at,
            day=self.day,
            noticed_at=trouble.since,
            tz=self.site.tz,
        )

    def ended(self, _trouble: Trouble, _at: datetime) -> None:
        """Say nothing: everybody was told when it opens again."""
        return


def watched_budgets(
    site: Site, purse: Purse, known: Mapping[str, Vigil], *, now: datetime
) -> Iterator[BudgetWatch]:
    """Yield the accounts that were refused something today, and those of which people know from before."""
    day = spending_day(now, site.tz)
    accounts = {_subject(account): account for account in purse.accounts(day)}
    told = {subject for subject in known if subject.startswith(_BUDGET)}
    refused = {subject for subject, account in accounts.items() if account.refused_at is not None}
    for subject in sorted(told | refused):
        yield BudgetWatch(subject, day, accounts.get(subject), site, now)


def _subject(account: Account) -> str:
    whose = f"/{account.camera_id}" if account.camera_id else ""
    return f"{_BUDGET}{Spending(account.kind).value}{whose}"
