"""`cdk deploy` itself, against moto's server: the stacks are made, and a frame comes out as report and alert.

What moto leaves out of the templates is listed here by type. What the chain needs of it was filled in from
the same templates; the rest is asserted on them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from infra.catalog import CATALOG
from infra.deployment.account import Account
from infra.deployment.stage import Stage
from infra.rehearsal.deployed import Declared, Deployed
from infra.rehearsal.rehearsal import OPERATORS
from tests.rehearsal.conftest import Rehearsed
from vigie.domain.findings import State
from vigie.domain.workloads import Deployment

# The first build of all layers takes minutes on a fresh machine, and is made within the first test.
pytestmark = pytest.mark.timeout(600)
STAGE = Stage("trial")
ACCOUNT = Account(account_id="123456789012", region="eu-west-1", arn="arn:aws:sts::123456789012:user/moto")
QUEUES = {queue.name for queue in CATALOG.queues}
DEAD = {queue.dead_letter for queue in CATALOG.queues}


@pytest.fixture(scope="session")
def deployed(rehearsed: Rehearsed) -> Deployed:
    return rehearsed.outcome.deployed


def statements(deployed: Deployed, kind: str, target: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what policies of a kind say, with the name of each queue, topic or bucket that they are for."""
    for policy in deployed.of_kind(kind):
        on = deployed.value(policy.stack, policy.properties[target])
        for name in on if isinstance(on, list) else [on]:
            for statement in deployed.value(policy.stack, policy.properties["PolicyDocument"])["Statement"]:
                yield name.replace(":", "/").rpartition("/")[2], statement


def short(name: str) -> str:
    return name.removeprefix(STAGE.prefix)


def test_comparing_makes_no_stacks(rehearsed: Rehearsed) -> None:
    """Nothing is changed before a yes: by its default method `cdk diff` makes empty stacks for a while."""
    assert rehearsed.outcome.compared == ()


def test_a_frame_comes_out_as_a_report_and_an_alert(rehearsed: Rehearsed) -> None:
    outcome = rehearsed.outcome
    assert outcome.report is not None, rehearsed.words.read_text(encoding="utf-8")[-3000:]
    people = [each for each in outcome.report.detections if each.label == "person"]
    assert len(people) > 3
    assert outcome.report.model.startswith("yolov8/detector@")  # of the layer
    assert len(outcome.visits) > 3
    (alert, *_) = outcome.alerts
    told = json.loads(alert)
    assert told["kind"] == "visit"
    assert told["camera"]["id"] == outcome.frame_key.camera_id
    assert told["visit"]["id"] in outcome.visits
    assert told["link"], "the role that signs links could not be taken on"


def test_the_canary_proves_the_whole_way(rehearsed: Rehearsed) -> None:
    assert rehearsed.outcome.proof is not None


def test_the_doctor_finds_nothing_wrong(rehearsed: Rehearsed) -> None:
    """The key's policy, the notification, filters, TTL and recovery are those of the templates."""
    findings = rehearsed.outcome.findings
    assert len(findings) > 10
    # By its nature, moto cannot tell of a metric.
    assert [each for each in findings if each.state is not State.OK] == []


def test_removing_it_leaves_nothing(rehearsed: Rehearsed) -> None:
    removed = rehearsed.outcome.removed
    # Newest first, so that nothing goes before what needs it.
    assert removed.stacks[-1] == STAGE.data_stack
    assert len(removed.stacks) == len(rehearsed.outcome.stacks)
    assert removed.objects > 3  # frames and pictures
    assert removed.kept == []
    assert rehearsed.outcome.left == ()


def test_what_moto_leaves_out_is_listed_by_type(rehearsed: Rehearsed) -> None:
    completion = rehearsed.outcome.completion
    assert Counter(completion.filled) == {
        "AWS::S3::Bucket NotificationConfiguration": 1,
        "AWS::S3::Bucket VersioningConfiguration": 1,
        "AWS::DynamoDB::Table TimeToLiveSpecification": 1,
        "AWS::DynamoDB::Table PointInTimeRecoverySpecification": 1,
        "AWS::KMS::Key KeyPolicy": 1,
        "AWS::SNS::Subscription": len(CATALOG.subscriptions) + len(OPERATORS),
    }
    assert set(completion.dropped) == {
        "AWS::Lambda::Function Layers",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Scheduler::Schedule",
        "AWS::SQS::QueuePolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::S3::BucketPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::Logs::MetricFilter",
        "AWS::Budgets::Budget",
    }
    assert rehearsed.outcome.mappings == len(QUEUES)


def test_the_programs_know_the_templates_names(deployed: Deployed) -> None:
    assert {each.stack for each in deployed.resources} == {
        f"{STAGE.stack_prefix}{name}" for name in ("Data", "Pipeline", "Console", "Ops")
    }
    names = {each.name for each in deployed.resources}
    assert {STAGE.table, STAGE.bucket(ACCOUNT), STAGE.alerts_topic(ACCOUNT)} <= names
    assert {STAGE.function(function.name) for function in CATALOG.functions} <= names
    assert STAGE.data_stack == next(deployed.of_kind("AWS::DynamoDB::Table")).stack


def test_buckets_queues_and_topics_refuse_plain_http(deployed: Deployed) -> None:
    """moto would refuse everything, as it weighs no condition: so their policies were not put there."""
    denied: dict[str, set[str]] = {}
    for kind, target, owner in (
        ("AWS::S3::BucketPolicy", "Bucket", "AWS::S3::Bucket"),
        ("AWS::SQS::QueuePolicy", "Queues", "AWS::SQS::Queue"),
        ("AWS::SNS::TopicPolicy", "Topics", "AWS::SNS::Topic"),
    ):
        for name, statement in statements(deployed, kind, target):
            if statement["Effect"] == "Deny":
                condition = statement["Condition"].get("Bool", {})
                if condition.get("aws:SecureTransport") == "false":
                    denied.setdefault(owner, set()).add(name)
        everyone = {
            (each.name or "").replace(":", "/").rpartition("/")[2] for each in deployed.of_kind(owner)
        }
        assert denied[owner] == everyone


def test_queues_let_in_whom_the_chain_needs_and_nobody_else(deployed: Deployed) -> None:
    allowed = [
        (short(queue), statement["Principal"]["Service"], statement["Condition"])
        for queue, statement in statements(deployed, "AWS::SQS::QueuePolicy", "Queues")
        if statement["Effect"] == "Allow"
    ]
    bucket_arn = f"arn:aws:s3:::{STAGE.bucket(ACCOUNT)}"
    for wire in CATALOG.bucket.wires:
        (condition,) = [
            each for queue, who, each in allowed if (queue, who) == (wire.queue, "s3.amazonaws.com")
        ]
        assert "123456789012" in json.dumps(condition)
        assert bucket_arn in json.dumps(condition)
    for following in CATALOG.subscriptions:
        topic_arn = f"arn:aws:sns:eu-west-1:123456789012:{STAGE.prefix}{following.topic}"
        conditions = [
            each for queue, who, each in allowed if (queue, who) == (following.queue, "sns.amazonaws.com")
        ]
        assert any(topic_arn in json.dumps(each) for each in conditions)
    assert {queue for queue, _, _ in allowed} <= QUEUES | DEAD
    assert {who for _, who, _ in allowed} == {"s3.amazonaws.com", "sns.amazonaws.com"}


def test_every_schedule_calls_its_function(deployed: Deployed) -> None:
    called = {}
    for schedule in deployed.of_kind("AWS::Scheduler::Schedule"):
        target = deployed.value(schedule.stack, schedule.properties["Target"]["Arn"])
        called[short(target.rpartition(":")[2])] = schedule.properties["ScheduleExpression"]
        assert json.loads(schedule.properties["Target"]["Input"]) == {}
    every = {function.name: function.every for function in CATALOG.functions if function.every}
    assert called.keys() == every.keys()
    for name, interval in every.items():
        minutes = int(interval.total_seconds() / 60)
        assert called[name] == f"rate({minutes} minute{'s' if minutes > 1 else ''})"
    # A call that failed is not made again: the next one comes.
    retries = [
        each.properties["MaximumRetryAttempts"] for each in deployed.of_kind("AWS::Lambda::EventInvokeConfig")
    ]
    assert retries == [0] * len(every)


def test_functions_have_the_layers_that_they_were_run_with(deployed: Deployed) -> None:
    named = {
        each.identifier: short(each.properties["LayerName"])
        for each in deployed.of_kind("AWS::Lambda::LayerVersion")
    }
    for function in CATALOG.functions:
        declared = next(
            each
            for each in deployed.of_kind("AWS::Lambda::Function")
            if each.name == STAGE.function(function.name)
        )
        assert {named[each["Ref"]] for each in declared.properties["Layers"]} == set(function.layers)


def test_alarms_and_budget_tell_the_operators(deployed: Deployed) -> None:
    def hears(resource: Declared) -> bool:
        return "operators" in json.dumps(resource.properties).lower()

    alarms = list(deployed.of_kind("AWS::CloudWatch::Alarm"))
    assert all(hears(alarm) for alarm in alarms)
    (budget,) = deployed.of_kind("AWS::Budgets::Budget")
    assert hears(budget)
    (_,) = deployed.of_kind("AWS::Logs::MetricFilter")


def test_the_bill_counts_what_is_deployed(deployed: Deployed) -> None:
    """The defaults of `domain.workloads` are the template's."""
    deployment = Deployment()
    assert deployment.alarms == sum(_metrics(alarm) for alarm in deployed.of_kind("AWS::CloudWatch::Alarm"))
    assert deployment.dashboards == len(list(deployed.of_kind("AWS::CloudWatch::Dashboard")))
    assert deployment.budgets == len(list(deployed.of_kind("AWS::Budgets::Budget")))
    assert deployment.keys == len(list(deployed.of_kind("AWS::KMS::Key")))
    assert deployment.metrics == len(list(deployed.of_kind("AWS::Logs::MetricFilter")))
    functions = list(deployed.of_kind("AWS::Lambda::Function"))
    traced = [each.properties.get("TracingConfig", {}).get("Mode") == "Active" for each in functions]
    assert set(traced) == {deployment.tracing}


def _metrics(alarm: Declared) -> int:
    """CloudWatch asks for each metric that an alarm reads."""
    queries = alarm.properties.get("Metrics", [])
    return sum("MetricStat" in query for query in queries) or 1
