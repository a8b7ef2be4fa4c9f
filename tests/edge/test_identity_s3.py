"""Credentials of a device that S3 refuses, and its clock, which is asked without any."""

import re
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from botocore.exceptions import ClientError

from edge_agent.clock import Clock
from edge_agent.frame_bucket import FrameBucket
from edge_agent.sessions import open_session, s3_client
from tests.edge.device import World
from tests.edge.servers import _Server


class PickyS3(_Server):
    """S3 that refuses the tokens of `refused` access keys; `signed` are the keys of all its requests."""

    def __init__(self) -> None:
        self.ahead_s = 0.0  # its clock, of this machine's
        self.refused: set[str] = set()
        self.signed: list[str | None] = []
        s3 = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time.time() + s3.ahead_s)

            def do_GET(self) -> None:
                found = re.search(r"Credential=(\w+)/", self.headers["Authorization"] or "")
                s3.signed.append(found and found[1])
                dead = found is None or found[1] in s3.refused
                body = b"<Error><Code>ExpiredToken</Code><Message>m</Message></Error>" if dead else b"<a/>"
                self.send_response(400 if dead else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def do_HEAD(self) -> None:
                self.do_GET()

        super().__init__(Handler)


@pytest.fixture
def picky_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[PickyS3]:
    with PickyS3() as s3:
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
        yield s3


def test_a_token_that_s3_refuses_is_renewed_once_and_not_again_for_a_minute(
    world: World, picky_s3: PickyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, _ = open_session(world.identity)
    client = s3_client(session)
    client.list_buckets()
    picky_s3.refused = {"ASIATEST1", "ASIATEST2"}
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 60)
    for _ in range(4):
        with pytest.raises(ClientError, match="ExpiredToken"):
            client.list_buckets()
    monkeypatch.setattr(time, "monotonic", lambda: now() + 120)
    with pytest.raises(ClientError, match="ExpiredToken"):
        client.list_buckets()
    client.list_buckets()
    keys = [f"ASIATEST{n}" for n in (1, 1, 2, 2, 2, 2, 3)]
    assert picky_s3.signed == keys


def test_s3_is_asked_for_its_time_without_credentials(world: World, picky_s3: PickyS3) -> None:
    world.provider.answer = (403, "{}")
    picky_s3.ahead_s = 7200.0
    session, _ = open_session(world.identity)
    clock = Clock("correct")
    bucket = FrameBucket(s3_client(session), "vigie-data", clock=clock)
    assert [bucket.ask_time() for _ in range(5)] == [True] * 5
    assert clock.ahead_s() == pytest.approx(-7200, abs=2)
    assert clock.is_correcting(), "and even then"
    assert picky_s3.signed == [None] * 5
    assert world.provider.requests == []
