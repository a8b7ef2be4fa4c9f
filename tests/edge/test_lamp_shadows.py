"""Shadows followed and reported into: by MQTT with a certificate on mosquitto, and by asking moto."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.identity import CERTIFICATE, KEY, Identity
from edge_agent.identity_files import new_key, write_private
from edge_agent.lamps.mqtt_shadows import MqttShadows
from edge_agent.lamps.polling import PollingShadows, look_every_s, words_on_money
from tests.builders import at
from tests.edge.conftest import CREDENTIALS
from tests.edge.lamp_rig import ShadowService, broker, free_port, listens, needs_mosquitto
from tests.edge.provider import Authority
from tests.edge.running import PATIENCE_S, wait_for
from vigie.aws import clients
from vigie.aws.lights import IotLampShadows
from vigie.domain.lighting import Desired, Lease
from vigie.errors import SetupError
from vigie.messages import write_desired

# Those who wait longer and longer between tries may be in a long wait when what they wait for comes.
_BACK_AFTER_S = 2 * PATIENCE_S
ACTIVE = Desired(100, Lease(at(60), {"hall": at(120)}, "person before hall"))


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    yield f"http://{host}:{port}"
    server.stop()


@dataclass
class Ears:
    """What a follower of shadows has told."""

    heard: list[tuple[str, Desired]] = field(default_factory=list)
    troubles: list[str | None] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def hear(self, group_id: str, desired: Desired) -> None:
        if not self.heard or self.heard[-1] != (group_id, desired):
            self.heard.append((group_id, desired))

    def hears_last(self, desired: Desired) -> bool:
        return self.heard[-1:] == [("yard", desired)]

    def running(self, body: Callable[[], None]) -> "Ears":
        self.thread = threading.Thread(target=body)
        self.thread.start()
        return self

    def __enter__(self) -> "Ears":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(PATIENCE_S)
        assert not self.thread.is_alive()


def test_by_asking_a_shadow_is_followed_and_reported_into(moto: str) -> None:
    ears = Ears()
    shadows = IotLampShadows(clients.iot_data(), "lights-")
    follower = PollingShadows(
        shadows, groups=("yard",), hear=ears.hear, show=ears.troubles.append, stop=ears.stop, every_s=0.1
    )
    follower.report("yard", {"level": 70})
    with ears.running(follower.run):
        wait_for(lambda: len(ears.troubles) == 1)
        boto3.client("iot").create_thing(thingName="lights-yard")
        wait_for(lambda: ears.troubles[-1] is None)
        boto3.client("iot-data").update_thing_shadow(
            thingName="lights-yard", payload=json.dumps({"state": {"desired": write_desired(ACTIVE)}})
        )
        wait_for(lambda: bool(ears.heard))
    assert ears.heard == [("yard", ACTIVE)]
    assert ears.troubles[0]
    assert "the shadow of lamp group yard" in ears.troubles[0]
    assert shadows.document("yard")["state"]["reported"] == {"level": 70}


def test_by_asking_the_last_word_is_said_after_the_end(moto: str) -> None:
    boto3.client("iot").create_thing(thingName="lights-yard")
    ears, shadows = Ears(), IotLampShadows(clients.iot_data(), "lights-")
    follower = PollingShadows(
        shadows, groups=("attic", "yard"), hear=ears.hear, show=ears.troubles.append, stop=ears.stop
    )
    ears.stop.set()
    for group_id in ("attic", "yard"):  # attic has no thing
        follower.report(group_id, {"level": 70})
    follower.run()
    assert shadows.document("yard")["state"]["reported"] == {"level": 70}


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1"])
def test_aws_itself_is_asked_less_often_and_the_price_is_said(
    region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    endpoint = boto3.client("iot-data", region_name=region).meta.endpoint_url
    assert look_every_s(endpoint) == 1.0
    assert "every 1 s, which costs about $6.48 a month;" in str(words_on_money(endpoint, groups=2))
    assert look_every_s("http://127.0.0.1:5000") == 0.2
    assert words_on_money("http://127.0.0.1:5000", groups=2) is None


def test_by_asking_a_group_that_fails_is_named_and_stops_no_other(moto: str) -> None:
    boto3.client("iot").create_thing(thingName="lights-yard")
    ears = Ears()
    follower = PollingShadows(
        IotLampShadows(clients.iot_data(), "lights-"),
        groups=("attic", "yard"),
        hear=ears.hear,
        show=ears.troubles.append,
        stop=ears.stop,
        every_s=0.1,
    )
    follower.report("attic", {"level": 70})
    with ears.running(follower.run):
        wait_for(lambda: "lamp group attic" in str(ears.troubles[-1:]))
        boto3.client("iot-data").update_thing_shadow(
            thingName="lights-yard", payload=json.dumps({"state": {"desired": write_desired(ACTIVE)}})
        )
        wait_for(partial(ears.hears_last, ACTIVE))
        assert ears.troubles[-1], "attic is not there yet"
        assert "yard" not in ears.troubles[-1]
        boto3.client("iot").create_thing(thingName="lights-attic")
        wait_for(lambda: ears.troubles[-1] is None, seconds=_BACK_AFTER_S)


@pytest.fixture
def identity(tmp_path: Path) -> tuple[Path, Authority]:
    authority, folder = Authority("devices"), tmp_path / "identity"
    key, request = new_key("garden")
    write_private(folder, KEY, key)
    write_private(folder, CERTIFICATE, authority.sign(request))
    return folder, authority


def tls(folder: Path, authority: Authority) -> list[str]:
    """What mosquitto must know to ask for a device's certificate; the thing's name is its common name."""
    (folder / "ca.pem").write_bytes(authority.pem)
    server = authority.server(folder)
    return [
        f"cafile {folder / 'ca.pem'}",
        f"certfile {server}",
        f"keyfile {server}",
        "require_certificate true",
        "use_identity_as_username true",
        "allow_anonymous false",
    ]


def by_mqtt(ears: Ears, folder: Path, ca_bundle: Path, *groups: str, port: int) -> MqttShadows:
    identity = Identity(
        thing="garden",
        endpoint="none",
        role_alias="none",
        region="eu-west-1",
        data_endpoint=f"127.0.0.1:{port}",
    )
    return MqttShadows(
        identity,
        folder,
        prefix="lights-",
        groups=groups,
        hear=ears.hear,
        show=ears.troubles.append,
        stop=ears.stop,
        ca_bundle=str(ca_bundle),
    )


@needs_mosquitto
def test_by_mqtt_a_shadow_is_followed_over_a_broken_connection(
    tmp_path: Path, identity: tuple[Path, Authority]
) -> None:
    folder, authority = identity
    ears, port, inner = Ears(), free_port(), free_port()
    lines = [*tls(tmp_path, authority), f"listener {inner} 127.0.0.1", "allow_anonymous true"]
    follower = by_mqtt(ears, folder, tmp_path / "ca.pem", "yard", port=port)
    idle = Desired(20, Lease(None, {"hall": at(300)}, "nobody is there"))
    later = Desired(100, Lease(at(90), {"hall": at(330)}, "person before hall"))
    with ears.running(follower.run):
        before: tuple[dict[str, Any], int] = {}, 0
        for desired in (ACTIVE, idle):
            with broker(tmp_path, *lines, port=port):
                wait_for(partial(listens, inner))
                client = Client(CallbackAPIVersion.VERSION2)
                client.connect("127.0.0.1", inner)
                service = ShadowService(client, "lights-yard")
                service.state, service.version = before
                client.loop_start()
                service.desire(write_desired(desired))
                wait_for(partial(ears.hears_last, desired), seconds=_BACK_AFTER_S)
                follower.report("yard", {"level": desired.level, "reason": desired.lease.reason})
                wait_for(partial(service.says, desired.level))
                if desired is idle:
                    service.desire(write_desired(later))  # its delta lacks what is reported to be so
                    wait_for(partial(ears.hears_last, later))
                    follower.report("yard", {"level": 70, "reason": "the agent has stopped"})
                    ears.stop.set()
                    wait_for(partial(service.says, 70))
                before = service.state, service.version
                client.disconnect()
                client.loop_stop()
    assert [desired for _, desired in ears.heard] == [ACTIVE, idle, later]
    assert any(trouble and "the connection to AWS IoT broke" in trouble for trouble in ears.troubles)


@needs_mosquitto
def test_a_group_that_is_refused_is_named_and_stops_no_other(
    tmp_path: Path, identity: tuple[Path, Authority], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, authority = identity
    ears, port, inner = Ears(), free_port(), free_port()
    lines = [*tls(tmp_path, authority), f"listener {inner} 127.0.0.1", "allow_anonymous true"]
    follower = by_mqtt(ears, folder, tmp_path / "ca.pem", "attic", "yard", port=port)
    subscribe = follower._subscribe
    allowed = threading.Event()

    def refuse_attic(topic: str) -> None:
        # mosquitto's own lists forbid no subscription, as a policy of AWS IoT does.
        if "attic" in topic and not allowed.is_set():
            raise SetupError(f"{topic} may not be subscribed to: NOT_AUTHORIZED")
        subscribe(topic)

    monkeypatch.setattr(follower, "_subscribe", refuse_attic)
    with broker(tmp_path, *lines, port=port), ears.running(follower.run):
        wait_for(partial(listens, inner))
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", inner)
        service = ShadowService(client, "lights-yard")
        client.loop_start()
        service.desire(write_desired(ACTIVE))
        wait_for(partial(ears.hears_last, ACTIVE))
        wait_for(lambda: "lights-attic/shadow may not be" in str(ears.troubles[-1:]))
        allowed.set()
        wait_for(lambda: ears.troubles[-1] is None, seconds=_BACK_AFTER_S)
        client.disconnect()
        client.loop_stop()
