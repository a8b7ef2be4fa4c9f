"""What is told about visits: as an e-mail, as an SMS, and as plain data for machines.

Names of cameras and zones are what somebody typed: they stay on their line, within their length, and make
no link. Machines get them as they are. The notices about the system itself are in `domain.watch_wording`.
"""

from datetime import datetime

from vigie.domain import phrases
from vigie.domain.alerting import Alert
from vigie.domain.gsm import shortened, to_ascii, to_gsm
from vigie.domain.letters import SITE_DOCUMENT, data_of, iso, letter, sms_text
from vigie.domain.notices import Notice, NoticeKind, PictureLink
from vigie.domain.people import Suggestion
from vigie.domain.rules import AlertRule
from vigie.domain.sites import Site
from vigie.domain.visits import Visit

_LABEL_SEPTETS = 24
_WHO_SEPTETS = 28


def visit_notice(
    visit: Visit,
    *,
    rule: AlertRule,
    at: datetime,
    number: int,
    site: Site,
    link: PictureLink | None,
    picture: str,
    who: Suggestion | None = None,
) -> Notice:
    """Put an alert into words: who, where, when in the site's own time, why, and how to hear no more of it.

    `at` is when the rule's conditions were met, `number` how many were there at once, `picture` the key of
    the picture in the data bucket. `who` is whom the face suggests: never more than a suggestion.
    """
    camera = site.camera(visit.camera_id)
    return Notice(
        kind=NoticeKind.VISIT,
        subject=_visit_subject(visit, rule=rule, at=at, number=number, site=site),
        email=_visit_email(
            visit, rule=rule, at=at, number=number, site=site, link=link, picture=picture, who=who
        ),
        sms=_visit_sms(visit, rule=rule, at=at, number=number, site=site, link=link, who=who),
        data=data_of(
            NoticeKind.VISIT,
            {
                "alert_id": Alert(rule.rule_id, visit, at).alert_id,
                "rule": rule.rule_id,
                "at": iso(at),
                "number": number,
                "camera": {"id": camera.camera_id, "name": camera.name},
                "visit": {
                    "id": visit.visit_id,
                    "label": visit.label,
                    "started_at": iso(visit.started_at),
                    "zones": list(visit.zones),
                    "confidence": visit.confidence,
                },
                **({} if who is None else {"suggestion": _suggestion_data(who)}),
                "picture": picture,
                "link": None
                if link is None
                else {"url": link.url, "ends_at": None if link.ends_at is None else iso(link.ends_at)},
            },
        ),
        attributes={
            "camera_id": visit.camera_id,
            "label": visit.label,
            "rule_id": rule.rule_id,
            "zones": visit.zones,
            "channels": rule.channels,
            "picture": picture,
        },
    )


def _label(visit: Visit) -> str:
    return phrases.cut(phrases.harmless(visit.label))


def _several(number: int, rule: AlertRule, site: Site) -> str:
    return phrases.several(number, [phrases.harmless(label) for label in rule.labels or site.labels])


def _stay(rule: AlertRule) -> str:
    """Return for how long somebody has to be there; nothing when it is no second."""
    return phrases.lasting(rule.min_stay_s) if round(rule.min_stay_s) else ""


def _visit_subject(visit: Visit, *, rule: AlertRule, at: datetime, number: int, site: Site) -> str:
    who = _several(number, rule, site) if rule.min_number > 1 else phrases.capital(_label(visit))
    who = phrases.cut(phrases.harmless(who, to_ascii), 40)
    when = phrases.clock(at, site.tz)
    place = phrases.camera_name(site.camera(visit.camera_id), to_ascii)
    room = phrases.SUBJECT_LENGTH - len(f"{who} at , {when}")
    return phrases.plain_subject(f"{who} at {phrases.cut(place, room)}, {when}")


def _visit_email(
    visit: Visit,
    *,
    rule: AlertRule,
    at: datetime,
    number: int,
    site: Site,
    link: PictureLink | None,
    picture: str,
    who: Suggestion | None,
) -> str:
    camera = site.camera(visit.camera_id)
    name = phrases.cut(phrases.camera_name(camera))
    zones = phrases.zones_text(visit.zones)
    shared = site.place_of(visit.camera_id)
    when = phrases.moment(at, site.tz)
    place = f"{name} ({zones})" if zones else name
    return letter(
        _opening(visit, rule=rule, number=number, site=site, place=place, when=when),
        [
            ("Camera", name if name == camera.camera_id else f"{name} ({camera.camera_id})"),
            ("Place", phrases.cut(phrases.harmless(shared.name)) if shared else ""),
            ("Zones" if len(visit.zones) > 1 else "Zone", zones),
            ("Came", phrases.moment(visit.started_at, site.tz) if at != visit.started_at else ""),
            ("Confidence", f"{visit.confidence:.0%}"),
            ("Face", _suggested(who)),
            ("Rule", rule.rule_id),
            ("Visit", phrases.harmless(visit.visit_id)),
        ],
        _picture(link, picture, site),
        "To hear no more of this rule for two hours:\n"
        f"    python -m vigie snooze --rule {rule.rule_id} --for 2h\n"
        "With --all in place of --rule and its name, of none. For good, change the rule in the site\n"
        f'document, {SITE_DOCUMENT}, under "rules": its hours, cooldown_s, channels.',
    )


def _opening(visit: Visit, *, rule: AlertRule, number: int, site: Site, place: str, when: str) -> str:
    """Say what happened in one sentence."""
    one = phrases.article(_label(visit))
    stay = _stay(rule)
    if rule.min_number > 1:
        many = _several(number, rule, site)
        if stay:
            return f"By {when} {many} had been in view of {place} at once, each for {stay}."
        return f"{many} were in view of {place} at once on {when}."
    if stay:
        return f"By {when} {one} had been in view of {place} for {stay}."
    return f"{phrases.capital(one)} came into view of {place} on {when}."


def _picture(link: PictureLink | None, picture: str, site: Site) -> str:
    if link is None:
        return f"The picture has no link. It lies in the data bucket, under\n{phrases.one_line(picture)}"
    if link.ends_at is None:
        return f"Picture:\n{link.url}"
    return f"Picture (the link ends on {phrases.moment(link.ends_at, site.tz)}):\n{link.url}"


def _suggested(who: Suggestion | None) -> str:
    if who is None:
        return ""
    words = phrases.cut(phrases.harmless(who.words))
    return f"{words} alike: a suggestion of Rekognition's, which may be wrong"


def _suggestion_data(who: Suggestion) -> dict[str, str | float]:
    return {"name": who.name, "similarity": who.similarity, "threshold": who.threshold}


def _visit_sms(
    visit: Visit,
    *,
    rule: AlertRule,
    at: datetime,
    number: int,
    site: Site,
    link: PictureLink | None,
    who: Suggestion | None,
) -> str:
    seen = _several(number, rule, site) if rule.min_number > 1 else _label(visit)
    zones = phrases.zones_text(visit.zones, to_gsm)
    place = phrases.camera_name(site.camera(visit.camera_id), to_gsm)
    stay = f" for {_stay(rule)}" if _stay(rule) else ""
    # No other word of an SMS may be lost for a name that is a guess.
    perhaps = f" ({shortened(phrases.harmless(who.words, to_gsm), _WHO_SEPTETS)})" if who else ""
    return sms_text(
        f"Vigie: {shortened(phrases.harmless(seen, to_gsm), _LABEL_SEPTETS)}{perhaps}{stay} at ",
        f"{place} ({zones})" if zones else place,
        f", {phrases.short_moment(at, site.tz)}, rule {rule.rule_id}",
        link=link.url if link else "",
    )
