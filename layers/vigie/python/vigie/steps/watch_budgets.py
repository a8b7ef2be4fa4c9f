"""Which budgets of the day do not suffice, as the watch looks at them: each is told once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from vigie.domain.budget_wording import held_back_notice, over_budget_notice
from vigie.domain.caps import Account, Caps, Spending, spending_day
from vigie.domain.health import Trouble, Vigil
from vigie.domain.notices import Notice
from vigie.domain.sites import Site
from vigie.steps.budget_ports import Purse

_BUDGET = "budget/"


@dataclass(frozen=True, slots=True)
class BudgetWatch:
    """One account: whether its day's budget was refused, or an edge holds back for it, and the words for it.

    The trouble's detail is its day. Midnight ends it without a word, and another day's begins only after
    that: so an account that is used up again at once is told of once more, for the new day.
    """

    subject: str
    day: date
    account: Account | None
    site: Site
    now: datetime

    def judge(self, vigil: Vigil) -> Trouble | None:
        """Return the trouble that the day's budget is used up; none while yesterday's is not settled.

        Whoever leaves some of a cap to others is refused at less, and closes it for nobody else.
        """
        today = self.day.isoformat()
        if self.account is None or not _falls_short(self.account, self.site.caps):
            return None
        if vigil.trouble is not None:
            return vigil.trouble if vigil.trouble.detail == today else None
        return Trouble(self.now, today)

    def begun(self, trouble: Trouble) -> Notice | None:
        """Return the notice that it is used up, or that an edge holds back what it does not cover."""
        account, caps = self.account, self.site.caps
        if account is None:
            return None
        camera = self.site.camera(account.camera_id) if account.camera_id else None
        since, tz = trouble.since, self.site.tz
        if (cap := account.refused_at) is not None:
            kept = caps.of(account.kind) - cap if cap == caps.for_alerts(account.kind) else 0
            return over_budget_notice(
                account.kind, camera, cap=cap, kept=kept, day=self.day, noticed_at=since, tz=tz
            )
        if (cap := account.held_at) is not None:
            return held_back_notice(camera, cap=cap, paced=caps.paced, day=self.day, noticed_at=since, tz=tz)
        return None

    def ended(self, _trouble: Trouble, _at: datetime) -> None:
        """Say nothing: everybody was told when it opens again."""
        return


def watched_budgets(
    site: Site, purse: Purse, known: Mapping[str, Vigil], *, now: datetime
) -> Iterator[BudgetWatch]:
    """Yield the accounts that do not suffice today, and those of which people know from before."""
    day = spending_day(now, site.tz)
    accounts = {_subject(account): account for account in purse.accounts(day)}
    told = {subject for subject in known if subject.startswith(_BUDGET)}
    short = {subject for subject, account in accounts.items() if _falls_short(account, site.caps)}
    for subject in sorted(told | short):
        yield BudgetWatch(subject, day, accounts.get(subject), site, now)


def _falls_short(account: Account, caps: Caps) -> bool:
    return account.is_closed(caps) or account.is_held_back(caps)


def _subject(account: Account) -> str:
    whose = f"/{account.camera_id}" if account.camera_id else ""
    return f"{_BUDGET}{Spending(account.kind).value}{whose}"
