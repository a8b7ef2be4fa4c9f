"""`python -m vigie snooze`: be quiet for a while, by a rule or by all, and hear again."""

import argparse
import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from vigie.errors import ConfigError, Conflict, NotFound

if TYPE_CHECKING:
    from vigie.aws.site_store import S3SiteDocument
    from vigie.domain.sites import Site

_BUCKET = "VIGIE_BUCKET"
_LASTING = re.compile(r"(?=\d)(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")
_LONGEST = timedelta(days=366)
_TRIES = 5
_KEY = "snoozed_until"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the parser's."""
    command = commands.add_parser(
        "snooze", help="send no alerts of a rule, or of any, for a while; the site document keeps it"
    )
    command.set_defaults(command=snooze)
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--rule", metavar="ID", help="the rule's rule_id in the site document")
    which.add_argument("--all", action="store_true", help="all rules")
    until = command.add_mutually_exclusive_group(required=True)
    until.add_argument("--for", dest="lasting", type=_lasting, metavar="2h", help="such as 45m, 2h, 1d12h")
    until.add_argument(
        "--until", type=_moment, metavar="TIME", help="such as 2026-01-31T18:00, in the site's time zone"
    )
    until.add_argument("--off", action="store_true", help="hear again")
    command.add_argument("--bucket", help=f"the data bucket; default: {_BUCKET}")


def snooze(arguments: argparse.Namespace) -> int:
    """Change the site document, and say what that does, in the site's own time."""
    from vigie.aws import clients
    from vigie.aws.site_store import S3SiteDocument

    bucket = arguments.bucket or os.environ.get(_BUCKET)
    if not bucket:
        raise ConfigError(f"which bucket? name it with --bucket, or in {_BUCKET}")
    now = _now()
    site, until = _change(S3SiteDocument(clients.s3(), bucket), arguments, now)
    sys.stdout.write("".join(f"{line}\n" for line in _said(site, arguments.rule, until, now)))
    return 0


def _change(
    document: "S3SiteDocument", arguments: argparse.Namespace, now: datetime
) -> "tuple[Site, datetime | None]":
    """Change the document by a conditional write; read it again when another writer was first."""
    for _ in range(_TRIES):
        text, version = document.read()
        site = _site(text)
        until = None if arguments.off else _until(arguments, site, now)
        changed = with_snooze(text, rule_id=arguments.rule, until=until and until.astimezone(site.tz))
        after = _site(changed)
        if after == site:
            return site, until
        try:
            document.write(changed, replaces=version)
        except Conflict:
            continue
        except NotFound:
            if version is None:
                raise
            continue
        return after, until
    raise Conflict(f"others kept changing the site document, {_TRIES} times; nothing was changed here")


def _site(text: str) -> "Site":
    from vigie.aws.site_store import SITE_DOCUMENT
    from vigie.documents import read_json
    from vigie.domain.sites import Site

    return read_json(Site, text, source=SITE_DOCUMENT)


def with_snooze(text: str, *, rule_id: str | None, until: datetime | None) -> str:
    """Return a good site document with a rule (None: all of them) snoozed until then, None being not at all.

    Whatever else it holds stays as it is, and in its order.

    Raises:
        ConfigError: there is no such rule.

    """
    from vigie.domain.sites import Site

    document: dict[str, Any] = json.loads(text)
    target = document
    if rule_id is not None:
        # A document without rules has the ones of any site; to be changed they must stand in it.
        rules = document.get("rules", [{"rule_id": rule.rule_id} for rule in Site().rules])
        found = [rule for rule in rules if rule["rule_id"] == rule_id]
        if not found:
            there = ", ".join(rule["rule_id"] for rule in rules) or "none"
            raise ConfigError(f"there is no rule {rule_id!r} in the site document; there is {there}")
        if until is not None:
            document["rules"] = rules
        target = found[0]
    if until is None:
        target.pop(_KEY, None)
    else:
        target[_KEY] = until.isoformat(timespec="seconds")
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _until(arguments: argparse.Namespace, site: "Site", now: datetime) -> datetime:
    until: datetime = now + arguments.lasting if arguments.lasting else arguments.until
    if until.tzinfo is None:
        until = until.replace(tzinfo=site.tz)
    try:
        until = until.astimezone(UTC)
    except OverflowError as error:
        raise ConfigError(f"{until.isoformat()} lies outside all calendars") from error
    if until <= now:
        raise ConfigError(f"{until.astimezone(site.tz):%Y-%m-%d %H:%M:%S %Z} is past; --off ends a snooze")
    if until - now > _LONGEST:
        raise ConfigError(f"a snooze ends within {_LONGEST.days} days; for longer, take the rule out")
    return until


def _said(site: "Site", rule_id: str | None, until: datetime | None, now: datetime) -> list[str]:
    from vigie.domain.phrases import moment

    who = f"the rule {rule_id}" if rule_id else "all rules"
    lines = [
        f"{who} can be heard again"
        if until is None
        else f"{who}: no alerts until {moment(until, site.tz)}; --off ends it sooner"
    ]
    if rule_id is None:
        others = [(f"the rule {rule.rule_id} stays", rule.snoozed_until) for rule in site.rules]
    else:
        others = [("all rules stay", site.snoozed_until)]
    lines += [
        f"{stays} snoozed until {moment(end, site.tz)}"
        for stays, end in others
        if end is not None and end > (until or now)
    ]
    return lines


def _now() -> datetime:
    return datetime.now(UTC)


def _lasting(text: str) -> timedelta:
    match = _LASTING.fullmatch(text)
    if match:
        days, hours, minutes = (int(number or 0) for number in match.groups())
        lasting = timedelta(days=days, hours=hours, minutes=minutes)
        if timedelta() < lasting <= _LONGEST:
            return lasting
    raise argparse.ArgumentTypeError(
        f"{text!r} is no length of time such as 45m, 2h or 1d12h, of at most {_LONGEST.days} days"
    )


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 2026-01-31T18:00") from error
