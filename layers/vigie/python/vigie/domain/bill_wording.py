"""What is told of a day's bill, where the site asks for it."""

from collections.abc import Sequence
from datetime import date

from vigie.domain import phrases
from vigie.domain.gsm import to_ascii
from vigie.domain.ledger import Cost, DaySpent, Projection, cost_of
from vigie.domain.letters import SITE_DOCUMENT, data_of, letter, sms_text
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.prices import Prices
from vigie.domain.sites import Site

_MOST_CAMERAS = 20


def daily_bill_notice(
    spent: Sequence[DaySpent],
    day: date,
    *,
    month: Projection,
    prices: Prices,
    site: Site,
    lamps: Sequence[str] = (),
) -> Notice:
    """Say what a day cost, camera by camera, what a month of such days costs, and what lamps used."""
    costs = {each.camera_id: cost_of(each, prices) for each in spent}
    whole = dollars(sum(costs.values(), Cost()).usd)
    dearest = sorted(costs, key=lambda camera_id: (-costs[camera_id].usd, camera_id))
    counts = {each.camera_id: _counts(each) for each in spent}
    lines = [
        f"{dollars(costs[camera_id].usd):>10}  {_whose(camera_id, site)}: {counts[camera_id] or 'nothing'}"
        for camera_id in dearest[:_MOST_CAMERAS]
    ]
    more = len(dearest) - len(lines)
    lines += [f"and {more} more"] if more > 0 else []
    whole_days = "the last whole day" if month.days == 1 else f"the last {month.days} whole days"
    basis = "the day under way" if month.under_way else whole_days
    return Notice(
        kind=NoticeKind.DAILY_BILL,
        subject=phrases.plain_subject(f"{whole} on {day}, about {dollars(month.usd)} a month{_named(site)}"),
        email=letter(
            f"{day} cost {whole}.",
            [],
            "\n".join(lines),
            f"A month like this costs about {dollars(month.usd)}: {dollars(month.varying)} by {basis}, and\n"
            f"{dollars(month.standing)} that are there without a frame. Prices of {prices.region} as of "
            f"{prices.as_of}, without\nfree tiers.",
            "\n".join(lamps),
            f'To hear of it at another hour, or not at all, change "daily_bill_at" in the site document,\n'
            f"{SITE_DOCUMENT}.",
        ),
        sms=sms_text(f"Vigie: {day} cost {whole}, a month like this about {dollars(month.usd)}"),
        data=data_of(
            NoticeKind.DAILY_BILL,
            {
                "day": day.isoformat(),
                "usd": {camera_id: round(cost.usd, 6) for camera_id, cost in sorted(costs.items())},
                "month_usd": round(month.usd, 2),
                "lamps": list(lamps),
                "prices": {"region": prices.region, "as_of": prices.as_of.isoformat()},
            },
        ),
        attributes={"channels": ("email", "machine")},
    )


def dollars(usd: float) -> str:
    """Return dollars in as many digits as say something: 12.34, 0.0012."""
    return f"${usd:,.2f}" if usd >= 1 or usd == 0 else f"${usd:.4f}"


def _counts(spent: DaySpent) -> str:
    counts = [
        (spent.frames, "frame"),
        (spent.rekognition_calls, "Rekognition call"),
        (spent.emails, "e-mail"),
    ]
    said = [f"{number:,} {what}{'s' if number > 1 else ''}" for number, what in counts if number]
    return ", ".join([*said, *([f"{spent.sms:,} SMS"] if spent.sms else [])])


def _whose(camera_id: str, site: Site) -> str:
    return phrases.cut(phrases.camera_name(site.camera(camera_id))) if camera_id else "the site itself"


def _named(site: Site) -> str:
    return f", {phrases.cut(phrases.harmless(site.name, to_ascii), 40)}"
