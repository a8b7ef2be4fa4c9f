"""Taking the stacks of a stage down again: what goes, what stays by the templates' own word, what is billed.

Stacks go in the reverse of the order in which they were created, so that each goes before what it needs, and
what writes goes before what is written to. No synthesis is needed: the templates that were deployed say what
stays.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import WaiterError

from infra.deployment.account import Stack, first_failure, stacks
from infra.deployment.emptying import Logs, delete_log_group, empty_bucket, log_groups
from infra.deployment.stage import Stage
from vigie.aws.clients import translated
from vigie.errors import CloudError, NotFound

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

_BUCKET, _KEY, _LOGS, _THING = "AWS::S3::Bucket", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::IoT::Thing"
_STAYS = frozenset({"Retain", "RetainExceptOnCreate"})
# Never made, or gone again: the name may be another stage's, whose agent or bucket is not to be touched.
_NOT_OURS = frozenset({"CREATE_FAILED", "DELETE_COMPLETE"})
# Cameras go on sending while a bucket is emptied, and S3's access logs come hours late.
_ATTEMPTS = 3
_POLL_S, _POLLS = 5, 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource of a stack; `stays` by the deletion policy of the deployed template."""

    kind: str
    name: str
    stays: bool
    days_until_gone: int = 0


@dataclass(slots=True)
class Removed:
    """What a removal came to."""

    stacks: list[str] = field(default_factory=list)
    objects: int = 0
    log_groups: list[str] = field(default_factory=list)
    kept: list[Resource] = field(default_factory=list)
    keys_going: list[Resource] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """Removes the stage's stacks, telling each step to `say`; CloudFormation is asked every `poll_s`.

    `revoke` takes a thing's certificates away, without which neither it nor its policy can go.
    """

    stage: Stage
    formation: "CloudFormationClient"
    s3: "S3Client"
    logs: Logs
    revoke: Callable[[str], int]
    say: Callable[[str], None]
    poll_s: int = _POLL_S

    def stacks(self) -> tuple[Stack, ...]:
        """Return the stacks of the stage, in the order in which they are to go."""
        return stacks(self.formation, self.stage.stack_prefix)

    def resources(self, stack: str) -> Iterator[Resource]:
        """Yield what the stack has, and what of it stays.

        A stack of which there is a change set alone (REVIEW_IN_PROGRESS) has no template, and nothing in it.
        """
        with translated(f"reading the template of {stack}"):
            answer = self.formation.get_template(StackName=stack, TemplateStage="Processed")
        body: Any = answer.get("TemplateBody")
        if not body:
            return
        template: dict[str, Any] = json.loads(body) if isinstance(body, str) else dict(body)
        declared = template.get("Resources", {})
        with translated(f"listing the resources of {stack}"):
            for page in self.formation.get_paginator("list_stack_resources").paginate(StackName=stack):
                for each in page["StackResourceSummaries"]:
                    if each["ResourceStatus"] in _NOT_OURS:
                        continue
                    own = declared.get(each["LogicalResourceId"], {})
                    if name := each.get("PhysicalResourceId"):
                        properties = own.get("Properties", {})
                        yield Resource(
                            kind=each["ResourceType"],
                            name=name,
                            stays=own.get("DeletionPolicy") in _STAYS,
                            days_until_gone=int(properties.get("PendingWindowInDays", 30)),
                        )

    def remove(self) -> Removed:
        """Remove every stack of the stage, and the log groups that its functions made by themselves.

        Raises:
            CloudError: a stack does not go; says which, and CloudFormation's reason.

        """
        removed = Removed()
        for stack in self.stacks():
            resources = list(self.resources(stack.name))
            self._remove_stack(stack.name, resources, removed)
            removed.kept += [each for each in resources if each.stays]
            removed.keys_going += [each for each in resources if each.kind == _KEY and not each.stays]
            removed.stacks.append(stack.name)
        kept = {each.name for each in removed.kept if each.kind == _LOGS}
        for group in log_groups(self.logs, [self.stage.log_prefix]):
            if group not in kept:
                delete_log_group(self.logs, group)
                removed.log_groups.append(group)
        return removed

    def _remove_stack(self, stack: str, resources: list[Resource], removed: Removed) -> None:
        buckets = [each.name for each in resources if each.kind == _BUCKET and not each.stays]
        for thing in (each.name for each in resources if each.kind == _THING):
            with suppress(NotFound):
                self.say(f"{thing}: {self.revoke(thing)} certificates revoked")
        for attempt in range(1, _ATTEMPTS + 1):
            for bucket in buckets:
                if count := empty_bucket(self.s3, bucket):
                    self.say(f"{bucket}: {count} versions removed")
                    removed.objects += count
            self.say(f"{stack}: removing")
            if self._deleted(stack):
                return
            if not buckets or attempt == _ATTEMPTS:
                reason = first_failure(self.formation, stack) or "CloudFormation says no more"
                raise CloudError(f"{stack} could not be removed: {reason}")

    def _deleted(self, stack: str) -> bool:
        with translated(f"removing {stack}"):
            self.formation.delete_stack(StackName=stack)
        waiter = self.formation.get_waiter("stack_delete_complete")
        try:
            waiter.wait(StackName=stack, WaiterConfig={"Delay": self.poll_s, "MaxAttempts": _POLLS})
        except WaiterError as error:
            # Its last answer tells a stack that does not go from a call that failed.
            if "DELETE_FAILED" in json.dumps(error.last_response, default=str):
                return False
            raise CloudError(f"{stack}: waiting for its removal failed: {error}") from error
        except NotFound:
            return True
        return True
