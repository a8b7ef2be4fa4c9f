"""Who may take on which role, and who may use the key: word for word, since moto refuses nobody."""

from typing import Any

from infra.catalog import CATALOG
from tests.infra.conftest import Synthesis
from tests.infra.test_permissions import words


def plain(value: Any) -> Any:
    """Write what only CloudFormation knows as words, within a condition."""
    if isinstance(value, dict) and not {"Ref", "Fn::Join", "Fn::GetAtt", "Fn::ImportValue"} & set(value):
        return {key: plain(each) for key, each in value.items()}
    return words(value)


def trusts(synthesis: Synthesis) -> dict[str, tuple[Any, Any]]:
    found: dict[str, tuple[Any, Any]] = {}
    for stack in synthesis.templates:
        for role in synthesis.of_type(stack, "AWS::IAM::Role").values():
            (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            assert (statement["Effect"], statement["Action"]) == ("Allow", "sts:AssumeRole")
            ((kind, who),) = statement["Principal"].items()
            name = role["Properties"]["RoleName"].removeprefix("vigie-prod-")
            found[name] = (f"{kind} {words(who)}", plain(statement.get("Condition", {})))
    return found


def test_each_role_is_taken_on_by_whom_it_is_for_alone(synthesis: Synthesis) -> None:
    found = trusts(synthesis)
    expected: dict[str, tuple[Any, Any]] = {
        function.name: ("Service lambda.amazonaws.com", {}) for function in CATALOG.functions
    }
    group = "arn:aws:scheduler:REGION:ACCOUNT:schedule-group/default"
    for function in CATALOG.functions:
        if function.every:
            expected[f"call-{function.name}"] = (
                "Service scheduler.amazonaws.com",
                {"StringEquals": {"aws:SourceAccount": "ACCOUNT", "aws:SourceArn": group}},
            )
    expected["edge-garden"] = (
        "Service credentials.iot.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": "ACCOUNT"},
            "ArnLike": {"aws:SourceArn": "arn:aws:iot:REGION:ACCOUNT:*"},
        },
    )
    principal, condition = found.pop("pictures")
    assert found == expected
    assert principal.startswith("AWS Vigie-prod-Pipeline:")
    assert "SendAlertRole" in principal
    assert condition == {}


def test_the_key_serves_each_service_for_what_it_does_and_no_other(synthesis: Synthesis) -> None:
    (key,) = synthesis.of_type("Data", "AWS::KMS::Key").values()
    served, others = {}, []
    for statement in key["Properties"]["KeyPolicy"]["Statement"]:
        assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
        who = statement["Principal"]
        if "Service" not in who:
            others.append((words(who["AWS"]), statement["Action"], statement.get("Condition")))
            continue
        actions = sorted(statement["Action"])
        served[words(who["Service"])] = (actions, plain(statement.get("Condition", {})))
    use, account = ["kms:Decrypt", "kms:GenerateDataKey*"], {"StringEquals": {"aws:SourceAccount": "ACCOUNT"}}
    groups = "arn:aws:logs:REGION:ACCOUNT:log-group:/aws/lambda/vigie-prod-*"
    assert served == {
        "s3.amazonaws.com": (use, account),
        "sns.amazonaws.com": (use, {}),
        "cloudwatch.amazonaws.com": (use, {}),
        "budgets.amazonaws.com": (use, account),
        "logs.REGION.amazonaws.com": (
            ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
    }
    # Who else may is what their roles say: without this the key could never be changed again.
    assert others == [("arn:aws:iam::ACCOUNT:root", "kms:*", None)]
