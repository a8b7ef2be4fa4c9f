"""What is told of lamps that fail, and of those that follow again."""

from collections.abc import Callable
from datetime import datetime, tzinfo

from vigie.domain import phrases
from vigie.domain.gsm import to_ascii, to_gsm
from vigie.domain.lamps import LampGroup
from vigie.domain.letters import data_of, iso, letter, sms_text, told_later
from vigie.domain.notices import Notice, NoticeKind
from vigie.domain.rules import CHANNELS

_REASON_LENGTH = 300


def lamps_failed_notice(group: LampGroup, *, since: datetime, reason: str, tz: tzinfo) -> Notice:
    """Say that a group's lamps have not done since an instant what is asked of them, and why."""
    return Notice(
        kind=NoticeKind.LAMPS_FAILED,
        subject=_subject(group, f" fail since {phrases.clock(since, tz)}"),
        email=letter(
            f"The lamps of {_name(group)} fail since {phrases.moment(since, tz)}.",
            [("Group", _named(group)), ("Why", phrases.cut(phrases.harmless(reason), _REASON_LENGTH))],
            "Whoever comes by may stand in the dark, and energy is reckoned as if they gave what is asked.\n"
            "You will hear when they do so again. What the doctor says of them: python -m vigie doctor",
            told_later("dark_after_s", "0"),
        ),
        sms=sms_text(
            "Vigie: the lamps of ",
            phrases.cut(_name(group, to_gsm), 60),
            f" fail since {phrases.short_moment(since, tz)}",
            more=phrases.harmless(reason, to_gsm),
        ),
        data=data_of(
            NoticeKind.LAMPS_FAILED, {"lamp_group": _data(group), "since": iso(since), "reason": reason}
        ),
        attributes={"channels": CHANNELS},
    )


def lamps_back_notice(group: LampGroup, *, since: datetime, back_at: datetime, tz: tzinfo) -> Notice:
    """Say that a group's lamps that had failed since an instant do again what is asked of them."""
    gap = phrases.between(since, back_at)
    return Notice(
        kind=NoticeKind.LAMPS_BACK,
        subject=_subject(group, f" follow again, after {gap}"),
        email=letter(
            f"The lamps of {_name(group)} do again what is asked of them, after {gap}.",
            [
                ("Group", _named(group)),
                ("Since", phrases.moment(since, tz)),
                ("Back at", phrases.moment(back_at, tz)),
            ],
            "For the time between, charts and exports reckon energy as if they had done so.",
        ),
        sms=sms_text(
            "Vigie: the lamps of ",
            _name(group, to_gsm),
            f" follow again since {phrases.short_moment(back_at, tz)}, after {gap}",
        ),
        data=data_of(
            NoticeKind.LAMPS_BACK,
            {"lamp_group": _data(group), "since": iso(since), "back_at": iso(back_at)},
        ),
        attributes={"channels": CHANNELS},
    )


def _name(group: LampGroup, write: Callable[[str], str] = str) -> str:
    return phrases.cut(phrases.written(group.name, write) or group.group_id)


def _named(group: LampGroup) -> str:
    name = _name(group)
    return name if name == group.group_id else f"{name} ({group.group_id})"


def _data(group: LampGroup) -> dict[str, str]:
    return {"id": group.group_id, "name": group.name}


def _subject(group: LampGroup, after: str) -> str:
    before = "The lamps of "
    room = phrases.SUBJECT_LENGTH - len(before + after)
    return phrases.plain_subject(f"{before}{phrases.cut(_name(group, to_ascii), room)}{after}")
