"""What is told when a day's budget does not suffice: once for each kind of spending, camera and day."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
_UNTIL = "Until midnight "
_MEANS = {
    Spending.FRAMES: (
        f"{_UNTIL}no more of its frames are looked at: nobody who comes by is seen, counted or told\n"
        "of. They stay in the bucket as long as others do. Charts and exports show the time as over budget."
    ),
    Spending.REKOGNITION: f"{_UNTIL}the local model looks in its place, and nothing is compared.",
    Spending.SMS: f"{_UNTIL}alerts go out by e-mail and to machines alone.",
    Spending.EMAIL: f"{_UNTIL}alerts go out by SMS and to machines alone.",
}
_PACED = (
    f"{_UNTIL}its edge sends what the budget covers, spread over the day, and holds the rest back.\n"
    "In a minute of which it sends none nobody is seen, counted or told of. Charts and exports show such\n"
    "minutes as over budget."
)
_SENT_NO_MORE = (
    f"{_UNTIL}its edge sends no more of them: nobody who comes by is seen, counted or told of, and\n"
    "they are kept nowhere. Charts and exports show the time as over budget."
)


def over_budget_notice(
    kind: Spending,
    camera: Camera | None,
    *,
    cap: int,
    day: date,
    noticed_at: datetime,
    tz: tzinfo,
    kept: int = 0,
) -> Notice:
    """Say that a day's budget is used up; `camera` is whose, None for the site's own.

    `cap` is what there was for all but such notices, `kept` what is kept for these.
    """
    words = _used_up(kind, camera, cap)
    if kept:
        verb = "is" if kept == 1 else "are"
        kept_words = (
            f"Of the {cap + kept:,} that the site document\n"
            f"allows, {kept:,} {verb} kept for notices that a budget is used up, such as this one."
        )
        words = replace(words, opening=f"{words.opening} {kept_words}")
    return _notice(
        kind,
        camera,
        words,
        means=_MEANS[kind],
        facts={"cap": cap + kept, "kept": kept, "held_back": False},
        day=day,
        noticed_at=noticed_at,
        tz=tz,
    )


def held_back_notice(
    camera: Camera | None, *, cap: int, paced: bool, day: date, noticed_at: datetime, tz: tzinfo
) -> Notice:
    """Say that a camera's edge holds frames back, since the day's cap does not cover them.

    When it is `paced`, it spreads what it may send over the day; else it has sent all.
    """
    is_slowed = paced and cap > 0
    return _notice(
        Spending.FRAMES,
        camera,
        _too_fast(camera, cap) if is_slowed else _used_up(Spending.FRAMES, camera, cap),
        means=_PACED if is_slowed else _SENT_NO_MORE,
        facts={"cap": cap, "kept": 0, "held_back": True},
        day=day,
        noticed_at=noticed_at,
        tz=tz,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The words that differ; an SMS says whose it is between `before` and `after`."""

    subject: str
    opening: str
    before: str
    after: str


def _used_up(kind: Spending, camera: Camera | None, cap: int) -> _Words:
    things, whose, in_subject = _THINGS[kind], _whose(camera), _whose_in_a_subject(camera)
    if not cap:
        return _Words(
            subject=f"No {things}{in_subject} are allowed",
            opening=f"The site document allows no {things}{whose}: the cap is 0, and some were wanted.",
            before=f"Vigie: no {things} ",
            after=" are allowed: the cap is 0",
        )
    return _Words(
        subject=f"Today's {things}{in_subject} are used up",
        opening=f"Today's budget of {cap:,} {things}{whose} is used up.",
        before=f"Vigie: today's {cap:,} {things} ",
        after=" are used up",
    )


def _too_fast(camera: Camera | None, cap: int) -> _Words:
    return _Words(
        subject=f"Frames{_whose_in_a_subject(camera)} come faster than the budget",
        opening=f"Frames{_whose(camera)} come faster than today's budget of {cap:,} lets them go.",
        before="Vigie: frames ",
        after=f" come faster than today's {cap:,} let them go",
    )


def _notice(
    kind: Spending,
    camera: Camera | None,
    words: _Words,
    *,
    means: str,
    facts: Mapping[str, int],
    day: date,
    noticed_at: datetime,
    tz: tzinfo,
) -> Notice:
    # With a cap of 0 midnight opens nothing.
    until = phrases.moment(day_bounds(day, tz)[1], tz) if facts["cap"] else ""
    if not until:
        means = means.removeprefix(_UNTIL)
        means = f"{means[0].upper()}{means[1:]}"
    whose = f"of {phrases.cut(phrases.camera_name(camera, to_gsm), 60)}" if camera else "of the site"
    return Notice(
        kind=NoticeKind.OVER_BUDGET,
        subject=phrases.plain_subject(words.subject),
        email=letter(
            words.opening,
            [("Camera", camera.camera_id if camera else ""), ("Opens", until)],
            means,
            f'To allow more, or less, change "{_KEYS[kind]}" under "caps" in the site document,\n'
            f"{SITE_DOCUMENT}. It counts by the day of the site's clock.",
        ),
        sms=sms_text(words.before, whose, f"{words.after}, {phrases.short_moment(noticed_at, tz)}"),
        data=data_of(
            NoticeKind.OVER_BUDGET,
            {
                "spending": kind.value,
                "camera": {"id": camera.camera_id, "name": camera.name} if camera else None,
                **facts,
                "day": day.isoformat(),
                "at": iso(noticed_at),
            },
        ),
        attributes={"camera_id": camera.camera_id, "channels": CHANNELS}
        if camera
        else {"channels": CHANNELS},
    )


def _whose(camera: Camera | None) -> str:
    return f" of {phrases.cut(phrases.camera_name(camera))}" if camera else ""


def _whose_in_a_subject(camera: Camera | None) -> str:
    return f" of {phrases.cut(phrases.camera_name(camera, to_ascii), 40)}" if camera else ""
