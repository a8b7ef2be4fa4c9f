"""What is told when a day's budget is used up: once for each kind of spending, camera and day."""

from datetime import date, datetime, tzinfo

from vigie.domain import phrases
from vigie.domain.cameras import Camera
from vigie.domain.caps import Spending
from vigie.domain.gsm import to_ascii, to_gsm
from vigie.domain.instants import day_bounds
from vigie.domain.letters import SITE_DOCUMENT, data_of, iso, letter, sms_text
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.rules import CHANNELS

_KEYS = {
    Spending.FRAMES: "frames_a_camera",
    Spending.REKOGNITION: "rekognition_calls",
    Spending.SMS: "sms",
    Spending.EMAIL: "emails",
}
_THINGS = {
    Spending.FRAMES: "frames",
    Spending.REKOGNITION: "calls of Rekognition",
    Spending.SMS: "SMS",
    Spending.EMAIL: "e-mails",
}
_MEANS = {
    Spending.FRAMES: (
        "Until midnight no more of its frames are looked at: nobody who comes by is seen, counted or told\n"
        "of. They stay in the bucket as long as others do. Charts and exports show the time as over budget."
    ),
    Spending.REKOGNITION: "Until midnight the local model looks in its place, and nothing is compared.",
    Spending.SMS: "Until midnight alerts go out by e-mail and to machines alone.",
    Spending.EMAIL: "Until midnight alerts go out by SMS and to machines alone.",
}


def over_budget_notice(
    kind: Spending, camera: Camera | None, *, cap: int, day: date, noticed_at: datetime, tz: tzinfo
) -> Notice:
    """Say that a day's budget is used up; `camera` is whose, None for the site's own."""
    what = f"{cap:,} {_THINGS[kind]}"
    until = phrases.moment(day_bounds(day, tz)[1], tz)
    whose = f" of {phrases.cut(phrases.camera_name(camera))}" if camera else ""
    subject = f" of {phrases.cut(phrases.camera_name(camera, to_ascii), 40)}" if camera else ""
    return Notice(
        kind=NoticeKind.OVER_BUDGET,
        subject=phrases.plain_subject(f"Today's {_THINGS[kind]}{subject} are used up"),
        email=letter(
            f"Today's budget of {what}{whose} is used up.",
            [("Camera", camera.camera_id if camera else ""), ("Opens", until)],
            _MEANS[kind],
            f'To allow more, or less, change "{_KEYS[kind]}" under "caps" in the site document,\n'
            f"{SITE_DOCUMENT}. It counts by the day of the site's clock.",
        ),
        sms=sms_text(
            f"Vigie: today's {what} ",
            f"of {phrases.cut(phrases.camera_name(camera, to_gsm), 60)}" if camera else "of the site",
            f" are used up, {phrases.short_moment(noticed_at, tz)}",
        ),
        data=data_of(
            NoticeKind.OVER_BUDGET,
            {
                "spending": kind.value,
                "camera": {"id": camera.camera_id, "name": camera.name} if camera else None,
                "cap": cap,
                "day": day.isoformat(),
                "at": iso(noticed_at),
            },
        ),
        attributes={"camera_id": camera.camera_id, "channels": CHANNELS}
        if camera
        else {"channels": CHANNELS},
    )
