"""Shadows by MQTT: AWS IoT says at once what a group is asked for, over a connection of the certificate's.

After each connection the whole shadow is asked for, since a delta may have passed meanwhile; later deltas
count by their version. Subscriptions and what is to be reported go out again with each connection.
https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_agent.backoff import Backoff
from edge_agent.identity import CERTIFICATE, KEY, Identity
from vigie.domain.lighting import Desired
from vigie.errors import ConfigError, SetupError
from vigie.messages import read_desired, write_desired

if TYPE_CHECKING:
    from awscrt.mqtt5 import (
        Client,
        LifecycleConnectFailureData,
        LifecycleConnectSuccessData,
        LifecycleDisconnectData,
        PublishReceivedData,
    )

log = logging.getLogger(__name__)

_PORT = 8883
_KEEP_ALIVE_S = 30
_LEAVE_S = 3.0
_ACKNOWLEDGED_S = 10.0
_LOOK_S = 0.25


class MqttShadows:
    """Follows shadows of lamp groups, and reports into them; `run` is the body of a thread.

    `show` gets the sentence that says why there is no connection, and None when there is one.

    Raises:
        SetupError: the package awsiotsdk is missing.
        ConfigError: the identity names no address of AWS IoT's broker, or its files cannot be used.

    """

    def __init__(
        self,
        identity: Identity,
        folder: Path,
        *,
        prefix: str,
        groups: Sequence[str],
        hear: Callable[[str, Desired], None],
        show: Callable[[str | None], None],
        stop: threading.Event,
        ca_bundle: str,
    ) -> None:
        try:
            from awscrt import mqtt5
            from awscrt.exceptions import AwsCrtError
            from awsiot import mqtt5_client_builder
        except ImportError as error:
            raise SetupError(
                "lamps by MQTT need the package awsiotsdk: pip install 'vigie[lamps]'"
            ) from error
        if identity.data_endpoint is None:
            raise ConfigError(
                f"{folder} names no data_endpoint; enroll {identity.thing!r} again with --lamps"
            )
        self._mqtt5 = mqtt5
        self._crt_error = AwsCrtError
        self._topics = {f"$aws/things/{prefix}{group_id}/shadow": group_id for group_id in groups}
        self._hear = hear
        self._show = show
        self._stop = stop
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[int, Desired]] = {}
        self._unsaid: dict[str, dict[str, Any]] = {}
        self._connected = threading.Event()
        self._greet = threading.Event()
        # The topics that are still to be asked for, by what keeps them; all of them with each connection.
        self._unasked: dict[str, str] = {}
        self._stopped = threading.Event()
        self._trouble: str | None = None
        host, _, port = identity.data_endpoint.partition(":")
        try:
            self._client: Client = mqtt5_client_builder.mtls_from_path(
                cert_filepath=str(folder / CERTIFICATE),
                pri_key_filepath=str(folder / KEY),
                ca_filepath=ca_bundle,
                endpoint=host,
                port=int(port or _PORT),
                client_id=identity.thing,
                keep_alive_interval_sec=_KEEP_ALIVE_S,
                on_publish_received=self._received,
                on_lifecycle_connection_success=self._came,
                on_lifecycle_connection_failure=self._failed,
                on_lifecycle_disconnection=self._went,
                on_lifecycle_stopped=lambda _: self._stopped.set(),
            )
        except RuntimeError as error:  # awscrt's own class is a RuntimeError
            raise ConfigError(f"{folder}: its certificate and key cannot be used: {error}") from error

    def report(self, group_id: str, reported: dict[str, Any]) -> None:
        """See `Mouth.report`."""
        with self._lock:
            self._unsaid[group_id] = reported

    def run(self) -> None:
        """Stay connected, and speak, until the agent stops, and a last time then."""
        self._client.start()
        backoff, again = Backoff(1.0, 60.0, random.random, floor=0.5), 0.0
        stopped = False
        try:
            while not stopped:
                stopped = self._stop.wait(_LOOK_S)
                if not self._connected.is_set():
                    continue
                try:
                    if self._greet.is_set():
                        self._greet.clear()
                        backoff.reset()
                        self._unasked, again = dict.fromkeys(self._topics, ""), 0.0
                    if self._unasked and time.monotonic() >= again:
                        self._ask()
                        again = time.monotonic() + backoff.next_s()
                    self._speak()
                except (self._crt_error, TimeoutError) as error:
                    self._greet.set()
                    self._say(f"AWS IoT does not answer: {str(error) or type(error).__name__}")
                    self._stop.wait(1.0)
                except (
                    Exception
                ) as error:  # the outermost loop of this thread: without it no lamp would follow
                    log.exception("following the shadows failed")
                    self._greet.set()
                    self._say(f"a fault of the agent's own: {type(error).__name__}: {error}")
                    self._stop.wait(1.0)
        finally:
            self._client.stop()
            self._stopped.wait(_LEAVE_S)

    def _ask(self) -> None:
        """Ask for the shadows that are still to be asked for; one that is refused stops no other."""
        for topic in tuple(self._unasked):
            try:
                self._subscribe(topic)
            except SetupError as error:
                self._unasked[topic] = str(error)
                continue
            self._publish(f"{topic}/get", {})
            del self._unasked[topic]
        self._say("; ".join(self._unasked.values()) or None)

    def _subscribe(self, topic: str) -> None:
        """Subscribe to what a shadow says.

        Raises:
            SetupError: the policy of the certificate forbids it.

        """
        for part in ("update/delta", "get/accepted"):
            subscription = self._mqtt5.Subscription(f"{topic}/{part}", self._mqtt5.QoS.AT_LEAST_ONCE)
            packet = self._mqtt5.SubscribePacket([subscription])
            answer = self._client.subscribe(packet).result(_ACKNOWLEDGED_S)
            refused = [code for code in answer.reason_codes if code >= self._mqtt5.SubackReasonCode(128)]
            if refused:
                raise SetupError(f"{topic}/{part} may not be subscribed to: {refused[0].name}")

    def _speak(self) -> None:
        with self._lock:
            unsaid = dict(self._unsaid)
        names = {group_id: topic for topic, group_id in self._topics.items()}
        for group_id, reported in unsaid.items():
            if names[group_id] in self._unasked:
                continue  # to speak where one may not ends the connection, for all groups
            self._publish(f"{names[group_id]}/update", {"state": {"reported": reported}})
            with self._lock:
                if self._unsaid.get(group_id) is reported:
                    del self._unsaid[group_id]

    def _publish(self, topic: str, document: dict[str, Any]) -> None:
        payload = json.dumps(document, separators=(",", ":")) if document else ""
        packet = self._mqtt5.PublishPacket(topic=topic, payload=payload, qos=self._mqtt5.QoS.AT_LEAST_ONCE)
        self._client.publish(packet).result(_ACKNOWLEDGED_S)

    def _received(self, data: "PublishReceivedData") -> None:
        """Take a delta or a whole shadow; on a thread of awscrt's."""
        packet = data.publish_packet
        base, _, kind = str(packet.topic).partition("/shadow/")
        group_id = self._topics.get(f"{base}/shadow")
        try:
            document = json.loads(bytes(packet.payload or b""))
            version = int(document["version"])
            state = document["state"] if kind == "update/delta" else document["state"].get("desired", {})
            if group_id is not None and isinstance(state, dict):
                self._take(group_id, version, state)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("a shadow's word cannot be read", extra={"topic": packet.topic, "error": str(error)})

    def _take(self, group_id: str, version: int, state: dict[str, Any]) -> None:
        with self._lock:
            seen = self._seen.get(group_id)
            if seen and version <= seen[0]:
                return
            # A delta leaves out what the lamps have reported to be so already.
            before = write_desired(seen[1]) if seen else {"level": 0, "reason": ""}
            desired = read_desired({**before, **state})
            if desired is None:
                return
            self._seen[group_id] = version, desired
        self._hear(group_id, desired)

    def _came(self, _: "LifecycleConnectSuccessData") -> None:
        with self._lock:
            self._seen.clear()  # a shadow that was removed and made again may count its versions anew
        self._greet.set()
        self._connected.set()

    def _failed(self, data: "LifecycleConnectFailureData") -> None:
        self._say(f"AWS IoT is out of reach: {data.exception}")

    def _went(self, data: "LifecycleDisconnectData") -> None:
        self._connected.clear()
        if not self._stop.is_set():
            self._say(f"the connection to AWS IoT broke: {data.exception}")

    def _say(self, sentence: str | None) -> None:
        if sentence != self._trouble:
            self._trouble = sentence
            self._show(sentence)
            if sentence:
                log.warning("the lamps' shadows are out of reach", extra={"error": sentence})
            else:
                log.info("the lamps' shadows are followed")
