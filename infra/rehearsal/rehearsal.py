"""One rehearsal: synthesise, deploy to moto's server, complete, send a frame and a canary, look what came."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import boto3

from infra import cdk
from infra.catalog import CATALOG
from infra.config import SOURCE
from infra.deploy import COMPARE, doctor_options
from infra.deployment.account import BOOTSTRAP_PARAMETER
from infra.deployment.emptying import log_groups
from infra.deployment.removal import Removal, Removed
from infra.deployment.stage import Stage
from infra.local.cloud import aws_environ, local_cloud
from infra.local.runner import pass_on
from infra.rehearsal.completion import Completion, complete, mappings_of, rest_mappings
from infra.rehearsal.deployed import Deployed, read_deployed
from infra.rehearsal.hosting import Host, RunningFunction
from vigie.aws import clients
from vigie.aws.frame_store import S3FrameStore
from vigie.aws.health_store import DynamoHealthStore
from vigie.aws.report_store import DynamoReportStore
from vigie.commands.examination import Examination
from vigie.domain.findings import Finding
from vigie.domain.frames import Frame, FrameKey
from vigie.domain.health import Proof
from vigie.domain.instants import minute_of, whole_milliseconds
from vigie.domain.reports import FrameReport
from vigie.errors import SetupError

CAMERA = "rehearsal"
OPERATORS = ["operators@vigie.example"]
_INBOX = "vigie-rehearsal-inbox"
_PATIENCE_S = 90.0
# The bootstrap that the CDK's newest command asks for.
_BOOTSTRAP = "30"


@dataclass(slots=True)
class Outcome:
    """What a rehearsal came to."""

    stacks: tuple[str, ...]
    completion: Completion
    mappings: int
    deployed: Deployed
    frame_key: FrameKey
    compared: tuple[str, ...]  # the stacks that comparing made, if only for a while: none
    report: FrameReport | None = None
    visits: tuple[str, ...] = ()
    alerts: list[str] = field(default_factory=list)
    proof: Proof | None = None
    findings: tuple[Finding, ...] = ()
    removed: Removed = field(default_factory=Removed)
    left: tuple[str, ...] = ()


def rehearse(
    *, stage: str, artefacts: Path, picture: bytes, python: Path, folder: Path, say: Callable[[str], None]
) -> Outcome:
    """Rehearse a deployment of the stage with a picture of somebody; logs and zips' contents go to `folder`.

    Raises:
        SetupError: a step failed; says which.

    """
    folder.mkdir(parents=True, exist_ok=True)
    assembly = folder / "cdk.out"
    with ExitStack() as stack:
        log = stack.enter_context((folder / "words.log").open("w", encoding="utf-8"))
        say("Synthesising")
        _write_settings(folder, stage, artefacts)
        _cdk(["synth", "--quiet", "--output", str(assembly)], log.name, folder=folder)
        endpoint = stack.enter_context(local_cloud(log))
        _bootstrap()
        say("Deploying to moto's server, by the CDK's own command")
        with _for_the_cdk(endpoint):
            _cdk([*COMPARE, "--app", str(assembly)], log.name)
            # Of those that are gone again, too.
            ever = boto3.client("cloudformation").list_stacks()["StackSummaries"]
            options = ["--require-approval", "never", "--method", "direct", "--progress", "events"]
            _cdk(["deploy", "--all", "--app", str(assembly), *options], log.name)
        deployed = read_deployed(Stage(stage).stack_prefix)
        mappings = rest_mappings()
        completion = complete(deployed)
        host = Host(
            deployed=deployed,
            python=python,
            folder=folder,
            cloud={name: value for name, value in aws_environ(endpoint).items() if value},
            log=log,
        )
        host.forget_others()
        say("Sending a frame and a canary")
        outcome = Outcome(
            stacks=tuple(dict.fromkeys(each.stack for each in deployed.resources)),
            completion=completion,
            mappings=mappings,
            compared=tuple(each["StackName"] for each in ever),
            deployed=deployed,
            frame_key=FrameKey(CAMERA, whole_milliseconds(datetime.now(UTC))),
        )
        _send(outcome, host, Stage(stage), picture)
        say("Removing the stage again")
        outcome.removed = _remove(Stage(stage))
        outcome.left = tuple(left_of(Stage(stage)))
        return outcome


def _send(outcome: Outcome, host: Host, stage: Stage, picture: bytes) -> None:
    """Put the frame into the deployed bucket, and be Lambda's pollers until alert and proof have come."""
    options = doctor_options({"": outcome.deployed.outputs})
    named = dict(zip(options[::2], options[1::2], strict=True))
    bucket, table, alerts = named["--bucket"], named["--table"], named["--alerts-topic"]
    inbox = _follow(alerts)
    S3FrameStore(clients.s3(), bucket).post(Frame(outcome.frame_key, picture))
    health = DynamoHealthStore(clients.dynamodb(), table)
    with ExitStack() as stack:
        pollers = [
            (stack.enter_context(host.running(function)), url, size)
            for function, url, size in mappings_of(outcome.deployed)
        ]
        functions = {each.name: each for each in outcome.deployed.of_kind("AWS::Lambda::Function")}
        stack.enter_context(host.running(functions[stage.function("send_canary")])).invoke({})
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline and not (outcome.alerts and outcome.proof):
            _poll(pollers)
            outcome.alerts += _received(inbox)
            outcome.proof = health.last_proof()
        stack.enter_context(host.running(functions[stage.function("watch_cameras")])).invoke({})
    reports = DynamoReportStore(clients.dynamodb(), table)
    outcome.report = reports.report(outcome.frame_key)
    minute = reports.minute(CAMERA, minute_of(outcome.frame_key.captured_at))
    outcome.visits = tuple(visit.visit_id for visit in minute.visits) if minute else ()
    examination = Examination(
        bucket=bucket,
        table=table,
        reports_topic=named["--reports-topic"],
        alerts_topic=alerts,
        sleep=time.sleep,
    )
    outcome.findings = tuple(examination.findings(canary_timeout_s=None))


def _remove(stage: Stage) -> Removed:
    """Do what `make destroy` does."""
    removal = Removal(
        stage=stage,
        formation=boto3.client("cloudformation"),
        s3=boto3.client("s3"),
        logs=boto3.client("logs"),
        revoke=lambda _: 0,
        say=lambda _: None,
        poll_s=0,
    )
    return removal.remove()


def left_of(stage: Stage) -> Iterator[str]:
    """Yield the names of what the account still has of a stage: billed, or in a new one's way."""
    names = [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
    names += boto3.client("dynamodb").list_tables()["TableNames"]
    names += [url.rpartition("/")[2] for url in boto3.client("sqs").list_queues().get("QueueUrls", [])]
    names += [each["TopicArn"].rpartition(":")[2] for each in boto3.client("sns").list_topics()["Topics"]]
    names += [each["FunctionName"] for each in boto3.client("lambda").list_functions()["Functions"]]
    names += [each["RoleName"] for each in boto3.client("iam").list_roles()["Roles"]]
    groups = log_groups(boto3.client("logs"), [f"/aws/lambda/{stage.prefix}"])
    names += [group.removeprefix("/aws/lambda/") for group in groups]
    kms = boto3.client("kms")
    for key in kms.list_keys()["Keys"]:
        described = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if described.get("KeyState") != "PendingDeletion" and described.get("KeyManager") == "CUSTOMER":
            names.append(f"{stage.prefix}key-{key['KeyId']}")
    yield from (name for name in names if name.startswith(stage.prefix))


def _poll(pollers: list[tuple[RunningFunction, str, int]]) -> None:
    sqs = clients.sqs()
    for function, url, size in pollers:
        pass_on(sqs, url, size=size, call=function.invoke)


def _follow(topic: str) -> str:
    """Subscribe a queue to the alerts topic as `vigie subscribe` does a mail box; return its URL."""
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=_INBOX)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    boto3.client("sns").subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"FilterPolicy": json.dumps(CATALOG.people_filter)},
    )
    return url


def _received(url: str) -> list[str]:
    sqs = boto3.client("sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"])["Message"] for message in messages]


def _bootstrap() -> None:
    """Set what `cdk bootstrap` leaves in an account: the bucket of assets, and its version."""
    s3 = boto3.client("s3")
    region = s3.meta.region_name
    account_id = boto3.client("sts").get_caller_identity()["Account"]
    name = f"cdk-hnb659fds-assets-{account_id}-{region}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})  # type: ignore[typeddict-item]
    boto3.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value=_BOOTSTRAP, Type="String")


@contextmanager
def _for_the_cdk(endpoint: str) -> Iterator[None]:
    """Name the endpoint as the CDK's command needs it: not by a number, and for S3 apart."""
    named = endpoint.replace("127.0.0.1", "localhost")
    before = os.environ["AWS_ENDPOINT_URL"]
    os.environ |= {"AWS_ENDPOINT_URL": named, "AWS_ENDPOINT_URL_S3": named}
    try:
        yield
    finally:
        del os.environ["AWS_ENDPOINT_URL_S3"]
        os.environ["AWS_ENDPOINT_URL"] = before


def _write_settings(folder: Path, stage: str, artefacts: Path) -> None:
    """Write a cdk.json of the checkout's settings, with an operator, and without agents.

    Agents have a stack of their own, on which moto fails: it takes a thing's attributes for text.
    """
    document = json.loads((cdk.CHECKOUT / SOURCE).read_text(encoding="utf-8"))
    context = document["context"] | {"stage": stage, "artefacts": str(artefacts.resolve())}
    context["settings"] = context["settings"] | {"operators": OPERATORS, "agents": {}}
    app = f"{sys.executable} {cdk.CHECKOUT / 'app.py'}"
    document |= {"context": context, "app": app}
    (folder / SOURCE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _cdk(arguments: list[str], log: str, *, folder: Path = cdk.CHECKOUT) -> None:
    with Path(log).open("a", encoding="utf-8") as words:
        done = subprocess.run(  # noqa: S603 - the CDK's command, with our own words
            [*cdk.command(), *arguments],
            cwd=folder,
            env=cdk.environ(),
            stdout=words,
            stderr=words,
            check=False,
        )
    if done.returncode:
        said = Path(log).read_text(encoding="utf-8").strip().splitlines()[-3:]
        raise SetupError(f"cdk {arguments[0]} failed: {' '.join(said)}; {log} says more")
