"""What the agent's tests stand on: real ffmpeg, clips that it makes, moto's S3, servers that misbehave."""

import os
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from edge_agent.ffmpeg import find_ffmpeg
from edge_agent.spool import Spool
from tests.conftest import shared_file
from tests.edge.device import World, make_identity
from tests.edge.provider import Authority, CredentialProvider
from tests.edge.rig import Rig
from tests.edge.servers import CameraServer, ScriptedS3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    return find_ffmpeg(os.environ)


@pytest.fixture(scope="session")
def shop_clip() -> Path:
    """A real clip: 480x270, 15 fps, 4.47 s."""
    return shared_file("data/video/store-aisle-detection.mp4")


def make_clip(ffmpeg: str, path: Path, inputs: Sequence[str], *options: str) -> Path:
    subprocess.run(
        [ffmpeg, "-v", "error", "-y", "-f", "lavfi", "-i", *inputs, *options, str(path)], check=True
    )
    return path


@pytest.fixture(scope="session")
def test_clip(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of ffmpeg's moving test picture: 320x240 at 10 fps."""
    path = tmp_path_factory.mktemp("clips") / "test.mp4"
    return make_clip(ffmpeg, path, ["testsrc2=s=320x240:r=10:d=3"], "-c:v", "libx264", "-preset", "ultrafast")


@pytest.fixture(scope="session")
def counting_clip(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at 10 fps; picture n is an even grey of luma 16 + 7n, so that it says its own number."""
    path = tmp_path_factory.mktemp("clips") / "counting.mp4"
    grey = "color=c=black:s=64x64:r=10:d=3,geq=lum='16+N*7':cb=128:cr=128"
    return make_clip(ffmpeg, path, [grey], "-c:v", "libx264", "-g", "10")


@pytest.fixture(scope="session")
def sound_clip(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(ffmpeg, tmp_path_factory.mktemp("clips") / "sound.mp4", ["sine=d=1"])


@pytest.fixture(scope="session")
def jpeg(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("clips") / "one.jpg"
    return make_clip(ffmpeg, path, ["testsrc2=s=160x120:d=1"], "-frames:v", "1").read_bytes()


@pytest.fixture
def camera_server(jpeg: bytes) -> Iterator[CameraServer]:
    with CameraServer(jpeg) as server:
        yield server


@pytest.fixture
def rig(tmp_path: Path, ffmpeg: str) -> Iterator[Rig]:
    spool = Spool(tmp_path / "spool")
    yield Rig(spool, ffmpeg)
    spool.close()


@pytest.fixture(scope="session")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, moto_url: str) -> None:
    """The environment that points boto3, ours and a child's, at moto."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": moto_url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def s3(aws: None) -> Iterator["S3Client"]:
    client = boto3.client("s3", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
    yield client
    client.close()


@pytest.fixture
def bucket(s3: "S3Client") -> str:
    name = f"vigie-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    return name


@pytest.fixture
def scripted_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedS3]:
    with ScriptedS3() as server:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": server.url}.items():
            monkeypatch.setenv(name, value)
        yield server


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
