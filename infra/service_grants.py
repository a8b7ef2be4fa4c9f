"""Which of AWS's services may use the key: one without its grant loses messages in silence."""

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from infra.names import Names

_USE = ["kms:Decrypt", "kms:GenerateDataKey*"]


def let_services_use(key: kms.Key, *, names: Names) -> None:
    """Grant what notifications, topics, alarms, budgets and logs need.

    SNS and CloudWatch send no source with every use, as their documentation's examples show; the policies of
    the queues and topics say who may send there.
    """
    account = {"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
    _grant(key, "S3Notifies", "s3.amazonaws.com", _USE, account)
    _grant(key, "SnsDelivers", "sns.amazonaws.com", _USE)
    _grant(key, "AlarmsSpeak", "cloudwatch.amazonaws.com", _USE)
    _grant(key, "BudgetsSpeak", "budgets.amazonaws.com", _USE, account)
    groups = names.log_group_arn(names.log_group("*"))
    _grant(
        key,
        "LogsAreEncrypted",
        f"logs.{Aws.REGION}.{Aws.URL_SUFFIX}",
        ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
    )


def _grant(
    key: kms.Key,
    name: str,
    service: str,
    actions: list[str],
    conditions: dict[str, dict[str, str]] | None = None,
) -> None:
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid=name,
            actions=actions,
            principals=[iam.ServicePrincipal(service)],
            resources=["*"],  # in a key's policy: this key
            conditions=conditions,
        )
    )
