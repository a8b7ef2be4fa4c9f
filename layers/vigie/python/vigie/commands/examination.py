"""The doctor's round: each check gathers its facts and judges them; one that fails is a finding itself."""

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from functools import cached_property, partial

from vigie.aws import clients, inspection
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.heartbeat_store import S3HeartbeatSource
from vigie.aws.lights import IotLampShadows
from vigie.aws.pause_store import DynamoPauseStore
from vigie.aws.report_store import DynamoReportStore
from vigie.aws.site_store import S3SiteSource
from vigie.commands.checking import checked
from vigie.commands.inputs import checkout
from vigie.domain.agent_findings import judge_agent
from vigie.domain.budget_findings import judge_channels, judge_kept_sms
from vigie.domain.cameras import CANARY
from vigie.domain.darkness import HeartbeatSeen, newest_words
from vigie.domain.diagnosis import (
    judge_cameras,
    judge_canary_subscription,
    judge_key,
    judge_notifications,
    judge_proof,
    judge_queue,
    judge_site,
    judge_sms,
    judge_subscriptions,
    judge_table,
)
from vigie.domain.findings import Finding, QueueFacts, SubscriptionFacts, ok, unknown
from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.lamp_findings import judge_lamps
from vigie.domain.lamps import LAMP_THINGS
from vigie.domain.notices import NoticeKind
from vigie.domain.pause_findings import judge_pauses
from vigie.domain.region_findings import judge_rekognition
from vigie.domain.sites import Site
from vigie.errors import CloudError, ModelError
from vigie.steps.diagnose import follow_canary, judge_trace
from vigie.steps.pausing import COMPARISON, ENGINE, faces_of
from vigie.steps.prove import send_canary
from vigie.steps.watch import dark_cameras

_S3, _SNS, _ALARMS = "s3.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com"


class Examination:
    """One round over the resources of one deployment; what several checks need is read once."""

    def __init__(
        self,
        *,
        bucket: str,
        table: str,
        reports_topic: str,
        alerts_topic: str,
        lamp_things: str = LAMP_THINGS,
        sleep: Callable[[float], None],
    ) -> None:
        self._bucket, self._table = bucket, table
        self._reports_topic, self._alerts_topic = reports_topic, alerts_topic
        self._sleep = sleep
        self._s3, self._sqs, self._sns = clients.s3(), clients.sqs(), clients.sns()
        self._kms, self._cloudwatch, self._dynamodb = clients.kms(), clients.cloudwatch(), clients.dynamodb()
        self._shadows = IotLampShadows(clients.iot_data(), lamp_things)
        self._health = DynamoHealthStore(self._dynamodb, table)
        self._site = Site()

    @property
    def _tz(self) -> tzinfo:
        return self._site.tz

    def findings(self, *, canary_timeout_s: float | None) -> Iterator[Finding]:
        """Yield what is found, check by check; a canary is sent and followed unless its time-out is None."""
        yield from checked("the site document", "s3:GetObject on site/*", self._check_site)
        yield from checked(
            "the bucket's notifications", "s3:GetBucketNotification", self._check_notifications
        )
        yield from checked("the queues", "sqs:GetQueueUrl, sqs:GetQueueAttributes", self._check_queues)
        yield from checked(
            "the subscriptions",
            "sns:ListSubscriptionsByTopic, sns:GetSubscriptionAttributes",
            self._check_subscriptions,
        )
        yield from checked(
            "the keys", "sns:GetTopicAttributes, kms:DescribeKey, kms:GetKeyPolicy", self._check_keys
        )
        yield from checked(
            "SMS",
            "sns:GetSMSSandboxAccountStatus, sns:GetSMSAttributes, sns:ListSMSSandboxPhoneNumbers",
            self._check_sms,
        )
        yield from checked(
            "the table's settings",
            "dynamodb:DescribeTable, dynamodb:DescribeTimeToLive, dynamodb:DescribeContinuousBackups",
            self._check_table,
        )
        yield from _check_model()
        yield from checked(
            "agents and cameras",
            "s3:ListBucket, s3:GetObject on heartbeats/*, dynamodb:Query",
            self._check_cameras,
        )
        yield from checked("the lamps", "iot:GetThingShadow, s3:GetObject on heartbeats/*", self._check_lamps)
        yield from checked("the pauses of Rekognition", "dynamodb:GetItem", self._check_pauses)
        if canary_timeout_s is not None:
            yield from checked(
                "the canary's way",
                f"s3:PutObject on {FRAMES_PREFIX}{CANARY}/*, dynamodb:GetItem, dynamodb:Query",
                partial(self._check_canary, canary_timeout_s),
            )
        yield from checked("the last proof", "dynamodb:GetItem", self._check_proof)

    def _check_site(self) -> Iterator[Finding]:
        self._site = S3SiteSource(self._s3, self._bucket).site()
        yield judge_site(self._site)
        region = self._s3.meta.region_name
        offered = inspection.has_rekognition(region)
        yield judge_rekognition(self._site, region=region, offered=offered)

    def _check_notifications(self) -> Iterator[Finding]:
        rules = inspection.notifications(self._s3, self._bucket)
        yield judge_notifications(rules, prefix=FRAMES_PREFIX)

    def _check_queues(self) -> Iterator[Finding]:
        for facts, _service in self._queues.values():
            yield from judge_queue(facts)

    def _check_subscriptions(self) -> Iterator[Finding]:
        followers = self._alerts_followers
        yield from judge_subscriptions(followers, self._site)
        yield from judge_channels(followers)
        yield from judge_kept_sms(followers, self._site.caps)
        yield judge_canary_subscription(followers)

    def _check_keys(self) -> Iterator[Finding]:
        owners = [(facts.name, facts.key_id, service) for facts, service in self._queues.values()]
        owners.append(("the alerts topic", inspection.topic_key(self._sns, self._alerts_topic), _ALARMS))
        encrypted = [(owner, key_id, service) for owner, key_id, service in owners if key_id]
        for owner, key_id, service in encrypted:
            yield from judge_key(owner, inspection.key(self._kms, key_id), services=[service])
        if not encrypted:
            yield ok("no topic and no queue has a KMS key, so none can lack a grant")

    def _check_sms(self) -> Iterator[Finding]:
        if any(each.protocol == "sms" for each in self._alerts_followers):
            yield from judge_sms(inspection.sms(self._sns, self._cloudwatch))
        else:
            yield ok("nobody hears alerts by SMS, so their limits do not matter")

    def _check_table(self) -> Iterator[Finding]:
        yield from judge_table(inspection.table(self._dynamodb, self._table))

    def _check_cameras(self) -> Iterator[Finding]:
        for seen in self._beats:
            yield from judge_agent(seen, now=datetime.now(UTC), tz=self._tz)
        watched = {camera.camera_id for camera in self._site.cameras} | set(newest_words(self._beats))
        yield from judge_cameras(dark_cameras(self._health.vigils()), len(watched), tz=self._tz)

    def _check_pauses(self) -> Iterator[Finding]:
        store = DynamoPauseStore(self._dynamodb, self._table)
        uses = (ENGINE, COMPARISON, faces_of(self._site.known_faces.collection))
        yield from judge_pauses({use: store.pause(use) for use in uses}, now=_now(), tz=self._tz)

    def _check_lamps(self) -> Iterator[Finding]:
        for group in self._site.lamp_groups:
            facts = self._shadows.facts(group.group_id)
            yield judge_lamps(group, facts, self._beats, site=self._site, now=datetime.now(UTC))

    def _check_proof(self) -> Iterator[Finding]:
        after_s = self._site.watchfulness.unproven_after_s
        yield judge_proof(self._health.last_proof(), now=datetime.now(UTC), after_s=after_s, tz=self._tz)

    def _check_canary(self, timeout_s: float) -> Iterator[Finding]:
        try:
            from vigie.vision.canary import draw_canary
        except ImportError as error:
            yield unknown(
                f"no canary can be drawn here: {error}", "pip install 'vigie[vision]', or --no-canary"
            )
            return
        frames = S3FrameStore(self._s3, self._bucket)
        key = send_canary(draw_canary(), frames=frames, clock=_now)
        trace = follow_canary(
            key,
            frames=frames,
            reports=DynamoReportStore(self._dynamodb, self._table),
            proofs=self._health,
            clock=_now,
            sleep=self._sleep,
            timeout_s=timeout_s,
        )
        yield from judge_trace(
            trace, frames_queue=self._queue_of(_S3), alerts_queue=self._queue_of(self._reports_topic)
        )

    @cached_property
    def _beats(self) -> tuple[HeartbeatSeen, ...]:
        return tuple(S3HeartbeatSource(self._s3, self._bucket).heartbeats())

    @cached_property
    def _alerts_followers(self) -> tuple[SubscriptionFacts, ...]:
        return inspection.subscriptions(self._sns, self._alerts_topic)

    @cached_property
    def _sources(self) -> dict[str, str]:
        """The ARNs of the queues that feed functions, and what sends to each: S3, or a topic."""
        sources = {rule.queue: _S3 for rule in inspection.notifications(self._s3, self._bucket)}
        sources |= {
            arn: self._reports_topic for arn, _ in inspection.followed_by(self._sns, self._reports_topic)
        }
        for arn, facts in inspection.followed_by(self._sns, self._alerts_topic):
            if facts.filter_policy == {"kind": [NoticeKind.CANARY.value]}:
                sources[arn] = self._alerts_topic
        return sources

    @cached_property
    def _queues(self) -> dict[str, tuple[QueueFacts, str]]:
        return {
            arn: (inspection.queue(self._sqs, self._cloudwatch, arn), _S3 if source == _S3 else _SNS)
            for arn, source in self._sources.items()
        }

    def _queue_of(self, source: str) -> QueueFacts | None:
        """Return how the first queue of a source stands now; None when that cannot be known."""
        try:
            arn = next((arn for arn, each in self._sources.items() if each == source), None)
            return inspection.queue(self._sqs, self._cloudwatch, arn) if arn else None
        except CloudError:
            return None


def _check_model() -> Iterator[Finding]:
    """Look for the model's file on this machine, which local runs need."""
    try:
        from vigie.vision.models import look_for_model

        found = look_for_model(environ=os.environ, checkout=checkout())
    except (ImportError, ModelError) as error:
        yield unknown(
            f"no model file on this machine: {error}", "only `vigie detect` and local runs need one"
        )
        return
    if found:
        yield ok(f"the model on this machine is {found.name}")
    else:
        yield unknown(
            "no model file on this machine", "python -m vigie model fetch, for `detect` and local runs"
        )


def _now() -> datetime:
    return datetime.now(UTC)
