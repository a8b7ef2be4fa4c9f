"""What must be right before anything is deployed: each check is a finding, as the doctor's are."""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import boto3

from infra.catalog import CATALOG
from infra.config import Config
from infra.deployment.account import (
    Account,
    Stack,
    bootstrap_version,
    concurrency,
    stacks,
)
from infra.deployment.leftovers import names_taken
from infra.deployment.stage import BUILD, CHECKOUT, Stage
from vigie.aws import inspection
from vigie.aws.site_store import S3SiteSource
from vigie.commands.checking import checked
from vigie.domain.diagnosis import judge_sms
from vigie.domain.findings import Finding, failure, ok, unknown, warning
from vigie.domain.region_findings import judge_rekognition
from vigie.errors import ConfigError, ModelError, NotFound
from vigie.vision.models import find_model

# What aws-cdk-lib's templates ask for.
LEAST_BOOTSTRAP = 6
_NEW_ACCOUNT, _ONE_FRAME_S = 10, 0.2
_GIGABYTE = 10**9
_LEAST_BYTES, _GOOD_BYTES = 1 * _GIGABYTE, 3 * _GIGABYTE
# With a stack in these states, everything in it is still to be created.
_REVIEWED = "REVIEW_IN_PROGRESS"
_TO_CREATE = frozenset({_REVIEWED, "ROLLBACK_COMPLETE"})
_WORDS = {"AWS::S3::Bucket": "bucket", "AWS::DynamoDB::Table": "table", "AWS::Logs::LogGroup": "log group"}
_QUOTA = "Service Quotas, AWS Lambda, Concurrent executions (L-B99A9384)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The checks before a deployment of the stage to the account; the model is looked for in `checkout`."""

    config: Config
    account: Account
    checkout: Path = CHECKOUT

    @property
    def stage(self) -> Stage:
        """The names of the stage."""
        return Stage(self.config.stage)

    def findings(self) -> Iterator[Finding]:
        """Yield what is found, check by check."""
        yield judge_account(self.account)
        yield judge_move(self.account, self.stage.deployed_to(), self.stage.name)
        yield from checked("the CDK's bootstrap", "ssm:GetParameter", self._bootstrap)
        yield from checked("Lambda's limits", "lambda:GetAccountSettings", self._concurrency)
        yield from checked(
            "the stacks",
            "cloudformation:DescribeStacks, s3:ListBucket, dynamodb:DescribeTable, logs:DescribeLogGroups",
            self._stacks,
        )
        yield from checked(
            "SMS", "sns:ListSubscriptionsByTopic, sns:GetSMSSandboxAccountStatus", self._messages
        )
        yield from checked("the site document", "s3:GetObject on site/*", self._rekognition)
        yield self._model()
        yield judge_disk(shutil.disk_usage(BUILD.parent).free)

    def _bootstrap(self) -> Iterator[Finding]:
        yield judge_bootstrap(bootstrap_version(boto3.client("ssm")), self.account)

    def _concurrency(self) -> Iterator[Finding]:
        at_once, unreserved = concurrency(boto3.client("lambda"))
        yield judge_concurrency(at_once, unreserved)

    def _stacks(self) -> Iterator[Finding]:
        there = stacks(boto3.client("cloudformation"), self.stage.stack_prefix)
        yield from judge_stacks(there)
        # A creation that failed may have left what it made, and CDK begins it anew.
        if not any(each.name == self.stage.data_stack and each.status not in _TO_CREATE for each in there):
            kept = [f"the {_WORDS[each.kind]} {each.name}" for each in names_taken(self.stage, self.account)]
            yield judge_left_over(kept)

    def _messages(self) -> Iterable[Finding]:
        sns = boto3.client("sns")
        try:
            followers = inspection.subscriptions(sns, self.stage.alerts_topic(self.account))
        except NotFound:
            return [ok("nobody hears alerts by SMS yet; `vigie subscribe --sms` would need the sandbox left")]
        if any(each.protocol == "sms" for each in followers):
            return judge_sms(inspection.sms(sns, boto3.client("cloudwatch")))
        return [ok("nobody hears alerts by SMS, so their limits do not matter")]

    def _rekognition(self) -> Iterator[Finding]:
        region = self.account.region
        try:
            site = S3SiteSource(boto3.client("s3"), self.stage.bucket(self.account)).site()
        except ConfigError as error:
            yield unknown(
                f"what the site asks for cannot be known: {error}", "correct it; the doctor looks too"
            )
            return
        yield judge_rekognition(site, region=region, offered=inspection.has_rekognition(region))

    def _model(self) -> Finding:
        return judge_model(partial(find_model, environ=os.environ, checkout=self.checkout))


def judge_account(account: Account) -> Finding:
    """Judge as whom one deploys."""
    said = f"account {account.account_id}, region {account.region}, as {account.arn.rsplit(':', 1)[-1]}"
    if account.is_root:
        return warning(f"{said}: the account's root, which nothing limits", "deploy as a user or role")
    return ok(said)


def judge_move(account: Account, before: tuple[str, str] | None, stage: str) -> Finding:
    """Judge where the stage goes, against where it went from this checkout before."""
    now = (account.account_id, account.region)
    if before is None or before == now:
        return ok(f"the stage {stage} goes where it belongs")
    return warning(
        f"the stage {stage} was last deployed to account {before[0]}, region {before[1]}, and stays there",
        "check AWS_PROFILE and AWS_REGION; make destroy removes it there",
    )


def judge_bootstrap(version: int | None, account: Account) -> Finding:
    """Judge the CDK's bootstrap, without which nothing can be uploaded."""
    remedy = f"python -m infra.cdk bootstrap aws://{account.account_id}/{account.region} (once a region)"
    if version is None:
        return failure(f"the CDK is not bootstrapped in {account.region}", remedy)
    if version < LEAST_BOOTSTRAP:
        return failure(f"the CDK's bootstrap is version {version}, older than {LEAST_BOOTSTRAP}", remedy)
    return ok(f"the CDK is bootstrapped, version {version}")


def judge_concurrency(at_once: int, unreserved: int) -> Finding:
    """Judge how many functions may run at once: a new account's ten must do, and do."""
    fed = sum(1 for function in CATALOG.functions if function.queue)
    if unreserved < fed:
        return warning(
            f"of {at_once} calls at once only {unreserved} are free for {fed} functions with queues: "
            "frames would wait, and calls be throttled",
            f"free what other functions reserve, or ask for more: {_QUOTA}",
        )
    if at_once <= _NEW_ACCOUNT:
        frames = int(unreserved / _ONE_FRAME_S)
        return ok(
            f"Lambda runs {unreserved} calls at once, as in a new account: enough, at most {frames} frames a "
            f"second; what comes above waits in its queue ({_QUOTA} gives more)"
        )
    return ok(f"Lambda runs {at_once} calls at once, {unreserved} of them free")


def judge_stacks(there: Iterable[Stack]) -> Iterator[Finding]:
    """Judge the stacks of the stage, as they are before the deployment.

    One in REVIEW_IN_PROGRESS is not there yet: somebody has only compared, and it holds nothing.
    """
    there = tuple(each for each in there if each.status != _REVIEWED)
    for stack in there:
        name, status = stack.name, stack.status
        because = f": {stack.reason}" if stack.reason else ""
        if status.endswith("_IN_PROGRESS"):
            yield failure(f"{name} is in {status}{because}", "another deployment is under way: wait for it")
        elif status == "UPDATE_ROLLBACK_FAILED":
            yield failure(
                f"{name} is in {status}{because}",
                f"aws cloudformation continue-update-rollback --stack-name {name}, then deploy again",
            )
        elif status in {"UPDATE_FAILED", "IMPORT_ROLLBACK_FAILED"}:
            yield failure(
                f"{name} is in {status}{because}",
                f"aws cloudformation rollback-stack --stack-name {name}, then deploy again"
                if status == "UPDATE_FAILED"
                else "its resources are in an unknown state: look at it in the console of CloudFormation",
            )
        elif status in {"ROLLBACK_FAILED", "DELETE_FAILED", "CREATE_FAILED"}:
            yield failure(f"{name} is in {status}{because}", "make destroy removes it; then deploy again")
        elif status == "ROLLBACK_COMPLETE":
            yield warning(f"{name} is in {status}: its creation failed", "it is removed and created again")
    healthy = [stack for stack in there if stack.status.endswith("_COMPLETE")]
    if not there:
        yield ok("nothing of the stage is there yet: everything will be created")
    elif len(healthy) == len(there):
        yield ok(f"{len(there)} stacks of the stage are there, and will be updated")


def judge_left_over(kept: Iterable[str]) -> Finding:
    """Judge what is there without a stack."""
    names = " and ".join(kept)
    if not names:
        return ok("no earlier deployment left anything behind")
    return failure(
        f"{names} of an earlier deployment exist without their stack, so creating them must fail",
        'docs/deploy.md, "Coming back": deploy another stage and copy; or remove them, with all they hold',
    )


def judge_model(find: partial[Path]) -> Finding:
    """Judge the file that becomes the layer `model`."""
    try:
        found = find()
    except ModelError as error:
        return failure(str(error), "python -m vigie model fetch")
    if "prepared" not in found.name:
        return warning(
            f"the model is {found.name}, which takes twice as long as a prepared one",
            "python -m vigie model prepare --calibration FOLDER",
        )
    return ok(f"the model is {found.name}")


def judge_disk(free: int) -> Finding:
    """Judge the room for layers, which are unpacked, zipped and copied into the CDK's output."""
    said = f"{free / _GIGABYTE:.1f} GB are free here"
    if free < _LEAST_BYTES:
        return failure(said, "make room: building and synthesising take about a gigabyte")
    return (
        ok(said) if free >= _GOOD_BYTES else warning(said, "building and synthesising take about a gigabyte")
    )
