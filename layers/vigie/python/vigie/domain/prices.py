"""The price list: what AWS asks for a unit of each thing, in one region on one day."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Price:
    """So many dollars for each `per` units."""

    usd: float
    per: int = 1

    def of(self, amount: float) -> float:
        """Return the dollars that so many units cost."""
        return self.usd * amount / self.per


@dataclass(frozen=True, slots=True)
class Tier:
    """The units of a month up to that number, as far as no lower tier has them; None: all that are left."""

    usd: float
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class Tiered:
    """A price that falls with the units of a month; the first tier's is what a single one costs."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        ends = [tier.up_to for tier in self.tiers]
        bounds = [end for end in ends[:-1] if end is not None]
        if not ends or ends[-1] is not None or len(bounds) != len(ends) - 1 or bounds != sorted(set(bounds)):
            raise ValueError("tiers end one above the other, and the last one never")

    def of(self, amount: float) -> float:
        """Return the dollars of so few units that they lie in the first tier."""
        return self.tiers[0].usd * amount

    def of_month(self, amount: float) -> float:
        """Return the dollars that so many units of one month cost."""
        usd, before = 0.0, 0.0
        for tier in self.tiers:
            end = amount if tier.up_to is None else min(amount, tier.up_to)
            usd += tier.usd * max(end - before, 0.0)
            before = max(before, end)
        return usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """AWS's prices in a region, as they were on a day."""

    region: str
    as_of: date
    s3_put: Price
    s3_get: Price
    s3_gb_month: Price
    sqs_request: Price
    sns_publish: Price
    sns_email: Price
    sms: Price
    lambda_gb_second_x86_64: Price
    lambda_gb_second_arm64: Price
    lambda_request: Price
    dynamodb_write_unit: Price
    dynamodb_read_unit: Price
    dynamodb_gb_month: Price
    dynamodb_recovery_gb_month: Price
    kms_key_month: Price
    kms_request: Price
    log_gb_in: Price
    log_gb_month: Price
    alarm_month: Price
    dashboard_month: Price
    metric_month: Price
    trace: Price
    schedule_call: Price
    budget_month: Price
    iot_connection_minute: Price
    iot_message: Price
    iot_shadow_operation: Price
    rekognition_image: Tiered
    rekognition_face_search: Tiered
    rekognition_face_month: Price
