"""Stages of moto's account that are as small as a removal's tests need them."""

import json

import boto3

from infra.deployment.stage import Stage

BUCKET = "vigie-trial-data-123456789012-eu-west-1"


def deploy(*, policy: str, stage: str = "trial") -> None:
    """Two stacks as a deployment makes them: what holds state, and a function's log group."""
    resources = {
        "Data": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": BUCKET.replace("trial", stage)},
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": f"vigie-{stage}-reports",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            },
        },
        "Key": {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "Description": Stage(stage).key_description,
                "KeyPolicy": {"Statement": []},
                "PendingWindowInDays": 7,
            },
        },
    }
    for each in resources.values():
        each["DeletionPolicy"] = policy
    pipeline = {
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/vigie-{stage}-detect_frame"},
            "DeletionPolicy": policy,
        }
    }
    formation = boto3.client("cloudformation")
    for name, declared in (("Data", resources), ("Pipeline", pipeline)):
        formation.create_stack(
            StackName=f"Vigie-{stage}-{name}", TemplateBody=json.dumps({"Resources": declared})
        )
    # moto's CloudFormation keeps the policy as no text, which its KMS cannot read.
    kms = boto3.client("kms")
    for made in kms.list_keys()["Keys"]:
        kms.put_key_policy(KeyId=made["KeyId"], PolicyName="default", Policy='{"Statement": []}')


def fill(bucket: str, count: int) -> None:
    s3 = boto3.client("s3")
    # moto's CloudFormation leaves the versioning out.
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for number in range(count):
        s3.put_object(Bucket=bucket, Key=f"frames/{number % 400}.jpg", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="frames/0.jpg")
    s3.create_multipart_upload(Bucket=bucket, Key="half")


def stack_names() -> list[str]:
    return [each["StackName"] for each in boto3.client("cloudformation").describe_stacks()["Stacks"]]
