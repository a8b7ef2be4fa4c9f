"""The ledger: what was counted, priced; and what that makes of a month."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.camera_days import NOON, PARIS, a_day, minutes_from
from vigie.charts.bill import bill_csv, month_of_costs, page_bill
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.bill_wording import dollars
from vigie.domain.caps import Account, Caps, Spending
from vigie.domain.ledger import Cost, DaySpent, cost_of, days_spent, projection, standing_cost
from vigie.domain.prices import Prices
from vigie.domain.rollups import day_totals
from vigie.domain.usage import Usage

PRICES = read_toml(Prices, PRICE_LIST)
DAY = date(2026, 11, 22)
HALL = DaySpent(
    camera_id="hall",
    day=DAY,
    frames=1_000_000,
    usage=Usage(
        megabyte_ms=1_024_000_000,
        puts=1_000,
        gets=10_000,
        publishes=1_000_000,
        write_units=10**6,
        read_units=10**6,
    ),
    rekognition_calls=1_000,
    sms=10,
    emails=100,
)
LIT = Usage(megabyte_ms=512_000, read_units=10, write_units=1, messages=1_000, shadow_operations=2_000_000)


def test_every_count_has_its_price() -> None:
    cost = cost_of(HALL, PRICES)
    # A million GB-seconds are $16.67, a thousand of them a thousandth; a million calls are $0.20.
    assert cost.looking == pytest.approx(16.6667 + 0.20 - 16.65003, abs=1e-4)
    assert cost.keeping == pytest.approx(1_001_000 * 0.000005 + 0.004 + 0.705 + 0.1415)
    assert cost.telling == pytest.approx(3 * 0.40 + 0.50 + 10 * 0.0785 + 0.002)
    assert cost.rekognition == pytest.approx(1.0)
    assert cost.usd == pytest.approx(cost.looking + cost.keeping + cost.telling + cost.rekognition)
    assert cost + Cost() == cost


def test_what_follows_the_reports_has_its_price_too() -> None:
    cost = cost_of(DaySpent(camera_id="hall", day=DAY, usage=LIT), PRICES)
    assert cost.looking == pytest.approx(0.5 * 0.0000166667 + 1_000 * 0.2e-6)
    assert cost.telling == pytest.approx(3_000 * 0.4e-6 + 2 * 1.25)


def test_days_are_put_together_from_roll_ups_and_the_purse() -> None:
    minutes = [replace(minute, usage=Usage(gets=2)) for minute in minutes_from(NOON, 3)]
    totals = day_totals(a_day(minutes), DAY, PARIS)
    accounts = {
        DAY: (
            Account(kind=Spending.SMS, camera_id=None, taken=5, by_camera={"hall": 3, "": 2}),
            Account(kind=Spending.FRAMES, camera_id="hall", taken=200, by_camera={"hall": 200}),
        ),
        DAY + timedelta(days=1): (
            Account(kind=Spending.REKOGNITION, camera_id=None, taken=4, by_camera={"hall": 4}),
        ),
    }
    used = {("hall", DAY): LIT, ("yard", DAY): LIT}
    whole = days_spent([totals], accounts, used)
    assert [each.usage for each in whole] == [Usage(), LIT + Usage(gets=6), Usage(), LIT]
    assert whole[-1] == DaySpent(camera_id="yard", day=DAY, usage=LIT)
    assert days_spent([totals], accounts) == (
        DaySpent(camera_id="", day=DAY, sms=2),
        DaySpent(camera_id="hall", day=DAY, frames=180, usage=Usage(gets=6), sms=3),
        DaySpent(camera_id="hall", day=DAY + timedelta(days=1), rekognition_calls=4),
    )


def spent(days_ago: int, calls: int) -> DaySpent:
    return DaySpent(camera_id="hall", day=DAY - timedelta(days=days_ago), rekognition_calls=calls)


def test_a_month_follows_from_the_last_whole_days() -> None:
    days = [spent(n, 1_000) for n in range(1, 8)] + [spent(8, 90_000), spent(0, 5)]
    month = projection(days, today=DAY, elapsed=0.5, prices=PRICES, cameras=1)
    assert (month.days, month.under_way) == (7, False)
    assert month.varying == pytest.approx(30.0)
    assert month.usd == month.varying + standing_cost(1, PRICES)
    # docs/costs.md: about twelve dollars and a half are there without a frame.
    assert 12 < month.standing < 13


def test_without_a_whole_day_the_one_under_way_is_drawn_out() -> None:
    month = projection([spent(0, 500)], today=DAY, elapsed=0.5, prices=PRICES, cameras=1)
    assert month.under_way
    assert month.varying == pytest.approx(30.0)
    early = projection([spent(0, 500)], today=DAY, elapsed=0.0, prices=PRICES, cameras=1)
    assert early.varying == pytest.approx(0.5 * 24 * 30), "one hour at least"
    assert projection([], today=DAY, elapsed=0.5, prices=PRICES, cameras=1).varying == 0


def test_the_page_says_what_a_day_cost_and_what_is_closed() -> None:
    accounts = (
        Account(kind=Spending.FRAMES, camera_id="hall", taken=100, refused_at=100),
        Account(kind=Spending.SMS, camera_id=None, taken=20, refused_at=20),
        Account(kind=Spending.EMAIL, camera_id=None, taken=20, refused_at=20),
        Account(kind=Spending.FRAMES, camera_id="yard", taken=37, held_at=100),
        Account(kind=Spending.FRAMES, camera_id="shop", taken=37, held_at=99),
    )
    month = projection([HALL], today=DAY, elapsed=1.0, prices=PRICES, cameras=1)
    bill = page_bill(
        [("hall", "Entrance hall")],
        [HALL, spent(1, 7)],
        DAY,
        accounts=accounts,
        caps=Caps(frames_a_camera=100, sms=20, emails=500),
        month=month,
        prices=PRICES,
        href="../exports/bill.csv",
        withheld=2,
    )
    (row,) = bill.rows
    assert (row.title, row.frames, row.rekognition, row.total) == (
        "Entrance hall",
        1_000_000,
        "$1.00",
        bill.total,
    )
    assert bill.closed == (
        "Entrance hall: over budget. Until midnight no more frames are looked at; 100 were today.",
        "over budget. Until midnight no more SMS are sent; 20 were today.",
        "yard: over budget. Its edge holds frames back; 37 were looked at today.",
        "2 alerts were withheld: over budget. Nobody was told.",
    )
    assert [dollars(usd) for usd in (0, 0.00123, 1.234, 12_345)] == [
        "$0.00",
        "$0.0012",
        "$1.23",
        "$12,345.00",
    ]


def test_the_csv_has_counts_and_dollars_of_the_day_alone() -> None:
    heads, row = (
        line.split(",") for line in bill_csv([HALL, spent(1, 7)], DAY, PRICES).decode().splitlines()
    )
    said = dict(zip(heads, row, strict=True))
    assert (said["day"], said["camera_id"], said["write_units"], said["sms"]) == (
        str(DAY),
        "hall",
        "1000000",
        "10",
    )
    parts = sum(float(said[f"{name}_usd"]) for name in ("looking", "keeping", "telling", "rekognition"))
    assert float(said["usd"]) == pytest.approx(parts, abs=1e-5)


def test_the_chart_stacks_what_each_day_was_for() -> None:
    days = [DAY - timedelta(days=n) for n in range(6, -1, -1)]
    figure = month_of_costs(
        [("hall", "Entrance hall"), ("yard", "Yard")],
        [HALL, spent(1, 2_000), DaySpent(camera_id="", day=DAY, sms=2)],
        days,
        PARIS,
        prices=PRICES,
    )
    hall, yard, _site = figure.axes
    tops = [max((path.get_extents().y1 for path in c.get_paths()), default=0.0) for c in hall.collections]
    assert max(tops) == pytest.approx(cost_of(HALL, PRICES).usd)
    assert all(not c.get_paths() for c in yard.collections)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "Entrance hall",
        "Yard",
        "The site itself",
    ]
