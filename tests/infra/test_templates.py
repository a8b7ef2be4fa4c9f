"""What CloudFormation gets of a production stage, resource by resource, where it matters."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.catalog import CATALOG
from infra.config import Settings
from infra.lifecycle import days_by_prefix
from tests.infra.conftest import Synthesis
from vigie.settings import read_settings, variable

FUNCTIONS = {f"vigie-prod-{function.name}": function for function in CATALOG.functions}


def only(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    (resource,) = found.values()
    return resource


def named(found: dict[str, dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {each["Properties"][key]: each["Properties"] for each in found.values()}


def data_bucket(synthesis: Synthesis) -> dict[str, Any]:
    buckets = synthesis.of_type("Data", "AWS::S3::Bucket")
    return next(each for each in buckets.values() if "NotificationConfiguration" in each["Properties"])


def test_the_bucket_tells_its_queues_without_a_custom_resource(synthesis: Synthesis) -> None:
    bucket = data_bucket(synthesis)
    rules = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    told = {
        tuple(rule["Value"] for rule in each["Filter"]["S3Key"]["Rules"]): each["Queue"]["Fn::GetAtt"][0]
        for each in rules
    }
    assert set(told) == {(wire.prefix, wire.suffix) for wire in CATALOG.bucket.wires}
    policies = synthesis.of_type("Data", "AWS::SQS::QueuePolicy")
    for queue in told.values():
        name, policy = next(
            (name, each)
            for name, each in policies.items()
            if each["Properties"]["Queues"] == [{"Ref": queue}]
        )
        assert name in bucket["DependsOn"], "S3 tries at once whether it may send"
        allowed = [
            each
            for each in policy["Properties"]["PolicyDocument"]["Statement"]
            if each["Principal"] == {"Service": "s3.amazonaws.com"}
        ]
        (statement,) = allowed
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        assert "vigie-prod-data-" in json.dumps(statement["Condition"]["ArnEquals"])
    kinds = {each["Type"] for stack in synthesis.templates.values() for each in stack["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith("Custom::") or "CustomResource" in kind]
    functions = synthesis.of_type("Pipeline", "AWS::Lambda::Function")
    assert len(functions) == len(CATALOG.functions), "and no function of CDK's own"


def test_the_bucket_is_closed_encrypted_and_forgets(synthesis: Synthesis) -> None:
    properties = data_bucket(synthesis)["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["BucketKeyEnabled"] is True
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["LoggingConfiguration"]["LogFilePrefix"] == "data/"
    rules = properties["LifecycleConfiguration"]["Rules"]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert days == {**days_by_prefix(CATALOG.bucket, Settings(retain=True).keep), "frames/": 5}
    assert (days["faces/"], days["site/pictures/"], days["reports/"]) == (1, 30, 7)
    for prefix in (*days, "heartbeats/", "site/charts/"):
        (rule,) = (each for each in rules if each.get("Prefix") == prefix)
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}, "an old version is a copy kept"
    (everything,) = (rule for rule in rules if "Prefix" not in rule)
    assert everything["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_what_holds_state_outlives_a_production_stage(synthesis: Synthesis) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::DynamoDB::Table", "AWS::KMS::Key"):
        for name, resource in synthesis.of_type("Data", kind).items():
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate", name
    table = only(synthesis.of_type("Data", "AWS::DynamoDB::Table"))["Properties"]
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table["TimeToLiveSpecification"] == {"AttributeName": CATALOG.table.expires, "Enabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert [(each["AttributeName"], each["KeyType"]) for each in table["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]


def test_the_key_lets_those_through_who_send(synthesis: Synthesis) -> None:
    from vigie.domain.policies import missing_grants

    key = only(synthesis.of_type("Data", "AWS::KMS::Key"))["Properties"]
    assert key["EnableKeyRotation"] is True
    for service in ("s3", "sns", "cloudwatch", "budgets"):
        assert missing_grants(key["KeyPolicy"], f"{service}.amazonaws.com") == ()


@pytest.mark.parametrize("queue", CATALOG.queues, ids=lambda queue: queue.name)
def test_a_queue_hides_hands_on_and_keeps(synthesis: Synthesis, queue: Any) -> None:
    queues = synthesis.of_type("Data", "AWS::SQS::Queue")
    found = named(queues, "QueueName")
    properties, dead = found[f"vigie-prod-{queue.name}"], found[f"vigie-prod-{queue.dead_letter}"]
    timeout = CATALOG.function_of(queue.name).timeout
    window_s = 0 if queue.name == "lights" else Settings(retain=True).batch_window_s
    assert properties["VisibilityTimeout"] == 6 * timeout.total_seconds() + window_s
    assert properties["RedrivePolicy"]["maxReceiveCount"] == queue.max_receives
    target = properties["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert queues[target]["Properties"] is dead
    assert dead["MessageRetentionPeriod"] == 14 * 86_400 > properties["MessageRetentionPeriod"]
    assert dead["RedriveAllowPolicy"]["redrivePermission"] == "byQueue"
    assert f":vigie-prod-{queue.name}" in json.dumps(dead["RedriveAllowPolicy"]["sourceQueueArns"])
    assert properties["KmsMasterKeyId"] == dead["KmsMasterKeyId"]


def test_queues_follow_topics_as_the_catalog_says(synthesis: Synthesis) -> None:
    found = [each["Properties"] for each in synthesis.of_type("Data", "AWS::SNS::Subscription").values()]
    assert [each["FilterPolicy"] for each in found] == [each.filter_policy for each in CATALOG.subscriptions]
    assert all(
        each["RawMessageDelivery"] and "deadLetterTargetArn" in each["RedrivePolicy"] for each in found
    )
    (operator,) = synthesis.of_type("Ops", "AWS::SNS::Subscription").values()
    assert (operator["Properties"]["Protocol"], operator["Properties"]["Endpoint"]) == (
        "email",
        "ops@vigie.example",
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_what_the_catalog_says(synthesis: Synthesis, name: str) -> None:
    from infra.environment import settings_class

    function = FUNCTIONS[name]
    properties = named(synthesis.of_type("Pipeline", "AWS::Lambda::Function"), "FunctionName")[name]
    assert (properties["Runtime"], properties["Architectures"]) == ("python3.13", ["x86_64"])
    assert (properties["Handler"], properties["MemorySize"]) == ("handler.handler", function.memory_mb)
    assert properties["Timeout"] == function.timeout.total_seconds()
    assert len(properties["Layers"]) == len(function.layers)
    assert properties["TracingConfig"] == {"Mode": "Active"}
    assert properties["LoggingConfig"]["LogFormat"] == "JSON"
    assert "ReservedConcurrentExecutions" not in properties
    environ = {key: str(value) for key, value in properties["Environment"]["Variables"].items()}
    assert environ["ORT_DISABLE_TELEMETRY"] == "1"
    settings: Any = read_settings(settings_class(function), environ)
    assert not hasattr(settings, "face_model") or str(settings.face_model) == "/opt/model/face.onnx"
    given = {key for key in environ if key.startswith(variable(""))}
    assert given <= {variable(field) for field in settings.__slots__}


def test_each_function_has_one_trigger(synthesis: Synthesis) -> None:
    mappings = [
        each["Properties"]
        for each in synthesis.of_type("Pipeline", "AWS::Lambda::EventSourceMapping").values()
    ]
    assert len(mappings) == len([each for each in CATALOG.functions if each.queue])
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2
        assert "MaximumBatchingWindowInSeconds" in mapping
    wanted = sorted(each.batch_size for each in CATALOG.functions if each.queue)
    assert sorted(mapping["BatchSize"] for mapping in mappings) == wanted
    schedules = named(synthesis.of_type("Pipeline", "AWS::Scheduler::Schedule"), "Name")
    assert {name: each["ScheduleExpression"] for name, each in schedules.items()} == {
        "vigie-prod-render_charts": "rate(15 minutes)",
        "vigie-prod-watch_cameras": "rate(1 minute)",
        "vigie-prod-send_canary": "rate(60 minutes)",
    }
    for schedule in schedules.values():
        assert schedule["Target"]["Input"] == "{}"
        assert schedule["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 1


def test_every_log_is_encrypted_and_ends(synthesis: Synthesis) -> None:
    groups = named(synthesis.of_type("Pipeline", "AWS::Logs::LogGroup"), "LogGroupName")
    assert set(groups) == {f"/aws/lambda/{name}" for name in FUNCTIONS}
    for group in groups.values():
        assert group["RetentionInDays"] == 30
        assert "KmsKeyId" in group


def test_alarms_go_to_the_operators(synthesis: Synthesis) -> None:
    alarms = named(synthesis.of_type("Ops", "AWS::CloudWatch::Alarm"), "AlarmName")
    expected = {f"vigie-prod-{each.name}-waits" for each in CATALOG.queues}
    expected |= {f"vigie-prod-{each.dead_letter}-letters" for each in CATALOG.queues}
    for word in ("errors", "throttles", "slow"):
        expected |= {f"{name}-{word}" for name in FUNCTIONS}
    whole = ("frames-a-day", "camera-dark", "nobody-watches", "alerts-unproven")
    assert set(alarms) == expected | {f"vigie-prod-{word}" for word in whole}
    (topic,) = synthesis.of_type("Ops", "AWS::SNS::Topic")
    queues = {f"vigie-prod-{name}" for each in CATALOG.queues for name in (each.name, each.dead_letter)}
    watched = [each for alarm in alarms.values() for each in alarm.get("Dimensions", ())]
    assert {each["Value"] for each in watched} <= {*FUNCTIONS, *queues}, "an alarm on nothing never speaks"
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
        assert alarm["AlarmDescription"]
    board = only(synthesis.of_type("Ops", "AWS::CloudWatch::Dashboard"))["Properties"]["DashboardBody"]
    shown = json.dumps(board)
    assert [name for name in alarms if f":alarm:{name}" not in shown] == []
    for silent in ("alerts-unproven", "nobody-watches"):
        assert alarms[f"vigie-prod-{silent}"]["TreatMissingData"] == "breaching"
    assert alarms["vigie-prod-frames-a-day"]["Period"] == 86_400
    frames = only(synthesis.of_type("Ops", "AWS::Logs::MetricFilter"))["Properties"]
    assert frames["LogGroupName"] == "/aws/lambda/vigie-prod-watch_cameras"
    (figure,) = frames["MetricTransformations"]
    dark = alarms["vigie-prod-camera-dark"]
    assert (dark["Namespace"], dark["MetricName"]) == (figure["MetricNamespace"], figure["MetricName"])


def test_the_budget_speaks_to_the_operators(synthesis: Synthesis) -> None:
    budget = only(synthesis.of_type("Ops", "AWS::Budgets::Budget"))["Properties"]
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 12, "Unit": "USD"}
    policy = only(synthesis.of_type("Ops", "AWS::SNS::TopicPolicy"))["Properties"]["PolicyDocument"]
    speakers = {each["Principal"].get("Service") for each in policy["Statement"] if each["Effect"] == "Allow"}
    assert {"budgets.amazonaws.com", "cloudwatch.amazonaws.com"} <= speakers


def test_an_agent_may_do_what_the_edge_says(synthesis: Synthesis) -> None:
    thing = only(synthesis.of_type("Edge", "AWS::IoT::Thing"))["Properties"]
    assert (thing["ThingName"], thing["AttributePayload"]) == (
        "garden",
        {"Attributes": {"cameras": "gate,yard"}},
    )
    alias = only(synthesis.of_type("Edge", "AWS::IoT::RoleAlias"))["Properties"]
    policy = only(synthesis.of_type("Edge", "AWS::IoT::Policy"))["Properties"]
    # As `edge_agent enroll --role-alias` calls it, so that it finds this one.
    assert (alias["RoleAlias"], policy["PolicyName"]) == ("vigie-prod-garden", "vigie-edge-vigie-prod-garden")
    trusted = only(synthesis.of_type("Edge", "AWS::IAM::Role"))["Properties"]["AssumeRolePolicyDocument"]
    assert trusted["Statement"][0]["Principal"] == {"Service": "credentials.iot.amazonaws.com"}


def test_the_doctor_and_enrolment_find_what_they_need(synthesis: Synthesis) -> None:
    outputs = set(synthesis.templates["Data"]["Outputs"])
    assert {"Bucket", "TableName", "KeyArn", "ReportsTopicArn", "AlertsTopicArn", "FramesQueueUrl"} <= outputs
    assert "FramesDeadQueueUrl" in outputs
    assert set(synthesis.templates["Edge"]["Outputs"]) == {"GardenRoleAliasName"}


def test_cfn_lint_finds_nothing(synthesis: Synthesis) -> None:
    templates = sorted(map(str, synthesis.folder.glob("*.template.json")))
    assert len(templates) == 5
    lint = Path(sys.executable).parent / "cfn-lint"
    done = subprocess.run([lint, *templates], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
