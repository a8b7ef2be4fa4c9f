"""What filter policies and keys' policies let through."""

from typing import Any

import pytest

from vigie.domain.cameras import CANARY
from vigie.domain.policies import filter_lets_through, missing_grants

NO_CANARY = {"kind": [{"anything-but": ["canary"]}]}
GRANT = {
    "Effect": "Allow",
    "Principal": {"Service": "sns.amazonaws.com"},
    "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
    "Resource": "*",
}


@pytest.mark.parametrize(
    ("policy", "through"),
    [
        ({}, True),
        ({"kind": ["canary"]}, True),
        ({"kind": ["visit"]}, False),
        (NO_CANARY, False),
        ({"kind": [{"anything-but": "visit"}]}, True),
        ({"label": ["person"]}, False),
        ({"channels": ["email"]}, False),
        ({"camera_id": [{"prefix": "vigie"}]}, True),
        ({"kind": [{"exists": True}], "label": [{"exists": False}]}, True),
        ({"number": [{"numeric": [">", 2]}]}, True),
    ],
)
def test_filters_are_read_as_sns_reads_them(policy: dict[str, Any], *, through: bool) -> None:
    canary = {"kind": ("canary",), "camera_id": (CANARY,), "channels": ("machine",)}
    assert filter_lets_through(policy, canary) is through


@pytest.mark.parametrize(
    ("statements", "missing"),
    [
        (GRANT, ()),
        ([{**GRANT, "Action": "kms:Decrypt"}], ("kms:GenerateDataKey",)),
        ([{**GRANT, "Principal": "*", "Action": "kms:*"}], ()),
        ([{**GRANT, "Principal": {"AWS": "arn:aws:iam::1:root"}}], ("kms:GenerateDataKey", "kms:Decrypt")),
        ([GRANT, {**GRANT, "Effect": "Deny", "Action": "kms:Decrypt"}], ("kms:Decrypt",)),
        ([GRANT, {**GRANT, "Effect": "Deny", "Condition": {"Bool": {}}}], ()),
    ],
)
def test_a_keys_grants_are_read(statements: Any, missing: tuple[str, ...]) -> None:
    assert missing_grants({"Statement": statements}, "sns.amazonaws.com") == missing
