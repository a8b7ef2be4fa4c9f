"""What lamps are tried against: a WLED (a small HTTP server), mosquitto, and AWS IoT's shadows over it."""

import getpass
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from moto.core.utils import merge_dicts
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.edge.running import PATIENCE_S, wait_for

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
needs_mosquitto = pytest.mark.skipif(
    MOSQUITTO is None, reason="mosquitto is not installed (Debian: apt-get install mosquitto)"
)


class Wled:
    """A WLED as far as lamps need one: it takes states, keeps the last, and can be out of order."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.requests: list[tuple[str, str, dict[str, Any], str | None]] = []
        self.answers = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = json.loads(body)
                outer.requests.append((self.command, self.path, asked, self.headers["Authorization"]))
                if outer.answers == 200:
                    outer.state |= asked
                self.send_response(outer.answers)
                self.end_headers()
                self.wfile.write(b'{"success":true}')

            do_PUT = do_POST  # noqa: N815 - as the server looks it up

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def dripping(told: str) -> Iterator[str]:
    """Run a device that says `told` at once, and then a letter now and then; give its URL.

    It goes on until its caller listens no more; one who waits for each letter has the whole answer some day.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            caller, _ = server.accept()
            with caller, suppress(OSError):
                caller.recv(65_536)
                caller.sendall(told.encode())
                rest = "" if told else "HTTP/1.1 200 OK\r\nX-Words: "
                for letter in f"{rest}{'x' * 100}\r\n\r\n":
                    caller.sendall(letter.encode())
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def broker(folder: Path, *lines: str, port: int | None = None) -> Iterator[int]:
    """Run mosquitto on loopback; give its port."""
    assert MOSQUITTO
    port = port or free_port()
    config = folder / "mosquitto.conf"
    # Started by root it would become another user, who may not read a test's folder.
    first = [f"user {getpass.getuser()}", "per_listener_settings true", "persistence false"]
    first.append(f"listener {port} 127.0.0.1")
    config.write_text("\n".join([*first, *lines]) + "\n")
    with (folder / "mosquitto.log").open("ab") as log:
        process = subprocess.Popen([MOSQUITTO, "-c", str(config)], stdout=log, stderr=log)
        try:
            wait_for(lambda: listens(port))
            yield port
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def listens(port: int) -> bool:
    """Tell whether somebody listens on that port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Listener:
    """A client of the broker that hears everything under a topic."""

    def __init__(self, port: int, topic: str, *, username: str | None = None) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        if username:
            self._client.username_pw_set(username, "geheim")
        self._client.on_message = self._take
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(topic, qos=1)
        self._client.loop_start()
        assert ready.wait(PATIENCE_S)

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.heard.append((message.topic, json.loads(message.payload)))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class ShadowService:
    """AWS IoT's shadow service for one thing, as its documentation has it, on a broker of ours."""

    def __init__(self, client: Client, thing: str) -> None:
        self._client, self._base = client, f"$aws/things/{thing}/shadow"
        self._lock = threading.Lock()
        self.state: dict[str, dict[str, Any]] = {}
        self.version = 0
        self.asked = 0
        client.on_message = self._take
        for topic in ("get", "update"):
            client.subscribe(f"{self._base}/{topic}", qos=1)

    def desire(self, desired: dict[str, Any]) -> None:
        self._update({"desired": desired})

    def says(self, level: int) -> bool:
        """Tell whether the lamps have reported that level."""
        with self._lock:
            reported: int | None = self.state.get("reported", {}).get("level")
            return reported == level

    def _take(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        if message.topic.endswith("/get"):
            self.asked += 1
            with self._lock:
                if not self.version:
                    self._say("get/rejected", {"code": 404, "message": "No shadow exists"})
                else:
                    self._say("get/accepted", {"state": self.state, "version": self.version})
        else:
            self._update(json.loads(message.payload)["state"])

    def _update(self, state: dict[str, Any]) -> None:
        with self._lock:
            for section, values in state.items():
                merge_dicts(self.state.setdefault(section, {}), values, remove_nulls=True)
            self.version += 1
            desired, reported = self.state.get("desired", {}), self.state.get("reported", {})
            delta = {key: value for key, value in desired.items() if reported.get(key) != value}
            if delta:
                self._say(
                    "update/delta", {"state": delta, "version": self.version, "timestamp": int(time.time())}
                )

    def _say(self, topic: str, document: dict[str, Any]) -> None:
        self._client.publish(f"{self._base}/{topic}", json.dumps(document), qos=1)
