"""What functions really call on AWS: each request of a handler, as IAM actions and resources."""

import importlib
from collections.abc import Iterator, Sequence
from functools import wraps
from typing import Any

import boto3
import pytest

from infra.catalog import CATALOG
from infra.parts import Function
from infra.permissions import PICTURE_ROLE, allows

Asked = tuple[str, str]

_PARTS = {
    "Put": "dynamodb:PutItem",
    "Delete": "dynamodb:DeleteItem",
    "Update": "dynamodb:UpdateItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def asked(service: str, operation: str, given: dict[str, Any]) -> Iterator[Asked]:
    """Yield (action, resource) for a request, the resource as `permissions.allows` takes it."""
    match service, operation:
        case "s3", "GetObject" | "HeadObject":
            yield "s3:GetObject", given["Key"]
        case "s3", "CopyObject":
            yield "s3:GetObject", given["CopySource"]["Key"]
            yield "s3:PutObject", given["Key"]
        case "s3", "ListObjectsV2":
            yield "s3:ListBucket", given["Prefix"]
        case "s3", _:
            yield f"s3:{operation}", given["Key"]
        case "dynamodb", "TransactWriteItems":
            for part in given["TransactItems"]:
                for kind, write in part.items():
                    yield _PARTS[kind], write["TableName"]
        case "sns", "GetSubscriptionAttributes":
            topic = given["SubscriptionArn"].rpartition(":")[0]
            yield f"sns:{operation}", topic.rpartition("-")[2]
        case "sns", _:
            yield f"sns:{operation}", given["TopicArn"].rpartition("-")[2]
        case "iot-data", _:
            yield f"iot:{operation}", given["thingName"]
        case "rekognition", "SearchFacesByImage":
            yield f"rekognition:{operation}", given["CollectionId"]
        case "sts", _:
            yield f"sts:{operation}", PICTURE_ROLE
        case _:
            yield f"{service}:{operation}", ""


class Calls:
    """Records what each function asks for while its handler runs."""

    def __init__(self) -> None:
        self.made: set[tuple[str, str, str]] = set()
        self._running: list[str] = []

    def listen(self, monkeypatch: pytest.MonkeyPatch, functions: Sequence[Function]) -> None:
        """Hear every client made from now on, and know which handler runs."""
        boto3.setup_default_session()
        events = boto3._get_default_session().events
        # Before botocore rewrites the parameters, as it does with a copy's source.
        events.register_first("provide-client-params", self._note)
        for function in functions:
            module = importlib.import_module(function.module)
            monkeypatch.setattr(module, "handler", self._running_as(function.name, module.handler))

    def refused(self) -> list[str]:
        """Return what was called without a right to it."""
        functions = {function.name: function for function in CATALOG.functions}
        return sorted(
            f"{name} may not {action} on {resource!r}"
            for name, action, resource in self.made
            if not allows(functions[name], action, resource)
        )

    def _running_as(self, name: str, handler: Any) -> Any:
        @wraps(handler)
        def called(*arguments: Any) -> Any:
            self._running.append(name)
            try:
                return handler(*arguments)
            finally:
                self._running.pop()

        return called

    def _note(self, params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> None:
        # A link that is signed calls nothing: who follows it has the rights of the role that signed.
        if self._running and not context.get("is_presign_request"):
            service = model.service_model.service_name
            for action, resource in asked(service, model.name, params):
                self.made.add((self._running[-1], action, resource))
