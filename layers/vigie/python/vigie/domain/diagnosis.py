"""What the doctor makes of facts: findings, each with its remedy.

The facts are gathered elsewhere, so every judgement is a rule over plain values. Key policies and filter
policies are read in `domain.policies`, edge agents are judged in `domain.agent_findings`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo

from vigie.domain.cameras import CANARY
from vigie.domain.detections import PERSON
from vigie.domain.findings import (
    Finding,
    KeyFacts,
    NotificationFacts,
    QueueFacts,
    SmsFacts,
    SubscriptionFacts,
    TableFacts,
    failure,
    ok,
    unknown,
    warning,
)
from vigie.domain.health import Proof, Trouble
from vigie.domain.instants import seconds_between
from vigie.domain.notices import NoticeKind
from vigie.domain.policies import KEY_ACTIONS, filter_lets_through, missing_grants, unknown_names
from vigie.domain.sites import Site

_SLOW_S, _SHORT_VISIBILITY_S, _FEW_TRIES = 300.0, 60, 3
_NEARLY_SPENT = 0.8
# What a canary's alert carries, for filters.
_CANARY_ATTRIBUTES: Mapping[str, Sequence[str]] = {
    "kind": (NoticeKind.CANARY.value,),
    "camera_id": (CANARY,),
    "channels": ("machine",),
}


def judge_site(site: Site) -> Finding:
    """Judge a site document that is valid."""
    if not {PERSON, "car"} & set(site.labels):
        return warning(
            "the site looks for neither a person nor a car, so no canary can be seen",
            f"add {PERSON!r} to labels, or alerts are never proven",
        )
    return ok(f"site document valid: {len(site.cameras)} cameras, {len(site.rules)} rules")


def judge_notifications(rules: Iterable[NotificationFacts], *, prefix: str) -> Finding:
    """Judge how the bucket announces frames."""
    right = [
        rule
        for rule in rules
        if rule.prefix == prefix
        and rule.suffix == ".jpg"
        and any(event in {"s3:ObjectCreated:*", "s3:ObjectCreated:Put"} for event in rule.events)
    ]
    if right:
        return ok(f"the bucket announces {prefix}*.jpg to the queue {right[0].queue.rsplit(':', 1)[-1]}")
    return failure(
        f"the bucket announces no {prefix}*.jpg to a queue, so no frame is looked at",
        "deploy the stack again: it sets the bucket's notification",
    )


def judge_queue(queue: QueueFacts) -> tuple[Finding, ...]:
    """Judge a queue that feeds a function, and its dead-letter queue."""
    name = queue.name
    findings = []
    if queue.dead is None:
        findings.append(
            warning(
                f"{name} has no dead-letter queue: what fails comes again until it is too old", "deploy again"
            )
        )
    elif queue.dead:
        findings.append(
            failure(
                f"{queue.dead} messages failed for good and lie in {queue.dead_name}",
                "the function's log says why; then send them once more (SQS's DLQ redrive)",
            )
        )
    if queue.max_receives is not None and queue.max_receives < _FEW_TRIES:
        findings.append(
            warning(f"{name} gives up after {queue.max_receives} tries", "deploy again: 5 are usual")
        )
    if queue.oldest_s is not None and queue.oldest_s > _SLOW_S:
        findings.append(
            warning(
                f"a message of {name} waits since {queue.oldest_s:.0f} s",
                "is the function throttled, disabled or too slow? its log and its concurrency tell",
            )
        )
    elif queue.waiting and not queue.in_flight:
        findings.append(
            warning(
                f"{queue.waiting} messages wait in {name} and none is being handled",
                "if that lasts, the function's event source mapping is disabled or fails",
            )
        )
    if queue.visibility_s < _SHORT_VISIBILITY_S:
        findings.append(
            warning(
                f"{name} hides a message for {queue.visibility_s} s: it may come again while it is handled",
                "six times the function's time-out is AWS's rule; deploy again",
            )
        )
    if findings:
        return tuple(findings)
    tries = f", {queue.max_receives} tries" if queue.max_receives else ""
    return (
        ok(
            f"{name}: {queue.waiting} waiting, {queue.in_flight} in flight, {queue.dead} dead; "
            f"hidden for {queue.visibility_s} s{tries}"
        ),
    )


def judge_key(owner: str, key: KeyFacts, *, services: Iterable[str]) -> tuple[Finding, ...]:
    """Judge whether AWS's services may use the key of a topic or queue to which they send.

    A service that may not is refused without a word: its messages are lost.
    """
    if not key.enabled:
        return (failure(f"{owner} is encrypted with a key that is disabled: {key.key_id}", "enable the key"),)
    findings = []
    for service in services:
        missing = KEY_ACTIONS if key.policy is None else missing_grants(key.policy, service)
        if missing:
            remedy = (
                "AWS's own key grants no service anything: encrypt with a key of your own, or with none"
                if key.policy is None
                else f"allow {service} kms:GenerateDataKey* and kms:Decrypt in the key's policy"
            )
            what = f"{service} cannot send to {owner}: its key lacks the grant of {', '.join(missing)}"
            findings.append(failure(what, remedy))
    return tuple(findings) or (ok(f"{owner}: its key lets {', '.join(services)} send"),)


def judge_subscriptions(subscriptions: Iterable[SubscriptionFacts], site: Site) -> tuple[Finding, ...]:
    """Judge who hears the alerts: somebody must, of what there is, and people should hear no canaries."""
    findings, heard = [], 0
    for each in subscriptions:
        who = f"{each.protocol} {each.address}"
        canary = each.by_body or filter_lets_through(each.filter_policy or {}, _CANARY_ATTRIBUTES)
        only_canary = (each.filter_policy or {}).get("kind") == [NoticeKind.CANARY.value]
        if only_canary:
            continue
        if each.state == "pending":
            findings.append(
                failure(
                    f"{who} has not confirmed its subscription", "follow the link in the mail that SNS sent"
                )
            )
        elif each.state == "deleted":
            findings.append(
                failure(f"{who} has unsubscribed", "python -m vigie subscribe, if that was a mistake")
            )
        elif strangers := unknown_names(each.filter_policy or {}, site):
            what = ", ".join(strangers)
            findings.append(
                warning(
                    f"{who} asks for {what}, which the site document does not know",
                    "python -m vigie subscribe again, with what it names",
                )
            )
        else:
            heard += 1
            findings.append(
                warning(
                    f"{who} hears the canary every hour",
                    'give it the filter policy {"kind": [{"anything-but": ["canary"]}]}',
                )
                if canary and not each.by_body
                else ok(f"{who} hears alerts")
            )
    if not heard:
        findings.append(
            failure("nobody hears alerts", "python -m vigie subscribe --email ADDRESS, and confirm the mail")
        )
    return tuple(findings)


def judge_canary_subscription(subscriptions: Iterable[SubscriptionFacts]) -> Finding:
    """Judge whether the canary's alert has a queue to come out at."""
    for each in subscriptions:
        if each.protocol == "sqs" and each.filter_policy == {"kind": [NoticeKind.CANARY.value]}:
            return ok(f"canaries come out at the queue {each.address}")
    return failure(
        "no queue follows the canaries' alerts, so nothing can be proven", "deploy the stack again"
    )


def judge_sms(sms: SmsFacts) -> tuple[Finding, ...]:
    """Judge whether SMS go out."""
    findings = []
    if sms.sandbox:
        findings.append(
            warning(
                f"SMS are in the sandbox: they reach the {sms.verified} verified numbers alone",
                "ask AWS to leave the SMS sandbox, or verify the numbers",
            )
        )
    if sms.limit is None or sms.spent is None:
        findings.append(
            unknown(
                "how much of the SMS spending limit is used is not known", "cloudwatch:GetMetricStatistics"
            )
        )
    elif sms.spent >= sms.limit:
        findings.append(
            failure(
                f"the SMS spending limit of {sms.limit:.2f} USD a month is used up: no SMS goes out",
                "ask AWS for a higher limit",
            )
        )
    elif sms.spent >= _NEARLY_SPENT * sms.limit:
        findings.append(
            warning(
                f"{sms.spent:.2f} of {sms.limit:.2f} USD a month for SMS are spent",
                "ask AWS for a higher limit",
            )
        )
    else:
        findings.append(ok(f"{sms.spent:.2f} of {sms.limit:.2f} USD a month for SMS are spent"))
    return tuple(findings)


def judge_table(table: TableFacts) -> tuple[Finding, ...]:
    """Judge the table's settings."""
    findings = []
    if table.status != "ACTIVE":
        findings.append(failure(f"the table is {table.status.lower()}", "wait until it is active"))
    if table.ttl_attribute != "ttl":
        findings.append(
            warning(
                "the table keeps everything for ever: TTL on `ttl` is off", "deploy again, which turns it on"
            )
        )
    if not table.recovery:
        findings.append(warning("the table has no point-in-time recovery", "deploy again, which turns it on"))
    return tuple(findings) or (ok("the table is active, with TTL and point-in-time recovery"),)


def judge_proof(proof: Proof | None, *, now: datetime, after_s: float, tz: tzinfo) -> Finding:
    """Judge when alerts were last proven."""
    if proof is None:
        return warning("alerts were never proven", "wait for the hourly canary, or let the doctor send one")
    what = f"alerts last proven on {proof.proven_at.astimezone(tz):%Y-%m-%d at %H:%M:%S %Z}"
    if after_s and seconds_between(proof.proven_at, now) >= after_s:
        return warning(f"{what}, too long ago", "is send_canary's schedule enabled?")
    return ok(f"{what}, {proof.seconds:.1f} s after the canary was sent")


def judge_cameras(dark: Mapping[str, Trouble], watched: int, *, tz: tzinfo) -> tuple[Finding, ...]:
    """Judge the cameras by what people were told of them."""
    findings = [
        failure(
            f"{camera_id} is dark since {trouble.since.astimezone(tz):%Y-%m-%d %H:%M}: {trouble.detail}",
            "see to its agent and its power; take it out of the site document if it is gone for good",
        )
        for camera_id, trouble in dark.items()
    ]
    return tuple(findings) or (ok(f"{watched} cameras are watched, none is dark"),)
