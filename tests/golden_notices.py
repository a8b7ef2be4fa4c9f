"""The notices whose words lie under tests/unit/golden/, for people to read and the test to compare.

After a change of words, write them anew and read the difference: `python -m tests.golden_notices`.
"""

# ruff: noqa: RUF001 - characters that look alike are meant

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.builders import at, visit
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.bill_wording import daily_bill_notice
from vigie.domain.budget_wording import held_back_notice, over_budget_notice
from vigie.domain.cameras import Camera, Zone
from vigie.domain.caps import Spending
from vigie.domain.frames import FrameKey
from vigie.domain.gsm import SMS_SEPTETS, septets
from vigie.domain.lamp_wording import lamps_back_notice, lamps_failed_notice
from vigie.domain.lamps import Covering, LampGroup
from vigie.domain.ledger import DaySpent, Projection
from vigie.domain.notices import Notice, PictureLink
from vigie.domain.pictures import picture_key
from vigie.domain.prices import Prices
from vigie.domain.rules import AlertRule
from vigie.domain.sites import Place, Site
from vigie.domain.visits import Visit
from vigie.domain.watch_wording import (
    camera_back_notice,
    camera_dark_notice,
    canary_notice,
    dead_letters_gone_notice,
    dead_letters_notice,
    proven_again_notice,
    unproven_notice,
)
from vigie.domain.wording import (
    visit_notice,
)

FOLDER = Path(__file__).parent / "unit" / "golden"
PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 1, 31)
PRICES = read_toml(Prices, PRICE_LIST)
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
# 02:30 on the clock comes twice in this night: this is the second time.
TWICE = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)

HALL = Camera("hall", "Entrance hall", (Zone("door", SQUARE),))
GARDEN = Camera("garden", "Žižkov – façade du château, côté forêt œuvre ñandú Łódź", (Zone("allée", SQUARE),))
LONG = Camera(
    "loading-bay",
    "Loading bay behind the third warehouse, left of the gate that is closed at night, above the ramp",
    (Zone("the yellow area in front of the ramp", SQUARE), Zone("ramp", SQUARE), Zone("gate", SQUARE)),
)
GATE = Camera("gate", "入口")
STREET = LampGroup(group_id="street", name="Main street", covered_by=(Covering(camera="hall"),))
FORGER = Camera(
    "shed",
    "Shed\r\nSubject: you won\r\n\r\nhttps://evil.example/x www.evil.example \u202eevil",
    (Zone("a\nb", SQUARE),),
)
SITE = Site(
    time_zone="Europe/Paris",
    cameras=(HALL, GARDEN, LONG, GATE, FORGER),
    places=(Place(name="Yard", cameras=("loading-bay", "gate")),),
)
PAGE = "https://vigie.example"
SIGNED = (
    "https://data.s3.eu-west-1.amazonaws.com/{}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA"
    "&X-Amz-Date=20260131T120005Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=abcdef"
)


def of_visit(
    seen: Visit,
    *,
    rule: AlertRule | None = None,
    after_s: float = 0.0,
    number: int = 1,
    link: Callable[[str], PictureLink | None] = lambda _: None,
) -> Notice:
    """Put a visit of the site into words."""
    return visit_notice(
        seen,
        rule=rule or AlertRule(rule_id="people"),
        at=seen.started_at + timedelta(seconds=after_s),
        number=number,
        site=SITE,
        link=link(picture_key(seen)),
        picture=picture_key(seen),
    )


def signed(key: str) -> PictureLink:
    """Return a link that ends after a day."""
    return PictureLink(SIGNED.format(key), at(86_405))


def signed_that_night(key: str) -> PictureLink:
    """Return a link that ends half an hour after the clock was set back."""
    return PictureLink(SIGNED.format(key), TWICE + timedelta(minutes=30))


def on_the_page(key: str) -> PictureLink:
    """Return a link that does not end."""
    return PictureLink(f"{PAGE}/{key.removeprefix('site/')}")


def cases() -> Mapping[str, Notice]:
    """Return the notices by the names of their files."""
    in_the_night = (TWICE - at(0)).total_seconds()
    return {
        "visit": of_visit(visit(zones=("door",)), link=on_the_page),
        "visit_link_that_ends": of_visit(visit(zones=("door",)), link=signed),
        "visit_without_link": of_visit(visit()),
        "visit_accents": of_visit(visit(camera="garden", zones=("allée", "庭")), link=on_the_page),
        "visit_long_name": of_visit(
            visit(camera="loading-bay", zones=("gate", "ramp", "the yellow area in front of the ramp")),
            rule=AlertRule(rule_id="at-night-only-behind-warehouse-3"),
            link=on_the_page,
        ),
        "visit_vehicle": of_visit(
            visit(label="bus"), rule=AlertRule(rule_id="vehicles", labels=("bus", "car"))
        ),
        "visit_several": of_visit(
            visit(zones=("door",)), rule=AlertRule(rule_id="crowd", min_number=3), number=4, link=signed
        ),
        "visit_several_vehicles": of_visit(
            visit(label="truck"),
            rule=AlertRule(rule_id="convoy", labels=("truck", "bus"), min_number=2, min_stay_s=90),
            after_s=90,
            number=2,
        ),
        "visit_that_stays": of_visit(
            visit(zones=("door",)), rule=AlertRule(rule_id="loiters", min_stay_s=30), after_s=30
        ),
        "visit_in_the_hour_that_comes_twice": of_visit(visit(in_the_night), link=signed_that_night),
        "visit_name_in_another_script": of_visit(visit(camera="gate"), link=on_the_page),
        "visit_name_that_forges": of_visit(visit(camera="shed", zones=("a\nb",))),
        "camera_dark": camera_dark_notice(
            HALL, since=at(0), reason="the agent gate-pi says that no picture has come for 300 s", tz=PARIS
        ),
        "camera_back": camera_back_notice(
            GARDEN, since=TWICE - timedelta(hours=1, minutes=15), back_at=TWICE, tz=PARIS
        ),
        "lamps_failed": lamps_failed_notice(
            STREET,
            since=at(0),
            reason="the agent gate-pi says that they do not follow: http at 10.0.0.7: timed out",
            tz=PARIS,
        ),
        "lamps_back": lamps_back_notice(STREET, since=at(0), back_at=at(7500), tz=PARIS),
        "dead_letters": dead_letters_notice("frames-dead", count=3, since=at(0), tz=PARIS),
        "dead_letters_gone": dead_letters_gone_notice("frames-dead", since=at(0), gone_at=at(7500), tz=PARIS),
        "alerts_unproven": unproven_notice(last_proven_at=at(0), tz=PARIS),
        "alerts_never_proven": unproven_notice(last_proven_at=None, tz=PARIS),
        "alerts_proven_again": proven_again_notice(proven_at=at(93_600), since=at(0), tz=PARIS),
        "daily_bill": daily_bill_notice(
            [
                DaySpent(camera_id="", day=DAY, emails=3),
                DaySpent(camera_id="garden", day=DAY, frames=86_400, rekognition_calls=12, sms=2),
                DaySpent(camera_id="hall", day=DAY, frames=1),
            ],
            DAY,
            month=Projection(varying=12.5, standing=9.25, days=7),
            prices=PRICES,
            site=SITE,
            lamps=["Main street used 2.6 kWh, 5.5 kWh less than full light and 3.2 kWh less than its timer."],
        ),
        "over_budget_frames": over_budget_notice(
            Spending.FRAMES, GARDEN, cap=100_000, day=DAY, noticed_at=at(0), tz=PARIS
        ),
        "over_budget_sms": over_budget_notice(
            Spending.SMS, None, cap=15, kept=5, day=DAY, noticed_at=at(0), tz=PARIS
        ),
        "over_budget_emails": over_budget_notice(
            Spending.EMAIL, None, cap=450, kept=50, day=DAY, noticed_at=at(0), tz=PARIS
        ),
        "over_budget_held_back": held_back_notice(
            GARDEN, cap=100_000, paced=True, day=DAY, noticed_at=at(0), tz=PARIS
        ),
        "over_budget_no_frames_allowed": held_back_notice(
            GARDEN, cap=0, paced=True, day=DAY, noticed_at=at(0), tz=PARIS
        ),
        "over_budget_rekognition": over_budget_notice(
            Spending.REKOGNITION, None, cap=1_000, day=DAY, noticed_at=at(0), tz=PARIS
        ),
        "canary": canary_notice(frame_key=FrameKey("canary", at(0)), tz=PARIS),
    }


def as_text(notice: Notice) -> str:
    """Lay a notice out for a person."""
    attributes = {
        name: list(value) if isinstance(value, tuple) else value for name, value in notice.attributes.items()
    }
    return (
        f"=== subject, {len(notice.subject)} of 100\n{notice.subject}\n\n"
        f"=== SMS, {septets(notice.sms)} of {SMS_SEPTETS}\n{notice.sms}\n\n"
        f"=== e-mail\n{notice.email}\n"
        f"=== data\n{json.dumps(notice.data, indent=2, ensure_ascii=False)}\n\n"
        f"=== attributes\n{json.dumps(attributes, indent=2, ensure_ascii=False)}\n"
    )


def write() -> None:
    """Write all files anew, and remove those of cases that are no more."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.txt"):
        file.unlink()
    for name, notice in cases().items():
        (FOLDER / f"{name}.txt").write_text(as_text(notice), encoding="utf-8")


if __name__ == "__main__":
    write()
