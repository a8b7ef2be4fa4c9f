"""The bucket that frames go to: one PUT a frame, conditional, with its hash; and the time by its answers.

`If-None-Match: *` makes S3 refuse a second copy, so that a retry after a lost answer is no second event.
Whoever reads an object finds three metadata: `interval-s`, the seconds between two sampled pictures,
`sampled-at`, the edge's clock when it took this one, and `sha256` of the picture, which S3 itself has checked
(`ChecksumSHA256`) before it took the object.
"""

import base64
import hashlib
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from botocore.auth import AUTH_TYPE_MAPS, SIGV4_TIMESTAMP, S3SigV4Auth
from botocore.exceptions import ClientError
from botocore.handlers import disable_signing

from edge_agent.clock import Clock
from vigie.aws.clients import translated
from vigie.domain.frames import Frame
from vigie.errors import AccessDenied, CloudError, Conflict, NotFound, Unavailable

if TYPE_CHECKING:
    from botocore.awsrequest import AWSRequest
    from mypy_boto3_s3 import S3Client

_SIGNER = "vigie-s3v4"
_SLOW_DOWN = frozenset({"SlowDown", "503", "429", "TooManyRequests", "Throttling", "ThrottlingException"})
_WRONG_REGION = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraint"})


class Throttled(Unavailable):
    """S3 asks for fewer requests; `retry_after_s` is what it advised, None when it did not."""

    def __init__(self, sentence: str, retry_after_s: float | None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class FrameBucket:
    """Where frames go. The client should not retry on its own: waiting is the uploader's matter.

    With a `clock`, every answer tells it S3's time, and requests are signed with the corrected one: S3
    refuses what was signed a quarter of an hour off.
    """

    def __init__(self, client: "S3Client", bucket: str, *, clock: Clock | None = None) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock
        events: Any = client.meta.events  # its stubs say that handlers return nothing
        events.register_first("choose-signer.s3.HeadBucket", disable_signing)
        if clock is not None:
            sign_by(client, clock)

    def put(self, frame: Frame) -> None:
        """Store a frame under its key; one that is already there counts as stored.

        Raises:
            Throttled: S3 asks for fewer requests.
            Unavailable: timed out, out of reach, another write of the key under way.
            AccessDenied: the credentials are missing, or do not allow it.
            NotFound: there is no such bucket.
            CloudError: refused for another reason.

        """
        digest = hashlib.sha256(frame.jpeg)
        asked = time.monotonic()
        try:
            with translated(f"an upload to the bucket {self._bucket!r}"):
                answer: Mapping[str, Any] = self._client.put_object(
                    Bucket=self._bucket,
                    Key=str(frame.key),
                    Body=frame.jpeg,
                    ContentType="image/jpeg",
                    IfNoneMatch="*",
                    ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
                    Metadata={**frame.metadata(), "sha256": digest.hexdigest()},
                )
        except CloudError as error:
            self._hear(_answer_of(error), asked)
            if not isinstance(error, Conflict):
                raise self._explained(error) from error
        else:
            self._hear(answer, asked)

    def ask_time(self) -> bool:
        """Ask S3 for its time, by a request that needs no rights; false when there was no answer.

        A refusal is an answer, and has a date like any other. The request is not signed, so that it leaves
        where there are no credentials, too; a clock that is wrong may be the cause of that.
        """
        asked = time.monotonic()
        try:
            with translated("asking S3 for its time"):
                answer: Mapping[str, Any] = self._client.head_bucket(Bucket=self._bucket)
        except CloudError as error:
            answer = _answer_of(error)
        self._hear(answer, asked)
        return bool(_headers(answer))

    def _hear(self, answer: Mapping[str, Any], asked: float) -> None:
        if self._clock is not None:
            self._clock.heard(_headers(answer).get("date"), asked=asked, answered=time.monotonic())

    def _explained(self, error: CloudError) -> CloudError:
        answer = _answer_of(error)
        code = str(answer.get("Error", {}).get("Code", ""))
        if isinstance(error, Unavailable):
            headers = _headers(answer)
            if code in _SLOW_DOWN or "retry-after" in headers:
                return Throttled(str(error), _retry_after_s(headers))
            return error
        if code in _WRONG_REGION:
            region = _headers(answer).get("x-amz-bucket-region") or answer["Error"].get("Region")
            where = f"in {region}" if region else "in another region"
            own = self._client.meta.region_name
            return CloudError(
                f"the bucket {self._bucket!r} is {where}, not in {own}; set AWS_REGION to its own"
            )
        if code == "RequestTimeTooSkewed":
            # Not for a person to mend: the answer said the time, and the next request is signed with it.
            return Unavailable(str(error))
        if isinstance(error, NotFound):
            return NotFound(f"the bucket {self._bucket!r} does not exist")
        if isinstance(error, AccessDenied):
            return AccessDenied(f"{error}; s3:PutObject on frames/* is needed")
        return error


def _answer_of(error: CloudError) -> Mapping[str, Any]:
    cause = error.__cause__
    return cause.response if isinstance(cause, ClientError) else {}


def _headers(answer: Mapping[str, Any]) -> Mapping[str, str]:
    headers: Mapping[str, str] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read seconds, or a date against the answer's own; what makes no sense counts as not said."""
    text = headers.get("retry-after", "")
    try:
        if text.isdecimal():
            return float(text)
        return (parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None


def sign_by(client: "S3Client", clock: Clock) -> None:
    """Let a client sign by S3's time while the local clock is wrong and corrected; one clock a process."""
    if not clock.corrects:
        return

    class Signer(S3SigV4Auth):
        def _modify_request_before_signing(self, request: "AWSRequest") -> None:
            # The hook between botocore's look at the local clock and the use of what it saw.
            request.context["timestamp"] = clock.corrected().strftime(SIGV4_TIMESTAMP)
            super()._modify_request_before_signing(request)  # type: ignore[misc]

    # A name of our own, and for wrong clocks alone: everything else is signed as botocore does it.
    AUTH_TYPE_MAPS[_SIGNER] = Signer
    events: Any = client.meta.events  # its stubs say that handlers return nothing
    events.register_first("choose-signer.s3", lambda **_: _SIGNER if clock.is_correcting() else None)
