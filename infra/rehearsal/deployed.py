"""What CloudFormation was given and what came of it: templates, resources' names, and references between."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

from vigie.errors import SetupError

_PSEUDO = re.compile(r"\$\{(AWS::\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A resource of a template; `name` is what CloudFormation calls the real one, None when it made none."""

    stack: str
    identifier: str
    kind: str
    properties: Mapping[str, Any]
    name: str | None


@dataclass(slots=True)
class Deployed:
    """The stacks of one stage, as they were deployed."""

    region: str
    account_id: str
    resources: list[Declared] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    _exports: dict[str, str] = field(default_factory=dict)

    def of_kind(self, kind: str) -> Iterator[Declared]:
        """Yield the resources of a kind."""
        return (each for each in self.resources if each.kind == kind)

    def skipped(self) -> Counter[str]:
        """Count, by their kinds, the resources of the templates that were not made."""
        return Counter(each.kind for each in self.resources if each.name is None)

    def find(self, stack: str, identifier: str) -> Declared:
        """Return a resource by its identifier in a template."""
        return next(each for each in self.resources if (each.stack, each.identifier) == (stack, identifier))

    def value(self, stack: str, expression: Any) -> Any:  # noqa: ANN401 - what templates hold is JSON
        """Return what an expression in a stack's template stands for.

        Raises:
            SetupError: it refers to what was not made, or by a function that templates of ours do not use.

        """
        match expression:
            case {"Ref": str(name)} if name.startswith("AWS::"):
                return self._pseudo(name)
            case {"Ref": str(name)}:
                return self._name(stack, name)
            case {"Fn::GetAtt": [str(name), "Arn"]}:
                return self._arn(self.find(stack, name))
            case {"Fn::Join": [str(glue), list(parts)]}:
                return glue.join(str(self.value(stack, part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return _PSEUDO.sub(lambda found: self._pseudo(found[1]), text)
            case {"Fn::ImportValue": name}:
                return self._exports[self.value(stack, name)]
            case dict() as fields if len(fields) == 1 and next(iter(fields)).startswith("Fn::"):
                raise SetupError(f"{next(iter(fields))} in {stack} is not understood here")
            case dict() as fields:
                return {key: self.value(stack, each) for key, each in fields.items()}
            case list() as items:
                return [self.value(stack, each) for each in items]
            case plain:
                return plain

    def _pseudo(self, name: str) -> str:
        known = {
            "AWS::Region": self.region,
            "AWS::AccountId": self.account_id,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name not in known:
            raise SetupError(f"{name} is not understood here")
        return known[name]

    def _name(self, stack: str, identifier: str) -> str:
        name = self.find(stack, identifier).name
        if name is None:
            raise SetupError(f"{identifier} of {stack} was not made, though something refers to it")
        return name

    def _arn(self, resource: Declared) -> str:
        name = self._name(resource.stack, resource.identifier)
        match resource.kind:
            case "AWS::SQS::Queue":
                return f"arn:aws:sqs:{self.region}:{self.account_id}:{name.rpartition('/')[2]}"
            case "AWS::S3::Bucket":
                return f"arn:aws:s3:::{name}"
            case "AWS::Lambda::Function":
                return f"arn:aws:lambda:{self.region}:{self.account_id}:function:{name}"
            case kind:
                raise SetupError(f"the ARN of {kind} is not understood here")


def read_deployed(prefix: str) -> Deployed:
    """Read the stacks whose names begin so from the cloud at which the environment points."""
    formation = boto3.client("cloudformation")
    account_id = boto3.client("sts").get_caller_identity()["Account"]
    deployed = Deployed(region=formation.meta.region_name, account_id=account_id)
    for page in formation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if stack["StackName"].startswith(prefix):
                deployed.resources += _resources(stack["StackName"])
                rows = stack.get("Outputs", [])
                deployed.outputs |= {
                    row["OutputKey"]: row["OutputValue"]
                    for row in rows
                    if "OutputKey" in row and "OutputValue" in row
                }
    deployed._exports = {
        each["Name"]: each["Value"]
        for page in formation.get_paginator("list_exports").paginate()
        for each in page["Exports"]
        if "Name" in each and "Value" in each
    }
    return deployed


def _resources(stack: str) -> Iterator[Declared]:
    formation = boto3.client("cloudformation")
    body: Any = formation.get_template(StackName=stack)["TemplateBody"]
    template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
    made = {
        each["LogicalResourceId"]: each.get("PhysicalResourceId", "")
        for page in formation.get_paginator("list_stack_resources").paginate(StackName=stack)
        for each in page["StackResourceSummaries"]
    }
    for identifier, resource in template["Resources"].items():
        yield Declared(
            stack=stack,
            identifier=identifier,
            kind=resource["Type"],
            properties=resource.get("Properties", {}),
            name=made.get(identifier),
        )
