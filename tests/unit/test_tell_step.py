"""SMS and e-mails within their budget: paid for before they go out, and left out when it is used up."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

import pytest

from tests.budget_fakes import FakePurse, FakeRecipients
from tests.builders import NOON
from tests.fakes import FakeNotifier
from tests.golden_notices import cases
from vigie.commands.subscribe import filter_policy
from vigie.domain.caps import Caps, Spending
from vigie.domain.notices import Notice
from vigie.domain.sites import Site
from vigie.errors import Unavailable
from vigie.steps.tell import BudgetedNotifier

CASES = cases()
VISIT = CASES["visit"]
TODAY = date(2026, 1, 31)


def by_sms(**more: list[str]) -> tuple[Spending, dict[str, list[object]]]:
    policy = filter_policy("sms", cameras=more.get("cameras", []), labels=[], rules=[])
    return Spending.SMS, policy


BY_EMAIL = (Spending.EMAIL, filter_policy("email", cameras=[], labels=[], rules=[]))


@dataclass
class Office:
    """People, a purse, and what goes out."""

    people: list[tuple[Spending, dict[str, list[object]]]]
    caps: Caps = field(default_factory=Caps)
    purse: FakePurse = field(default_factory=FakePurse)
    out: FakeNotifier = field(default_factory=FakeNotifier)

    def tell(self, notice: Notice = VISIT) -> dict[Spending, int]:
        """Tell; return how many SMS and e-mails that makes."""
        recipients, before = FakeRecipients(self.people), len(self.out.sent)
        BudgetedNotifier(
            inner=self.out,
            recipients=recipients,
            purse=self.purse,
            site=lambda: Site(caps=self.caps),
            clock=lambda: NOON,
        ).notify(notice)
        sent = self.out.sent[before:]
        return {kind: number for each in sent for kind, number in recipients.reached(each).items()}

    def counted(self) -> dict[Spending, int]:
        return {account.kind: account.taken for account in self.purse.accounts(TODAY)}


def test_each_telephone_is_an_sms_and_at_the_cap_alerts_go_out_without() -> None:
    office = Office([by_sms(), by_sms(), BY_EMAIL], caps=Caps(sms=5))
    told = [office.tell() for _ in range(4)]
    assert told[:2] == [{Spending.SMS: 2, Spending.EMAIL: 1}] * 2
    assert told[2:] == [{Spending.EMAIL: 1}] * 2
    assert office.counted() == {Spending.SMS: 4, Spending.EMAIL: 4}
    assert office.out.sent[0] == VISIT
    assert office.out.sent[-1].attributes["channels"] == ("email", "machine")
    accounts = {account.kind: account for account in office.purse.accounts(TODAY)}
    assert accounts[Spending.SMS].by_camera == {"hall": 4}
    assert accounts[Spending.SMS].refused_at == 5


def test_that_the_e_mails_are_used_up_is_told_by_e_mail() -> None:
    office = Office([BY_EMAIL], caps=Caps(emails=10))
    assert [office.tell() for _ in range(10)] == [{Spending.EMAIL: 1}] * 9 + [{}]
    (account,) = office.purse.accounts(TODAY)
    assert account.is_closed(office.caps)
    assert not account.is_closed(Caps(emails=20))
    told = [office.tell(CASES["over_budget_emails"]) for _ in range(2)]
    assert told == [{Spending.EMAIL: 1}, {}]
    (account,) = office.purse.accounts(TODAY)
    assert account.is_closed(office.caps)


def test_who_does_not_ask_for_a_camera_is_not_counted() -> None:
    office = Office([by_sms(cameras=["yard"]), by_sms(cameras=["hall"])])
    assert office.tell() == {Spending.SMS: 1}
    assert office.counted() == {Spending.SMS: 1}


def test_with_every_channel_closed_machines_hear_and_nobody_else() -> None:
    office = Office([by_sms(), BY_EMAIL], caps=Caps(sms=0, emails=0))
    assert office.tell() == {}
    assert len(office.out.sent) == 1
    assert office.out.sent[0].attributes["channels"] == ("machine",)
    # Of a notice for people alone there is no channel left: an empty list would be no attribute at all.
    assert office.tell(_for("sms")) == {}
    assert office.out.sent[-1].attributes["channels"] == ("none",)


def _for(*channels: str) -> Notice:
    return Notice(
        kind=VISIT.kind, subject="s", email="e", sms="s", data={}, attributes={"channels": channels}
    )


def test_a_subscription_that_no_filter_holds_back_withholds_the_notice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    office = Office([(Spending.SMS, {}), BY_EMAIL], caps=Caps(sms=1))
    assert office.tell() == {Spending.SMS: 1, Spending.EMAIL: 1}
    assert office.tell() == {}
    assert len(office.out.sent) == 1
    assert "a notice is withheld: the budget of sms is used up" in caplog.text


def test_a_purse_that_cannot_be_asked_lets_nothing_out() -> None:
    class Broken(FakePurse):
        def take(self, *_: object, **__: object) -> bool:
            raise Unavailable("throttled")

    office = Office([by_sms()], purse=Broken())
    with pytest.raises(Unavailable):
        office.tell()
    assert office.out.sent == []


class Unknown(FakeRecipients):
    """Nobody knows who follows the topic."""

    def reached(self, _: Notice) -> Counter[Spending]:
        raise Unavailable("throttled")


def test_who_follows_is_not_known_so_sms_stay_out_and_e_mails_go(caplog: pytest.LogCaptureFixture) -> None:
    out, purse = FakeNotifier(), FakePurse()
    notifier = BudgetedNotifier(inner=out, recipients=Unknown(), purse=purse, site=Site, clock=lambda: NOON)
    notifier.notify(VISIT)
    assert [each.attributes["channels"] for each in out.sent] == [("email", "machine")]
    assert purse.accounts(TODAY) == ()
    assert "a notice goes out without SMS: throttled" in caplog.text
