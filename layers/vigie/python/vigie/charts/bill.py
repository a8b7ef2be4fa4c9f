"""The bill: what the last days cost, as a chart, as words for the page and as a CSV of one day."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from vigie.charts.clock import date_words
from vigie.charts.history import column, rectangle, week_marks
from vigie.charts.sheet import KEEPING_WORD, LOOKING_WORD, REKOGNITION_WORD, TELLING_WORD, Sheet
from vigie.charts.style import COST_COLOURS, drawable, house_style
from vigie.domain.bill_wording import dollars
from vigie.domain.caps import Account, Caps, Spending
from vigie.domain.instants import day_bounds
from vigie.domain.ledger import Cost, DaySpent, Projection, cost_of
from vigie.domain.prices import Prices
from vigie.domain.usage import Usage

SITE_TITLE = "The site itself"
_WORDS = (LOOKING_WORD, KEEPING_WORD, TELLING_WORD, REKOGNITION_WORD)
_MOST_TALL_ROWS = 12
_LONGEST_TITLE, _LONGEST_SIDE_NAME = 48, 18
_BAR = 0.62
# In dollars: what is less is drawn as if it were that, so that an axis has something to count.
_LEAST_USD = 0.001
_CAMERA_OF_THE_SITE = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRow:
    """What a camera cost on the page's day, and what was bought for it."""

    title: str
    frames: int
    rekognition_calls: int
    sms: int
    emails: int
    looking: str
    keeping: str
    telling: str
    rekognition: str
    total: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBill:
    """The bill of the page's day: a row a camera, the sum, what is closed, and what a month like this costs.

    Dollars are in words; `month_basis` says what the month's figure rests on, `prices` whose prices they are.
    """

    rows: tuple[BillRow, ...]
    total: str
    closed: tuple[str, ...]
    month: str
    month_varying: str
    month_standing: str
    month_basis: str
    prices: str
    csv: str


def month_of_costs(
    cameras: Sequence[tuple[str, str]],
    spent: Sequence[DaySpent],
    days: Sequence[date],
    tz: ZoneInfo,
    *,
    prices: Prices,
) -> Figure:
    """Draw the dollars of each day, a row a camera, stacked by what they were for, on one scale.

    `cameras` are ids and titles. What the site itself was told has a row of its own where there is any.
    """
    rows = list(cameras)
    if any(each.camera_id == _CAMERA_OF_THE_SITE for each in spent):
        rows.append((_CAMERA_OF_THE_SITE, SITE_TITLE))
    costs = {(each.camera_id, each.day): cost_of(each, prices) for each in spent}
    extent = (day_bounds(days[0], tz)[0], day_bounds(days[-1], tz)[1])
    most = max((cost.usd for (_, day), cost in costs.items() if day in set(days)), default=0.0)
    tall = len(rows) <= _MOST_TALL_ROWS
    with house_style():
        sheet = Sheet(
            f"US dollars a day, {date_words(*extent, tz)}",
            extent=extent,
            tz=tz,
            heights_in=[max(0.62, 1.3 - 0.16 * len(rows)) if tall else 0.26] * len(rows),
            gap_in=0.3 if tall else 0.06,
            left_in=0.72 if tall else 1.5,
            head_in=0.86 if tall else 0.66,
            marks=week_marks(days, tz),
        )
        for axes, (camera_id, title) in zip(sheet.rows, rows, strict=True):
            own = {day: costs[camera_id, day] for day in days if (camera_id, day) in costs}
            _draw_costs(sheet, axes, own, tz)
            _dollar_axis(axes, most)
            name = drawable(title, camera_id, most=_LONGEST_TITLE if tall else _LONGEST_SIDE_NAME)
            if tall:
                axes.set_title(name, loc="left", pad=3)
            else:
                axes.set_yticks([])
                axes.set_ylabel(name, rotation=0, ha="right", va="center")
        return sheet.finish(key=_WORDS)


def page_bill(
    cameras: Sequence[tuple[str, str]],
    spent: Sequence[DaySpent],
    day: date,
    *,
    accounts: Sequence[Account],
    caps: Caps,
    month: Projection,
    prices: Prices,
    href: str,
    withheld: int = 0,
) -> PageBill:
    """Put the bill's words and numbers together; `cameras` are ids and titles, `href` is the CSV's place.

    `withheld` is how many alerts reached nobody, since nothing was left of the budgets.
    """
    titles = {**dict(cameras), _CAMERA_OF_THE_SITE: SITE_TITLE}
    today = [each for each in spent if each.day == day]
    costs = [cost_of(each, prices) for each in today]
    closed = [
        _closed_words(account, titles, caps)
        for account in accounts
        if account.is_closed(caps) or account.is_held_back(caps)
    ]
    if withheld:
        alerts = "1 alert was" if withheld == 1 else f"{withheld:,} alerts were"
        closed.append(f"{alerts} withheld: over budget. Nobody was told.")
    return PageBill(
        rows=tuple(
            BillRow(
                title=titles.get(each.camera_id, each.camera_id),
                frames=each.frames,
                rekognition_calls=each.rekognition_calls,
                sms=each.sms,
                emails=each.emails,
                looking=dollars(cost.looking),
                keeping=dollars(cost.keeping),
                telling=dollars(cost.telling),
                rekognition=dollars(cost.rekognition),
                total=dollars(cost.usd),
            )
            for each, cost in zip(today, costs, strict=True)
        ),
        total=dollars(sum(costs, Cost()).usd),
        closed=tuple(closed),
        month=dollars(month.usd),
        month_varying=dollars(month.varying),
        month_standing=dollars(month.standing),
        month_basis=_basis_words(month),
        prices=f"{prices.region} as of {prices.as_of}",
        csv=href,
    )


def bill_csv(spent: Sequence[DaySpent], day: date, prices: Prices) -> bytes:
    """List what each camera consumed on a day, and what that cost; the site itself has no camera_id."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    used, costs = [each.name for each in fields(Usage)], [each.name for each in fields(Cost)]
    heads = ["day", "camera_id", "frames", *used, "rekognition_calls", "sms", "emails"]
    writer.writerow([*heads, *(f"{name}_usd" for name in costs), "usd"])
    for each in spent:
        if each.day != day:
            continue
        cost = cost_of(each, prices)
        counts = (each.frames, *astuple(each.usage), each.rekognition_calls, each.sms, each.emails)
        usd = [f"{value:.6f}" for value in (*astuple(cost), cost.usd)]
        writer.writerow([day.isoformat(), each.camera_id, *counts, *usd])
    return text.getvalue().encode()


def elapsed_share(day: date, tz: ZoneInfo, now: datetime) -> float:
    """Return how much of a local day is over, 0 to 1."""
    begin, end = day_bounds(day, tz)
    return min(max((now - begin) / (end - begin), 0.0), 1.0)


def _basis_words(month: Projection) -> str:
    if month.under_way:
        return "the day under way, drawn out to its end"
    return "the last whole day" if month.days == 1 else f"the last {month.days} whole days"


def _closed_words(account: Account, titles: Mapping[str, str], caps: Caps) -> str:
    things = {
        Spending.FRAMES: "frames are looked at",
        Spending.REKOGNITION: "calls of Rekognition are made",
        Spending.SMS: "SMS are sent",
        Spending.EMAIL: "e-mails are sent",
    }[account.kind]
    whose = f"{titles.get(account.camera_id, account.camera_id)}: " if account.camera_id else ""
    if not account.is_closed(caps):
        return f"{whose}over budget. Its edge holds frames back; {account.taken:,} were looked at today."
    return f"{whose}over budget. Until midnight no more {things}; {account.taken:,} were today."


def _draw_costs(sheet: Sheet, axes: Axes, costs: Mapping[date, Cost], tz: ZoneInfo) -> None:
    for number, colour in enumerate(COST_COLOURS):
        corners = []
        for day, cost in costs.items():
            parts = astuple(cost)
            left, right = column(sheet, *day_bounds(day, tz), _BAR)
            below = sum(parts[:number])
            corners.append(rectangle(left, right, below, below + parts[number]))
        axes.add_collection(PolyCollection(corners, facecolors=colour, linewidths=0, zorder=3))


def _dollar_axis(axes: Axes, most: float) -> None:
    top = max(most, _LEAST_USD)
    axes.set_ylim(-0.025 * top, 1.12 * top)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, min_n_ticks=2, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda usd, _: f"{usd:g}"))
    axes.spines["left"].set_visible(False)
