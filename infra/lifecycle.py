"""How long what lies in the buckets stays: the catalog's prefixes, with the days that the settings give."""

from collections.abc import Mapping
from datetime import timedelta

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3

from infra.config import Keep
from infra.parts import Bucket
from vigie.domain.frames import FRAMES_PREFIX, QUARANTINE_PREFIX
from vigie.domain.heartbeats import HEARTBEATS_PREFIX
from vigie.domain.pictures import FACES_PREFIX, PICTURES_PREFIX

_A_DAY = Duration.days(1)
# Written over every minute, or every quarter of an hour: of these an old version is of no use.
_REWRITTEN = (HEARTBEATS_PREFIX, "site/charts/", "site/exports/")


def days_by_prefix(bucket: Bucket, keep: Keep) -> Mapping[str, int]:
    """Return after how many days what lies under a prefix goes; a setting goes before the catalog."""
    found = {prefix: max(1, age // timedelta(days=1)) for prefix, age in bucket.expires}
    chosen = {
        FRAMES_PREFIX: keep.frames,
        FACES_PREFIX: keep.faces,
        PICTURES_PREFIX: keep.pictures,
        QUARANTINE_PREFIX: keep.quarantine,
    }
    return found | chosen


def data_rules(bucket: Bucket, keep: Keep) -> list[s3.LifecycleRule]:
    """Return the data bucket's rules; where two fit, S3 follows the shorter one."""
    expiring = [
        s3.LifecycleRule(
            id=f"expire {prefix}",
            prefix=prefix,
            expiration=Duration.days(days),
            # A day after its object has gone, or was written over, an old version goes too.
            noncurrent_version_expiration=_A_DAY,
        )
        for prefix, days in sorted(days_by_prefix(bucket, keep).items())
    ]
    rewritten = [
        s3.LifecycleRule(id=f"old versions of {prefix}", prefix=prefix, noncurrent_version_expiration=_A_DAY)
        for prefix in _REWRITTEN
    ]
    everything = s3.LifecycleRule(
        id="old versions, broken uploads",
        noncurrent_version_expiration=Duration.days(keep.old_versions),
        abort_incomplete_multipart_upload_after=_A_DAY,
        expired_object_delete_marker=True,
    )
    return [*expiring, *rewritten, everything]


def access_log_rules(keep: Keep) -> list[s3.LifecycleRule]:
    """Return the rules of the bucket that S3's access logs go to."""
    return [
        s3.LifecycleRule(
            id="expire access logs",
            expiration=Duration.days(keep.access_logs),
            abort_incomplete_multipart_upload_after=_A_DAY,
        )
    ]
