"""Credentials by a device's certificate: real mutual TLS, boto3 in the middle, and what goes wrong."""

import json
import logging
import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from edge_agent.clock import Clock
from edge_agent.frame_bucket import FrameBucket
from edge_agent.identity import (
    CERTIFICATE,
    FACTS,
    KEY,
    Credentials,
    Identity,
    PatientFetch,
    fetch_credentials,
    read_identity,
)
from edge_agent.identity_files import new_key
from edge_agent.purse import print_credentials
from edge_agent.sessions import open_session, s3_client
from tests.edge.provider import Authority, CredentialProvider
from tests.edge.servers import _Server
from vigie.errors import AccessDenied, CloudError, ConfigError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class World:
    """A credential provider, and the identity folder of a device that it knows."""

    provider: CredentialProvider
    identity: Path
    authorities: Path

    def fetch(self) -> Credentials:
        return fetch_credentials(self.identity, ca_bundle=str(self.authorities))


def make_identity(folder: Path, devices: Authority, endpoint: str) -> Path:
    folder.mkdir()
    key, request = new_key("garden")
    facts = Identity(thing="garden", endpoint=endpoint, role_alias="vigie-edge-garden", region="eu-west-3")
    (folder / KEY).write_bytes(key)
    (folder / CERTIFICATE).write_bytes(devices.sign(request))
    (folder / FACTS).write_text(json.dumps(asdict(facts)))
    return folder


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    web, devices = Authority("web"), Authority("devices")
    (tmp_path / "web.pem").write_bytes(web.pem)
    (tmp_path / "devices.pem").write_bytes(devices.pem)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "web.pem"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    with CredentialProvider(web.server(tmp_path), tmp_path / "devices.pem") as provider:
        identity = make_identity(tmp_path / "identity", devices, provider.endpoint)
        yield World(provider, identity, tmp_path / "web.pem")


def test_a_certificate_buys_credentials(world: World) -> None:
    credentials = world.fetch()
    assert world.provider.requests == [("garden", "/role-aliases/vigie-edge-garden/credentials")]
    assert (credentials.access_key, credentials.token) == ("ASIATEST1", "t0k3n")
    assert timedelta(minutes=59) < credentials.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert "s3cr3t" not in repr(credentials)


def test_a_strangers_certificate_is_refused(world: World, tmp_path: Path) -> None:
    stranger = make_identity(tmp_path / "stranger", Authority("others"), world.provider.endpoint)
    with pytest.raises((AccessDenied, Unavailable), match=world.provider.endpoint):
        fetch_credentials(stranger, ca_bundle=str(world.authorities))
    assert world.provider.requests == []


def test_a_strange_server_gets_no_request(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Authority("others").pem)
    with pytest.raises(AccessDenied, match=r"is not who it should be: .*; is this machine's clock right"):
        fetch_credentials(world.identity, ca_bundle=str(other))
    assert world.provider.requests == []


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (
            (403, '{"message": "Invalid role alias"}'),
            AccessDenied,
            "answers 403: Invalid role alias; is the certificate active and attached, and may",
        ),
        ((404, "{}"), AccessDenied, "answers 404; is the certificate"),
        ((429, ""), Unavailable, "answers 429"),
        ((503, "<html>"), Unavailable, "answers 503"),
        ((400, '{"message": "no"}'), CloudError, "answers 400: no"),
        ((200, "<html>"), CloudError, "gives an answer that holds no credentials"),
        ((200, '{"credentials": {"accessKeyId": "A"}}'), CloudError, "gives an answer that holds no cred"),
    ],
)
def test_refusals_are_sentences(
    world: World, answer: tuple[int, str], error: type[CloudError], words: str
) -> None:
    world.provider.answer = answer
    with pytest.raises(CloudError, match=words) as caught:
        world.fetch()
    assert type(caught.value) is error


def test_what_has_expired_on_arrival_points_to_the_clock(world: World) -> None:
    world.provider.lifetime = timedelta(minutes=-1)
    with pytest.raises(AccessDenied, match="is this machine's clock right"):
        world.fetch()


def test_out_of_reach(world: World) -> None:
    facts = replace(read_identity(world.identity), endpoint="127.0.0.1:9")
    (world.identity / FACTS).write_text(json.dumps(asdict(facts)))
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9 is out of reach"):
        world.fetch()


def test_a_folder_that_is_no_identity_is_one_sentence(world: World) -> None:
    (world.identity / KEY).write_bytes(new_key("garden")[0])
    with pytest.raises(ConfigError, match="its certificate and key cannot be used"):
        world.fetch()
    (world.identity / KEY).unlink()
    with pytest.raises(ConfigError, match=r"device\.key cannot be read: No such file"):
        open_session(world.identity)


def test_boto3_uses_and_renews_them_and_outlives_an_outage(
    world: World, moto_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    session, thing = open_session(world.identity)
    assert (thing, session.region_name, world.provider.requests) == ("garden", "eu-west-3", [])
    client = s3_client(session)
    key_ids: list[str] = []
    client.meta.events.register(
        "before-send.s3", lambda request, **_: key_ids.append(str(request.headers["Authorization"]))
    )

    world.provider.answer = (503, "")
    with caplog.at_level(logging.WARNING, logger="edge_agent"), pytest.raises(Unavailable):
        client.list_buckets()
    with pytest.raises(Unavailable):
        client.list_buckets()
    assert len(world.provider.requests) == 1, "a failure is not asked about again at once"
    assert [record.message for record in caplog.records if record.name.startswith("edge")] == [
        "credentials cannot be renewed"
    ]

    session, _ = open_session(world.identity)
    client = s3_client(session)
    client.meta.events.register(
        "before-send.s3", lambda request, **_: key_ids.append(str(request.headers["Authorization"]))
    )
    world.provider.answer = None
    world.provider.lifetime = timedelta(
        minutes=12
    )  # within botocore's last quarter of an hour: renewed each time
    client.list_buckets()
    client.list_buckets()
    world.provider.answer = (503, "")
    client.list_buckets()  # the old ones are good for twelve minutes more
    assert ["ASIATEST2" in key_ids[0], "ASIATEST3" in key_ids[1], "ASIATEST3" in key_ids[2]] == [True] * 3


@pytest.mark.parametrize("ahead", [timedelta(days=1), timedelta(hours=-2), timedelta(minutes=-50)])
def test_a_clock_that_is_wrong_neither_refuses_them_nor_keeps_them_too_long(
    world: World, moto_url: str, monkeypatch: pytest.MonkeyPatch, ahead: timedelta
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    world.provider.ahead = ahead
    session, _ = open_session(world.identity)
    client = s3_client(session)
    for _ in range(3):
        client.list_buckets()
    assert len(world.provider.requests) == 1
    world.provider.lifetime = timedelta(minutes=12)
    session, _ = open_session(world.identity)
    client = s3_client(session)
    for _ in range(3):
        client.list_buckets()
    assert len(world.provider.requests) == 4, "within the last quarter of an hour, each time"
    left = world.fetch().expires_at - datetime.now(UTC)
    assert timedelta(minutes=11) < left <= timedelta(minutes=12)


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


def test_the_command_is_a_credential_process_and_keeps_what_it_bought(
    world: World, tmp_path: Path, s3: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-west-3\n"
        f"credential_process = {sys.executable} -m edge_agent credentials --identity {world.identity}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    for _ in range(2):
        given = boto3.Session().get_credentials()
        assert given is not None
        assert given.get_frozen_credentials().access_key == "ASIATEST1"
    assert len(world.provider.requests) == 1
    cache = world.identity / "credentials.json"
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    world.provider.lifetime = timedelta(minutes=10)
    cache.write_text(cache.read_text().replace("20", "19", 1))  # a century ago
    assert "ASIATEST2" in print_credentials(world.identity)
    assert "ASIATEST3" in print_credentials(world.identity), "what boto3 would renew at once is not kept"
    world.provider.answer = (403, '{"message": "Invalid role alias"}')
    command = [sys.executable, "-m", "edge_agent", "credentials", "--identity", str(world.identity)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=dict(os.environ), check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "Invalid role alias" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_failure_is_asked_about_again_after_a_pause() -> None:
    now = [0.0]
    calls: list[float] = []

    def fetch() -> Credentials:
        calls.append(now[0])
        if now[0] < 10:
            raise Unavailable("no network")
        return Credentials("A", "s", "t", datetime.now(UTC))

    patient = PatientFetch(fetch, pause_s=10, now=lambda: now[0])
    for instant, works in ((0.0, False), (5.0, False), (9.9, False), (10.0, True)):
        now[0] = instant
        if works:
            assert patient().access_key == "A"
        else:
            with pytest.raises(Unavailable, match="no network"):
                patient()
    assert calls == [0.0, 10.0]


def test_what_was_kept_before_the_clock_was_set_back_is_bought_anew(world: World) -> None:
    for _ in range(2):
        assert "ASIATEST1" in print_credentials(world.identity)
    ahead = time.time() + 3600
    os.utime(world.identity / "credentials.json", (ahead, ahead))
    assert "ASIATEST2" in print_credentials(world.identity)
