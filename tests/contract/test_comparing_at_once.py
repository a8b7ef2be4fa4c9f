"""Eight workers compare the same frames at once, over the fakes and over the table: nobody pays twice."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.budget_fakes import FakePurse
from tests.builders import at, report, seen
from tests.compare_fakes import FakeComparisonStore, FakeLabelService, FakeReviewShelf
from tests.contract.conftest import TABLE
from tests.fakes import FakeReportStore
from tests.one_at_a_time import OneAtATime
from vigie.aws import clients
from vigie.aws.comparison_store import DynamoComparisonStore
from vigie.aws.purse_store import DynamoPurse
from vigie.domain.caps import Caps, Spending, spending_day
from vigie.domain.comparison import Comparison
from vigie.domain.frames import FrameKey
from vigie.domain.sites import Site
from vigie.errors import Conflict
from vigie.steps.compare import Outcome, compare_labels

FRAMES, CAP, TIMES = 24, 16, 4


@pytest.mark.parametrize("cap", [CAP, 1000])
def test_a_frame_is_paid_once_and_none_over_the_cap(twin: str, cap: int) -> None:
    site = Site(comparison=Comparison(share=1), caps=Caps(rekognition_calls=cap))
    service = FakeLabelService((seen(),))
    reports = FakeReportStore()
    keys = [reports.add_report(report(n, seen())).key for n in range(FRAMES)]
    comparisons: FakeComparisonStore | DynamoComparisonStore = FakeComparisonStore()
    purse: FakePurse | DynamoPurse = FakePurse()
    if twin == "moto":
        client: Any = OneAtATime(clients.dynamodb())
        comparisons = DynamoComparisonStore(client, TABLE)
        purse = DynamoPurse(client, TABLE)

    def take(key: FrameKey) -> Outcome:
        while True:
            try:
                return compare_labels(
                    key,
                    site=site,
                    reports=reports,
                    comparisons=comparisons,
                    service=service,
                    shelf=FakeReviewShelf(),
                    purse=purse,
                    micro_usd=1000,
                    clock=lambda: at(60),
                )
            except Conflict:  # the message comes again
                continue

    events = keys * TIMES
    random.Random(7).shuffle(events)
    with ThreadPoolExecutor(8) as workers:
        outcomes = Counter(workers.map(take, events))
    paid = min(cap, FRAMES)
    assert max(Counter(service.looked).values()) == 1
    assert len(service.looked) == outcomes[Outcome.COMPARED] == paid
    (account,) = purse.accounts(spending_day(at(60), site.tz))
    assert (account.kind, account.taken) == (Spending.REKOGNITION, paid)
    assert len(comparisons.comparisons("hall", at(0), at(60))) == paid
