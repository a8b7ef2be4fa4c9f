"""What every `ReportFiles` does, the fake as the bucket."""

import boto3
import pytest

from tests.contract.conftest import BUCKET
from tests.fakes import FakeReportFiles
from vigie.aws import clients
from vigie.aws.report_files import S3ReportFiles
from vigie.domain.reports import MOST_REPORTS_BYTES
from vigie.errors import MessageError, NotFound
from vigie.steps.ports import ReportFiles

KEY = "reports/hall/2026/01/31/12/20260131T120000000Z-20260131T120003500Z.jsonl"


def holding(twin: str, content: bytes) -> ReportFiles:
    if twin == "fake":
        return FakeReportFiles({KEY: content})
    boto3.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=content)
    return S3ReportFiles(clients.s3(), BUCKET)


def test_lines_are_text(twin: str) -> None:
    files = holding(twin, "été\n".encode())
    assert files.load(KEY) == "été\n"
    with pytest.raises(NotFound):
        files.load(KEY.replace("hall", "yard"))


@pytest.mark.parametrize("content", [b"\xff", b" " * (MOST_REPORTS_BYTES + 1)])
def test_what_no_edge_sends_is_refused(twin: str, content: bytes) -> None:
    with pytest.raises(MessageError, match="reports/hall/"):
        holding(twin, content).load(KEY)
