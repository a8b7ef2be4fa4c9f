"""A password is planted wherever a person could put one; then all that the agent shows is searched."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.edge.running import PATIENCE_S, Agent, wait_for
from tests.edge.servers import CameraServer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CAMERAS = """
bucket = "{bucket}"
[[camera]]
camera_id = "known"
source = "http://${{CAM_USER}}:${{CAM_PASSWORD}}@{address}/private?token=${{CAM_TOKEN}}&auth=liter4l-query-0f-known"
fps = 4
[[camera]]
camera_id = "bare"
source = "http://{address}/stream?v4lueless-query"
fps = 4
[[camera]]
camera_id = "dark"
source = "rtsp://dark-us3r:d4rk%40p4ss@127.0.0.1:9/p4th-t0ken-of-dark/live"
[[camera]]
camera_id = "shut"
source = "http://{address}/elsewhere/p4th-t0ken-0f-shut/live.m3u8"
headers = {{ X-Key = "h3ader-of-shut", User-Agent = "Vigie" }}
[[camera]]
camera_id = "path"
source = "http://{address}/admin/hunter2/stream"
fps = 4
[[camera]]
camera_id = "gone"
source = "http://{address}/admin/hunter2/live.mjpg"
[[camera]]
camera_id = "unifi"
source = "rtsp://127.0.0.1:9/aBcDeFgHiJkLmNoP"
[[camera]]
camera_id = "wrong"
source = "http://someone:wr0ng-passw0rd@{address}/private"
headers = {{ Authorization = "Bearer ${{BEARER}}" }}
"""

ENVIRONMENT = {
    "CAM_USER": CameraServer.user,
    "CAM_PASSWORD": CameraServer.password,
    "CAM_TOKEN": "env-t0ken-0f-known",
    "BEARER": "be4rer-from-env",
    "AWS_SECRET_ACCESS_KEY": "aws/s3cret+of/agent",
    "AWS_SESSION_TOKEN": "aws-sess1on-token",
}
LITERALS = (
    "liter4l-query-0f-known",
    "v4lueless-query",
    "d4rk%40p4ss",
    "d4rk@p4ss",
    "p4th-t0ken-of-dark",
    "p4th-t0ken-0f-shut",
    "h3ader-of-shut",
    "hunter2",
    "aBcDeFgHiJkLmNoP",
    "wr0ng-passw0rd",
    "pr0xy-p4ss",
)


def forms(secret: str) -> set[bytes]:
    return {text.encode() for text in (secret, quote(secret, safe=""), secret.replace("@", "%40"))}


PLANTED = {
    form
    for secret in (*LITERALS, *(value for name, value in ENVIRONMENT.items() if name != "CAM_USER"))
    for form in forms(secret)
} | {base64.b64encode(f"{CameraServer.user}:{CameraServer.password}".encode())}


def processes(agent_pid: int) -> tuple[bytes, bytes]:
    """The argument lists of the agent and its children, and the children's environments."""
    arguments = environments = b""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_child = (folder / "stat").read_text().rpartition(")")[2].split()[1] == str(agent_pid)
            if is_child or folder.name == str(agent_pid):
                arguments += (folder / "cmdline").read_bytes() + b"\n"
            if is_child:
                environments += (folder / "environ").read_bytes() + b"\n"
        except OSError:
            continue
    return arguments, environments


def found(text: bytes) -> list[bytes]:
    return sorted(secret for secret in PLANTED if secret in text)


def test_no_planted_password_shows(
    tmp_path: Path, s3: "S3Client", bucket: str, moto_url: str, camera_server: CameraServer
) -> None:
    camera_server.pictures = 10**9
    text = CAMERAS.format(bucket=bucket, address=camera_server.address)
    status = tmp_path / "status.json"
    proxy = "http://pr0xy-user:pr0xy-p4ss@127.0.0.1:9"

    def states() -> dict[str, str]:
        if not status.exists():
            return {}
        return {c["camera_id"]: c["state"] for c in json.loads(status.read_text())["cameras"]}

    def stored() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    shown = b""
    # Once with a proxy that cannot be reached, so that uploads fail in words; then with the way free.
    for number, environment in enumerate([{"HTTP_PROXY": proxy}, {}]):
        with Agent(tmp_path, text, moto_url, **ENVIRONMENT, **environment) as agent:
            waited: set[str] = set()

            def all_waited(waited: set[str] = waited) -> bool:
                # Not at one instant: each of them is tried anew again and again.
                waited |= {name for name, state in states().items() if state in {"waiting", "failing"}}
                return {"dark", "shut", "gone", "unifi", "wrong"} <= waited

            wait_for(all_waited)
            if number == 0:
                wait_for(lambda: "uploads are held up" in (tmp_path / "log").read_text())
            else:
                wait_for(lambda: any("/known/" in key for key in stored()))
                wait_for(lambda: any("/bare/" in key for key in stored()))
                wait_for(lambda: any("/path/" in key for key in stored()))
            looks: list[tuple[bytes, bytes]] = []

            def ffmpegs_seen(looks: list[tuple[bytes, bytes]] = looks, number: int = number) -> bool:
                looks.append(processes(agent.process.pid))
                return number == 0 or b"mpjpeg" in looks[-1][0]

            wait_for(ffmpegs_seen)
            arguments, environments = (b"".join(parts) for parts in zip(*looks, strict=True))
            assert b"edge_agent" in arguments
            shown += arguments + status.read_bytes()
            # A proxy's password ffmpeg must have; only its own user can look there.
            assert [secret for secret in found(environments) if secret != b"pr0xy-p4ss"] == []
            agent.process.terminate()
            agent.process.wait(PATIENCE_S)
    log_text = (tmp_path / "log").read_bytes()
    for said in (b"401", b"404", b"refused", b"uploads are held up", b"***"):
        assert said in log_text
    for path in tmp_path.rglob("*"):
        shown += str(path).encode()
        if path.is_file() and path.name != "cameras.toml":
            shown += path.read_bytes()
    for key in stored():
        answer = s3.get_object(Bucket=bucket, Key=key)
        shown += key.encode() + json.dumps(answer["Metadata"]).encode() + answer["Body"].read()
    assert found(shown) == []
    assert found(b"x" + b"h3ader-of-shut") != []


@pytest.mark.parametrize(
    "line",
    [
        'aws_secret_access_key = "aws/s3cret+of/agent"',
        'bucket = "${AWS_SECRET_ACCESS_KEY}"',
        'spool = { aws_secret_access_key = "aws/s3cret+of/agent" }',
        'camera = "rtsp://me:d4rk%40p4ss@192.0.2.7/"',
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_keys_in_the_wrong_place_of_the_file_are_not_repeated(
    tmp_path: Path, line: str, command: str
) -> None:
    text = line + ("" if line.startswith("bucket") else '\nbucket = "vigie-data"')
    text += "" if line.startswith("camera") else '\n[[camera]]\ncamera_id = "hall"\nsource = "a.mp4"'
    (tmp_path / "cameras.toml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", command, "--config", str(tmp_path / "cameras.toml")],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert found(done.stdout + done.stderr) == []
