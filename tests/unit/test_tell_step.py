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
from vigie.domain.notices import Delivery, Notice
from vigie.domain.sites import Site
from vigie.errors import CloudError, NotSent, Unavailable
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
    machines: list[dict[str, list[object]]] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    faults: list[CloudError] = field(default_factory=list)

    def tell(self, notice: Notice = VISIT) -> dict[Spending, int]:
        """Tell; return how many SMS and e-mails that makes."""
        recipients, before = FakeRecipients(self.people, self.machines), len(self.out.sent)
        delivery = BudgetedNotifier(
            inner=self,
            recipients=recipients,
            purse=self.purse,
            site=lambda: Site(caps=self.caps),
            clock=lambda: NOON,
        ).notify(notice)
        self.deliveries.append(delivery)
        sent = self.out.sent[before:]
        return {kind: number for each in sent for kind, number in recipients.reached(each).items()}

    def notify(self, notice: Notice) -> Delivery:
        """Publish, or fail as is to come next."""
        if self.faults:
            raise self.faults.pop(0)
        return self.out.notify(notice)

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
    assert accounts[Spending.SMS].refused_at == office.caps.for_alerts(Spending.SMS) == 4


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


def test_a_notice_that_the_budget_leaves_nobody_to_hear_is_withheld(caplog: pytest.LogCaptureFixture) -> None:
    office = Office([by_sms(), BY_EMAIL], caps=Caps(sms=1, emails=2))
    told = [office.tell() for _ in range(4)]
    assert told == [{Spending.SMS: 1, Spending.EMAIL: 1}, {}, {}, {}]
    assert office.deliveries == [Delivery.SENT, *[Delivery.WITHHELD] * 3]
    assert "a notice reaches nobody: the budget of email, sms is used up" in caplog.text
    assert office.tell(_for("machine")) == {}
    assert office.deliveries[-1] is Delivery.SENT, "nobody had asked, and no budget kept it from anybody"
    office.machines = [{"kind": ["visit"]}]
    assert office.tell() == {}
    assert office.deliveries[-1] is Delivery.SENT, "a machine heard it"


def test_a_notice_that_is_withheld_for_one_channel_spends_nothing_of_another() -> None:
    office = Office([by_sms(), (Spending.EMAIL, {})], caps=Caps(emails=2, sms=9))
    for _ in range(5):
        office.tell()
    assert office.deliveries == [Delivery.SENT, *[Delivery.WITHHELD] * 4]
    assert office.counted() == {Spending.SMS: 1, Spending.EMAIL: 1}


@pytest.mark.parametrize(
    ("emails", "for_alerts"), [(0, 0), (1, 1), (2, 1), (9, 8), (10, 9), (19, 18), (20, 18), (500, 450)]
)
def test_one_e_mail_at_least_is_kept_for_the_word_that_they_are_used_up(emails: int, for_alerts: int) -> None:
    office = Office([BY_EMAIL], caps=Caps(emails=emails))
    told = [office.tell() for _ in range(for_alerts + 1)]
    assert told == [*[{Spending.EMAIL: 1}] * for_alerts, {}]
    heard = office.tell(CASES["over_budget_emails"])
    assert heard == ({Spending.EMAIL: 1} if emails > for_alerts else {})


@pytest.mark.parametrize(
    ("telephones", "sms", "alerts", "hear"),
    [(1, 0, 0, 0), (1, 1, 1, 0), (1, 2, 1, 1), (1, 7, 6, 1), (1, 20, 15, 1), (3, 20, 5, 3), (6, 20, 2, 6)],
)
def test_who_has_only_telephones_hears_that_the_sms_are_used_up(
    telephones: int, sms: int, alerts: int, hear: int
) -> None:
    office = Office([by_sms()] * telephones, caps=Caps(sms=sms))
    told = [office.tell() for _ in range(alerts + 1)]
    assert told == [*[{Spending.SMS: telephones}] * alerts, {}]
    (account,) = office.purse.accounts(TODAY)
    assert account.is_closed(office.caps), "the watch tells of it"
    assert office.tell(CASES["over_budget_sms"]) == ({Spending.SMS: hear} if hear else {})
    assert sum(office.counted().values()) <= sms


def test_what_is_kept_is_not_for_the_budgets_of_cameras() -> None:
    office = Office([by_sms()] * 5, caps=Caps(sms=20))
    of_a_camera = CASES["over_budget_frames"]
    assert of_a_camera.attributes["camera_id"]
    assert [office.tell(of_a_camera) for _ in range(4)] == [{Spending.SMS: 5}] * 3 + [{}]
    assert office.tell(CASES["over_budget_sms"]) == {Spending.SMS: 5}


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


def test_a_topic_that_refuses_for_a_while_eats_no_sms() -> None:
    office = Office([by_sms()] * 3 + [BY_EMAIL] * 2, caps=Caps(sms=20))
    office.faults = [NotSent("throttled")] * 10
    for _ in range(5):
        with pytest.raises(NotSent):
            office.tell()
    assert office.counted() == {Spending.SMS: 0, Spending.EMAIL: 0}
    assert [office.tell() for _ in range(6)] == [{Spending.SMS: 3, Spending.EMAIL: 2}] * 5 + [
        {Spending.EMAIL: 2}
    ]


def test_what_may_have_gone_out_stays_counted_and_is_not_sent_again_at_once() -> None:
    office = Office([by_sms()] * 3, caps=Caps(sms=20))
    office.faults = [Unavailable("timed out")] * 5
    for number in range(1, 6):
        with pytest.raises(Unavailable):
            office.tell()
        assert office.counted() == {Spending.SMS: 3 * number}
    assert office.tell() == {}, "it is not known that any of the fifteen did not go out"
    assert office.tell(CASES["over_budget_sms"]) == {Spending.SMS: 3}


def test_a_fault_of_a_moment_holds_nobody_up() -> None:
    office = Office([by_sms(), BY_EMAIL], faults=[NotSent("throttled")])
    assert office.tell() == {Spending.SMS: 1, Spending.EMAIL: 1}
    assert office.counted() == {Spending.SMS: 1, Spending.EMAIL: 1}
    office = Office([BY_EMAIL], faults=[Unavailable("timed out")])
    with pytest.raises(Unavailable):
        office.tell()
    assert office.counted() == {Spending.EMAIL: 1}, "it may have come, and the queue asks again"


def test_what_cannot_be_given_back_stays_counted(caplog: pytest.LogCaptureFixture) -> None:
    class Stingy(FakePurse):
        def give_back(self, *_: object, **__: object) -> None:
            raise Unavailable("timed out")

    office = Office([by_sms()], purse=Stingy(), faults=[NotSent("throttled")])
    assert office.tell() == {Spending.SMS: 1}
    assert office.counted() == {Spending.SMS: 2}
    assert "1 of sms that were not sent stay counted: timed out" in caplog.text


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
