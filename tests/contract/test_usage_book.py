"""What every `UsageBook` does, the fake as the table."""

from datetime import date, timedelta

import pytest

from tests.budget_fakes import FakeUsageBook
from tests.contract.conftest import TABLE
from vigie.aws import clients
from vigie.aws.usage_book import DynamoUsageBook
from vigie.domain.usage import NO_USAGE, Usage
from vigie.steps.charging import UsageBook

DAY = date(2026, 1, 31)
NEXT = DAY + timedelta(days=1)


@pytest.fixture
def book(twin: str) -> UsageBook:
    return FakeUsageBook() if twin == "fake" else DynamoUsageBook(clients.dynamodb(), TABLE)


def test_what_is_added_is_summed_up_by_camera_and_day(book: UsageBook) -> None:
    assert book.used(DAY, NEXT) == {}
    book.add("hall", DAY, Usage(1, 2, 3, 4, 5, 6, 7, 8))
    book.add("hall", DAY, Usage(messages=1))
    book.add("hall", DAY, NO_USAGE)
    book.add("hall-2", DAY, Usage(gets=1))
    book.add("hall", NEXT, Usage(shadow_operations=2))
    of_day = {("hall", DAY): Usage(1, 2, 3, 4, 5, 6, 8, 8), ("hall-2", DAY): Usage(gets=1)}
    assert book.used(DAY, DAY) == of_day
    assert book.used(DAY, NEXT) == of_day | {("hall", NEXT): Usage(shadow_operations=2)}
    assert book.used(NEXT, NEXT) == {("hall", NEXT): Usage(shadow_operations=2)}
