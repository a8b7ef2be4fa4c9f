"""The ledger: what each camera's days have cost, from what was counted, and what that makes of a month.

What frames consumed belongs to the day on which they were taken, as every chart has it; calls of Rekognition,
SMS and e-mails to the day on which they were bought; so does what functions used that follow the reports
(`set_lights`, `compare_labels`). Prices are those of the list, without free tiers and
volume discounts. What nobody can count from inside is taken at its most: each frame as if it had come to its
function alone. Logs, traces, keys and what is paid without a single frame are in the month's figure only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from vigie.domain.bill_lines import total
from vigie.domain.caps import Account, Spending
from vigie.domain.costs import monthly_bill
from vigie.domain.prices import Prices
from vigie.domain.rollups import DayTotals
from vigie.domain.usage import NO_USAGE, Usage
from vigie.domain.workloads import DAYS, Deployment, Workload

# SQS's requests of a message that comes alone: sent by S3 or SNS, received, deleted.
_REQUESTS_A_MESSAGE = 3
_MEGABYTE_MS_OF_A_GB_SECOND = 1_024 * 1_000
# As many whole days show what a day is like: all of a week's kinds.
_DAYS_LOOKED_AT = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySpent:
    """What one camera consumed on one local day; `camera_id` "" is the site itself."""

    camera_id: str
    day: date
    frames: int = 0
    usage: Usage = NO_USAGE
    rekognition_calls: int = 0
    sms: int = 0
    emails: int = 0


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars for looking (Lambda), keeping (S3, DynamoDB), telling (queues, shadows, SMS), Rekognition."""

    looking: float = 0.0
    keeping: float = 0.0
    telling: float = 0.0
    rekognition: float = 0.0

    @property
    def usd(self) -> float:
        """All of it."""
        return self.looking + self.keeping + self.telling + self.rekognition

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Cost)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """What a month of 30 days costs.

    `varying` follows from the mean of `days` days that were looked at, `standing` is there without a frame.
    `under_way` says that there was no whole day yet.
    """

    varying: float
    standing: float
    days: int
    under_way: bool = False

    @property
    def usd(self) -> float:
        """All of it."""
        return self.varying + self.standing


def cost_of(spent: DaySpent, prices: Prices) -> Cost:
    """Price what was consumed."""
    usage = spent.usage
    looking = prices.lambda_gb_second_x86_64.of(usage.megabyte_ms / _MEGABYTE_MS_OF_A_GB_SECOND)
    messages = spent.frames + usage.messages
    return Cost(
        looking=looking + prices.lambda_request.of(messages),
        keeping=prices.s3_put.of(spent.frames + usage.puts)
        + prices.s3_get.of(usage.gets)
        + prices.dynamodb_write_unit.of(usage.write_units)
        + prices.dynamodb_read_unit.of(usage.read_units),
        telling=prices.sqs_request.of(_REQUESTS_A_MESSAGE * messages)
        + prices.sns_publish.of(usage.publishes)
        + prices.iot_shadow_operation.of(usage.shadow_operations)
        + prices.sms.of(spent.sms)
        + prices.sns_email.of(spent.emails),
        rekognition=prices.rekognition_image.of(spent.rekognition_calls),
    )


def days_spent(
    totals: Iterable[DayTotals],
    accounts: Mapping[date, Iterable[Account]],
    used: Mapping[tuple[str, date], Usage] | None = None,
) -> tuple[DaySpent, ...]:
    """Put together what roll-ups, the purse and the book know of some days, in order of camera and day.

    `used` is what was used beside the reports, by camera and day.
    """
    beside = used or {}
    bought: dict[tuple[str, date], dict[Spending, int]] = {}
    for day, of_day in accounts.items():
        for account in of_day:
            for camera_id, number in account.by_camera.items():
                if account.kind is not Spending.FRAMES:
                    bought.setdefault((camera_id, day), {})[account.kind] = number
    seen = {(each.camera_id, each.day): each for each in totals}
    found = []
    for camera_id, day in sorted(seen.keys() | bought.keys() | beside.keys()):
        own, paid = seen.get((camera_id, day)), bought.get((camera_id, day), {})
        spent = DaySpent(
            camera_id=camera_id,
            day=day,
            frames=own.frames if own else 0,
            usage=(own.usage if own else NO_USAGE) + beside.get((camera_id, day), NO_USAGE),
            rekognition_calls=paid.get(Spending.REKOGNITION, 0),
            sms=paid.get(Spending.SMS, 0),
            emails=paid.get(Spending.EMAIL, 0),
        )
        found.append(spent)
    return tuple(found)


def projection(
    spent: Sequence[DaySpent], *, today: date, elapsed: float, prices: Prices, cameras: int
) -> Projection:
    """Return what a month costs when days are as the last ones were.

    Whole days count, the last seven before `today` of which anything is known. Without any the day under way
    does, of which the share `elapsed` is over.
    """
    by_day: dict[date, float] = {}
    for each in spent:
        by_day[each.day] = by_day.get(each.day, 0.0) + cost_of(each, prices).usd
    whole = [usd for day, usd in sorted(by_day.items()) if day < today and usd > 0][-_DAYS_LOOKED_AT:]
    standing = standing_cost(cameras, prices)
    if whole:
        return Projection(varying=sum(whole) / len(whole) * DAYS, standing=standing, days=len(whole))
    so_far = by_day.get(today, 0.0) / max(elapsed, 1 / 24)
    return Projection(varying=so_far * DAYS, standing=standing, days=1, under_way=True)


def standing_cost(cameras: int, prices: Prices, deployment: Deployment | None = None) -> float:
    """Return the dollars of a month in which no frame comes, and nobody is told of anything."""
    still = Workload(cameras=max(cameras, 1), rate=1e-9, visits_a_day=0.0)
    return total(monthly_bill(still, deployment or Deployment(), prices))
