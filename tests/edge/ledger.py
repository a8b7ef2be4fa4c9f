"""What arrived in a bucket, held against what was seen in a spool: each frame once, and none torn."""

import hashlib
import json
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from vigie.domain.frames import FRAMES_PREFIX, FrameKey
from vigie.domain.instants import from_stamp

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


def notified_bucket(s3: "S3Client", sqs: "SQSClient", name: str) -> str:
    """Make a bucket that keeps versions and tells a queue of every object; returns the queue's address."""
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.put_bucket_notification_configuration(
        Bucket=name,
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    return queue


class Witness:
    """Looks into a spool all the time, from outside; `seen` are the hashes of the frames that were there."""

    def __init__(self, spool: Path) -> None:
        self._seen: dict[str, str] = {}
        self._spool = spool
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Witness":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        self.look()

    @property
    def seen(self) -> dict[str, str]:
        return self._seen.copy()

    def look(self) -> None:
        for path in self._spool.glob("*/*.jpg"):
            key = str(FrameKey(path.parent.name, from_stamp(path.name.partition("~")[0])))
            if key not in self._seen:
                try:
                    self._seen[key] = hashlib.sha256(path.read_bytes()).hexdigest()
                except FileNotFoundError:
                    continue

    def _watch(self) -> None:
        while not self._enough.wait(0.02):
            self.look()


class Ledger:
    """The bucket's side: objects with their hashes, versions and events by key."""

    def __init__(self, s3: "S3Client", sqs: "SQSClient", *, bucket: str, queue: str) -> None:
        self._s3 = s3
        self._sqs = sqs
        self.bucket = bucket
        self._queue = queue
        self._events: Counter[str] = Counter()

    def arrived(self) -> set[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=FRAMES_PREFIX)
        return {item["Key"] for page in pages for item in page.get("Contents", ())}

    def events(self) -> Counter[str]:
        while batch := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in batch:
                for record in json.loads(message["Body"]).get("Records", ()):
                    key = unquote_plus(record["s3"]["object"]["key"])
                    if key.startswith(FRAMES_PREFIX):  # the agent's life signs are events too
                        self._events[key] += 1
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return self._events

    def versions(self) -> Counter[str]:
        pages = self._s3.get_paginator("list_object_versions").paginate(
            Bucket=self.bucket, Prefix=FRAMES_PREFIX
        )
        return Counter(item["Key"] for page in pages for item in page.get("Versions", ()))

    def check(self, seen: dict[str, str]) -> None:
        """Assert that what was spooled arrived, once, and as it was."""
        keys = self.arrived()
        assert seen.keys() <= keys, sorted(seen.keys() - keys)
        assert self.versions() == dict.fromkeys(keys, 1)
        assert self.events() == dict.fromkeys(keys, 1)
        for key in keys:
            stored = self._s3.get_object(Bucket=self.bucket, Key=key)
            body = stored["Body"].read()
            digest = hashlib.sha256(body).hexdigest()
            assert stored["Metadata"]["sha256"] == digest == seen.get(key, digest), key
            assert (body[:2], body[-2:]) == (b"\xff\xd8", b"\xff\xd9"), key
