"""What a subscriber of the people's topic has received, in a local run."""

import json

import boto3

from vigie.domain.notices import NoticeKind
from vigie.messages import KIND


def take_alerts(queue_url: str) -> int:
    """Empty the inbox, and count the alerts of visits that it held.

    What else people are told (a camera that is dark, the day's bill) is no alert, and may come in a long run.
    """
    sqs, count = boto3.client("sqs"), 0
    while messages := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            attributes = json.loads(message["Body"])["MessageAttributes"]
            count += attributes[KIND]["Value"] == NoticeKind.VISIT.value
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return count
