"""Stacks that must not be: our own rules and cdk-nag stop the synthesis."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from infra.artefacts import Artefacts
from infra.config import read_config
from infra.rules import find_faults, synthesise
from infra.stacks import make_stacks
from tests.infra.conftest import CONTEXT, flags
from vigie.errors import ConfigError


def test_what_breaks_a_rule_stops_the_synthesis(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Bad")
    dead = sqs.Queue(stack, "Dead", enforce_ssl=True)
    sqs.Queue(
        stack,
        "Good",
        enforce_ssl=True,
        dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=5, queue=dead),
    )
    sqs.Queue(stack, "Deaf", enforce_ssl=True)
    sqs.Queue(stack, "Plain", dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=5, queue=dead))
    sns.Topic(stack, "Loud")
    s3.Bucket(stack, "Closed", enforce_ssl=True)
    s3.Bucket(stack, "Open")
    s3.Bucket(
        stack, "Emptied", enforce_ssl=True, auto_delete_objects=True, removal_policy=RemovalPolicy.DESTROY
    )
    lambda_.Function(
        stack,
        "Unwatched",
        function_name="unwatched",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): ..."),
    )
    with pytest.raises(ConfigError) as caught:
        synthesise(app)
    found = [fault.partition(": ")[2].partition(" is ") for fault in str(caught.value).split("; ")]
    assert sorted((name[:4], words.partition(",")[0]) for name, _, words in found) == [
        ("Cust", "a function without an alarm on its errors"),  # that of auto_delete_objects
        ("Deaf", "a queue without a dead-letter queue"),
        ("Empt", "a custom resource"),
        ("Loud", "a topic that takes messages without TLS"),
        ("Open", "a bucket that answers without TLS"),
        ("Plai", "a queue that takes messages without TLS"),
        ("Unwa", "a function without an alarm on its errors"),
    ]


def test_a_wildcard_that_nobody_gave_a_reason_for_stops_the_synthesis(
    tiny: Artefacts, tmp_path: Path
) -> None:
    app = App(outdir=str(tmp_path), context=flags())
    stacks = make_stacks(app, config=read_config(CONTEXT), artefacts=tiny)
    iam.Role(
        stacks.console,
        "Greedy",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "all": iam.PolicyDocument(statements=[iam.PolicyStatement(actions=["s3:*"], resources=["*"])])
        },
    )
    with pytest.raises(ConfigError, match="Greedy") as caught:
        synthesise(app)
    asked = [line.strip() for line in str(caught.value).splitlines() if "Acknowledge with" in line]
    assert asked == [
        "Acknowledge with 'AwsSolutions::AwsSolutions-IAM5[Action::s3:*]'",
        "Acknowledge with 'AwsSolutions::AwsSolutions-IAM5[Resource::*]'",
    ], "what has a reason is no finding"


BUCKET = {"Type": "AWS::S3::Bucket"}
ARN = {"Fn::GetAtt": ["Data", "Arn"]}
WHOLE = [ARN, {"Fn::Join": ["", [ARN, "/*"]]}]
TLS = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ({}, []),
        ({"Action": ["s3:*"], "Resource": "*", "Principal": "*"}, []),
        ({"Action": "s3:GetObject"}, ["Data"]),
        ({"Resource": ARN}, ["Data"]),
        ({"Resource": [{"Fn::GetAtt": ["Other", "Arn"]}]}, ["Data"]),
        ({"Condition": {**TLS, "StringEquals": {"aws:SourceAccount": "1"}}}, ["Data"]),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, ["Data"]),
        ({"Effect": "Allow"}, ["Data"]),
    ],
    ids=lambda value: "-".join(value),
)
def test_a_refusal_of_a_part_is_no_refusal(statement: dict[str, Any], found: list[str]) -> None:
    refusal = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:*",
        "Resource": WHOLE,
        "Condition": TLS,
    }
    policy = {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Data"},
            "PolicyDocument": {"Statement": [{**refusal, **statement}]},
        },
    }
    faults = find_faults({"Stack": {"Resources": {"Data": BUCKET, "Policy": policy}}})
    assert list(faults) == [f"Stack: {name} is a bucket that answers without TLS" for name in found]
