"""Credentials by a device's certificate: real mutual TLS, boto3 in the middle, and what goes wrong."""

import json
import logging
import os
import stat
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from edge_agent.identity import (
    FACTS,
    KEY,
    Credentials,
    PatientFetch,
    fetch_credentials,
    read_identity,
)
from edge_agent.identity_files import new_key
from edge_agent.purse import print_credentials
from edge_agent.sessions import open_session, s3_client
from tests.edge.device import World, make_identity
from tests.edge.provider import Authority
from vigie.errors import AccessDenied, CloudError, ConfigError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


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
