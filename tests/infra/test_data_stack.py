"""The stack that holds state: what production keeps, and that a creation that failed can be tried again."""

from typing import Any

from infra.deployment.account import Account
from infra.deployment.stage import Stage
from tests.infra.conftest import Synthesis

HOLDS_STATE = ("AWS::KMS::Key", "AWS::S3::Bucket", "AWS::DynamoDB::Table")


def test_production_keeps_what_holds_state_but_not_what_a_failed_creation_made(synthesis: Synthesis) -> None:
    """With plain Retain a rolled-back creation would leave names behind that no later one can take."""
    policies = {
        kind: {each["DeletionPolicy"] for each in synthesis.of_type("Data", kind).values()}
        for kind in HOLDS_STATE
    }
    assert policies == {kind: {"RetainExceptOnCreate"} for kind in HOLDS_STATE}
    replaced = {
        each["UpdateReplacePolicy"]
        for kind in HOLDS_STATE
        for each in synthesis.of_type("Data", kind).values()
    }
    assert replaced == {"Retain"}


def test_the_protected_table_is_created_last(synthesis: Synthesis) -> None:
    """A table that refuses to be deleted must not be there when something else fails: nothing is left to."""
    resources = synthesis.templates["Data"]["Resources"]
    ((table, declared),) = synthesis.of_type("Data", "AWS::DynamoDB::Table").items()
    assert declared["Properties"]["DeletionProtectionEnabled"] is True
    before: set[str] = set()
    waiting = [table]
    while waiting:
        each = resources[waiting.pop()]
        needed = {name for name in (*_names(each), *each.get("DependsOn", ())) if name in resources}
        waiting += needed - before
        before |= needed
    assert set(resources) - before == {table}


def test_what_is_looked_for_without_a_stack_is_called_as_in_the_template(synthesis: Synthesis) -> None:
    account = Account(account_id="123456789012", region="eu-west-1", arn="arn:aws:iam::123456789012:user/x")
    stage = Stage("prod")
    buckets = {
        _resolved(each["Properties"]["BucketName"], account)
        for each in synthesis.of_type("Data", "AWS::S3::Bucket").values()
    }
    assert buckets == set(stage.buckets(account))
    (key,) = synthesis.of_type("Data", "AWS::KMS::Key").values()
    assert key["Properties"]["Description"] == stage.key_description
    groups = synthesis.of_type("Pipeline", "AWS::Logs::LogGroup").values()
    assert groups
    assert all(each["Properties"]["LogGroupName"].startswith(stage.log_prefix) for each in groups)


def _names(part: Any) -> set[str]:
    """Return the resources that a part of a template refers to."""
    if isinstance(part, list):
        return {name for each in part for name in _names(each)}
    if not isinstance(part, dict):
        return set()
    if "Ref" in part:
        return {part["Ref"]}
    if "Fn::GetAtt" in part:
        return {part["Fn::GetAtt"][0]}
    return {name for each in part.values() for name in _names(each)}


def _resolved(value: Any, account: Account) -> str:
    """Return a name with the account and the region that it is joined with."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return {"AWS::AccountId": account.account_id, "AWS::Region": account.region}[value["Ref"]]
    separator, parts = value["Fn::Join"]
    return str(separator).join(_resolved(each, account) for each in parts)
