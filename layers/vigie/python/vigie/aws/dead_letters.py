"""SQS: how many messages failed for good."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vigie.aws.clients import translated

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsDeadLetters:
    """Implements `DeadLetters` on the queues of these URLs, each of which ends with the queue's name."""

    def __init__(self, client: "SQSClient", urls: Iterable[str]) -> None:
        self._sqs = client
        self._urls = {url.rsplit("/", 1)[-1]: url for url in urls}

    def counts(self) -> Mapping[str, int]:
        """See `DeadLetters.counts`; those that somebody is looking at count too."""
        return {name: self._count(name, url) for name, url in self._urls.items()}

    def _count(self, name: str, url: str) -> int:
        with translated(f"counting the messages of {name}"):
            answer = self._sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        return sum(int(count) for count in answer["Attributes"].values())
