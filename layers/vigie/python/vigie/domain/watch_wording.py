"""What is told about the system itself: cameras without pictures, frames that failed, alerts unproven."""

from datetime import datetime, tzinfo

from vigie.domain import phrases
from vigie.domain.cameras import Camera
from vigie.domain.frames import FrameKey
from vigie.domain.gsm import to_ascii, to_gsm
from vigie.domain.letters import data_of, iso, letter, sms_text, told_later
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.rules import CHANNELS

_REASON_LENGTH = 300


def camera_dark_notice(camera: Camera, *, since: datetime, reason: str, tz: tzinfo) -> Notice:
    """Say that a camera has delivered nothing since an instant, and why, as far as one knows."""
    name, moment = _name(camera), phrases.moment(since, tz)
    why = phrases.cut(phrases.harmless(reason), _REASON_LENGTH)
    return Notice(
        kind=NoticeKind.CAMERA_DARK,
        subject=_subject("No pictures from ", camera, f" since {phrases.clock(since, tz)}"),
        email=letter(
            f"{phrases.capital(name)} has delivered no pictures since {moment}.",
            [("Camera", _named(camera)), ("Why", why)],
            "Nobody who comes by is seen or counted meanwhile. You will hear when pictures come again.",
            told_later("dark_after_s", "0"),
        ),
        sms=sms_text(
            "Vigie: no pictures from ",
            phrases.cut(phrases.camera_name(camera, to_gsm), 60),
            f" since {phrases.short_moment(since, tz)}",
            more=phrases.harmless(reason, to_gsm),
        ),
        data=data_of(
            NoticeKind.CAMERA_DARK, {"camera": _camera_data(camera), "since": iso(since), "reason": reason}
        ),
        attributes={"camera_id": camera.camera_id, "channels": CHANNELS},
    )


def camera_back_notice(camera: Camera, *, since: datetime, back_at: datetime, tz: tzinfo) -> Notice:
    """Say that a camera that was dark since an instant delivers again."""
    gap = phrases.between(since, back_at)
    return Notice(
        kind=NoticeKind.CAMERA_BACK,
        subject=_subject("Pictures again from ", camera, f", after {gap}"),
        email=letter(
            f"{phrases.capital(_name(camera))} delivers pictures again, after {gap} without.",
            [
                ("Camera", _named(camera)),
                ("Dark since", phrases.moment(since, tz)),
                ("Back at", phrases.moment(back_at, tz)),
            ],
            "Charts and exports show the time between as time without coverage.",
        ),
        sms=sms_text(
            "Vigie: pictures again from ",
            phrases.camera_name(camera, to_gsm),
            f" since {phrases.short_moment(back_at, tz)}, after {gap} without",
        ),
        data=data_of(
            NoticeKind.CAMERA_BACK,
            {"camera": _camera_data(camera), "since": iso(since), "back_at": iso(back_at)},
        ),
        attributes={"camera_id": camera.camera_id, "channels": CHANNELS},
    )


def dead_letters_notice(queue: str, *, count: int, since: datetime, tz: tzinfo) -> Notice:
    """Say that messages have failed for good, and lie in a dead-letter queue."""
    many, name = phrases.counted(count, "message"), phrases.cut(phrases.harmless(queue))
    verb, they = ("lies", "It was") if count == 1 else ("lie", "They were")
    return Notice(
        kind=NoticeKind.DEAD_LETTERS,
        subject=phrases.plain_subject(phrases.harmless(f"{many} failed for good in {name}", to_ascii)),
        email=letter(
            f"{many} {verb} in the dead-letter queue {name} since {phrases.moment(since, tz)}.",
            [],
            f"{they} tried several times, and what was in them is missing from visits, charts and\n"
            "alerts. The function's log says why. When the cause is gone, send them once more: nothing is\n"
            "counted twice. In the console of SQS that is the queue's DLQ redrive.",
            told_later("dead_after_s", "a very large number"),
        ),
        sms=sms_text(
            f"Vigie: {many} failed for good, in ",
            phrases.harmless(queue, to_gsm),
            f" since {phrases.short_moment(since, tz)}. The function's log says why.",
        ),
        data=data_of(NoticeKind.DEAD_LETTERS, {"queue": queue, "count": count, "since": iso(since)}),
        attributes={"channels": CHANNELS},
    )


def dead_letters_gone_notice(queue: str, *, since: datetime, gone_at: datetime, tz: tzinfo) -> Notice:
    """Say that a dead-letter queue that held messages since an instant is empty."""
    name = phrases.cut(phrases.harmless(queue))
    return Notice(
        kind=NoticeKind.DEAD_LETTERS_GONE,
        subject=phrases.plain_subject(
            phrases.harmless(f"The dead-letter queue {name} is empty again", to_ascii)
        ),
        email=letter(
            f"The dead-letter queue {name} is empty again.",
            [
                ("Since", phrases.moment(gone_at, tz)),
                ("It held", f"messages for {phrases.between(since, gone_at)}"),
            ],
            "They were sent once more, were deleted, or became too old to keep.",
        ),
        sms=sms_text(
            "Vigie: the dead-letter queue ",
            phrases.harmless(queue, to_gsm),
            f" is empty again since {phrases.short_moment(gone_at, tz)}",
        ),
        data=data_of(
            NoticeKind.DEAD_LETTERS_GONE, {"queue": queue, "since": iso(since), "gone_at": iso(gone_at)}
        ),
        attributes={"channels": CHANNELS},
    )


def unproven_notice(*, last_proven_at: datetime | None, tz: tzinfo) -> Notice:
    """Say that the path from a frame to an alert has not been proven for too long."""
    never = last_proven_at is None
    since = "so far" if last_proven_at is None else f"since {phrases.moment(last_proven_at, tz)}"
    short = "so far" if last_proven_at is None else f"since {phrases.short_moment(last_proven_at, tz)}"
    return Notice(
        kind=NoticeKind.UNPROVEN,
        subject=f"Alerts are not proven to work{' so far' if never else ' any more'}",
        email=letter(
            f"No test frame has come through as an alert {since}.",
            [],
            "Until one does, do not take silence for quiet: alerts may be late, or not come at all.",
            "What is broken, and what to do, says\n    python -m vigie doctor",
            told_later("unproven_after_s", "a very large number"),
        ),
        sms=sms_text(f"Vigie: alerts not proven to work {short}. Run: python -m vigie doctor"),
        data=data_of(
            NoticeKind.UNPROVEN,
            {"last_proven_at": None if last_proven_at is None else iso(last_proven_at)},
        ),
        attributes={"channels": CHANNELS},
    )


def proven_again_notice(*, proven_at: datetime, since: datetime, tz: tzinfo) -> Notice:
    """Say that the path to an alert works again, which had not been proven since an instant."""
    return Notice(
        kind=NoticeKind.PROVEN_AGAIN,
        subject="Alerts are proven to work again",
        email=letter(
            "A test frame has come through as an alert again.",
            [
                ("Proven at", phrases.moment(proven_at, tz)),
                ("Not since", phrases.moment(since, tz)),
            ],
            f"For {phrases.between(since, proven_at)} alerts may have come late, or not at all.",
        ),
        sms=sms_text(f"Vigie: alerts proven to work again, {phrases.short_moment(proven_at, tz)}"),
        data=data_of(NoticeKind.PROVEN_AGAIN, {"proven_at": iso(proven_at), "since": iso(since)}),
        attributes={"channels": CHANNELS},
    )


def canary_notice(*, frame_key: FrameKey, tz: tzinfo) -> Notice:
    """Say that a test frame came through: a machine records it as the proof; people should not get it."""
    return Notice(
        kind=NoticeKind.CANARY,
        subject="Proof that alerts work: nothing has happened",
        email=letter(
            "Nothing has happened. A test frame came through as an alert, which proves that alerts work.",
            [("Test frame", str(frame_key)), ("Sent at", phrases.moment(frame_key.captured_at, tz))],
            "This is for machines. If it came to you, your subscription asks for all there is. Narrow it by\n"
            "    python -m vigie subscribe --email YOUR-ADDRESS",
        ),
        sms=sms_text(
            f"Vigie: nothing has happened; a test of {phrases.short_moment(frame_key.captured_at, tz)} came.",
        ),
        data=data_of(
            NoticeKind.CANARY,
            {
                "frame_key": str(frame_key),
                "camera": {"id": frame_key.camera_id},
                "at": iso(frame_key.captured_at),
            },
        ),
        attributes={"camera_id": frame_key.camera_id, "channels": ("machine",)},
    )


def _name(camera: Camera) -> str:
    return phrases.cut(phrases.camera_name(camera))


def _named(camera: Camera) -> str:
    name = _name(camera)
    return name if name == camera.camera_id else f"{name} ({camera.camera_id})"


def _camera_data(camera: Camera) -> dict[str, str]:
    return {"id": camera.camera_id, "name": camera.name}


def _subject(before: str, camera: Camera, after: str) -> str:
    room = phrases.SUBJECT_LENGTH - len(before + after)
    return phrases.plain_subject(f"{before}{phrases.cut(phrases.camera_name(camera, to_ascii), room)}{after}")
