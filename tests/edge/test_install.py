"""Install, upgrade and roll back in a temporary root: real virtual environments, the real agent's start."""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from edge_agent.install import UNIT, Installer, InstallError

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """
bucket = "vigie-data"
[[camera]]
camera_id = "hall"
source = "http://127.0.0.1:9/stream"
"""


class AgentHere:
    """In systemd's place: starts the installed agent, and waits for its word that it is ready."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.reloads = 0
        self.restarts = 0

    def prepare(self) -> None:
        pass

    def hand_over(self, path: Path, *, mode: int) -> None:
        path.chmod(mode)

    def reload(self) -> None:
        self.reloads += 1

    def restart(self) -> bool:
        self.restarts += 1
        address = self._root / "notify"
        address.unlink(missing_ok=True)
        python = self._root / "opt/vigie/current/bin/python"
        command = [
            str(python),
            "-m",
            "edge_agent",
            "run",
            "--config",
            str(self._root / "etc/vigie/cameras.toml"),
        ]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(address))
            manager.settimeout(0.1)
            environment = {**os.environ, "NOTIFY_SOCKET": str(address)}
            with subprocess.Popen(
                command, cwd=self._root, env=environment, stderr=subprocess.DEVNULL
            ) as agent:
                while agent.poll() is None:
                    try:
                        ready = manager.recv(100) == b"READY=1"
                    except TimeoutError:
                        continue
                    agent.terminate()
                    agent.wait(20)
                    return ready
        return False


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, as the owner builds it."""
    folder = tmp_path_factory.mktemp("wheels")
    build = [
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir",
        str(folder),
    ]
    subprocess.run([sys.executable, "-m", "pip", *build, str(ROOT)], check=True, capture_output=True)
    (made,) = folder.glob("vigie-*.whl")
    return made


def broken(wheel: Path, folder: Path, line: str) -> Path:
    """The same wheel, whose agent does not get as far as it should."""
    folder.mkdir()
    path = folder / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(path, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename == "edge_agent/service.py":
                content += f"\n\n{line}\n".encode()
            new.writestr(item, content)
    return path


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, aws: None) -> None:
    """pip takes the wheel alone; what it depends on comes from here."""
    for name in ("PIP_NO_DEPS", "PIP_NO_INDEX"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYTHONPATH", sysconfig.get_paths()["purelib"])


def test_install_upgrade_and_roll_back(tmp_path: Path, wheel: Path, offline: None) -> None:
    system = AgentHere(tmp_path)
    installer = Installer(tmp_path, system)
    assert "Now write" in installer.install(wheel)
    config = tmp_path / "etc/vigie/cameras.toml"
    assert (system.restarts, config.stat().st_mode & 0o777) == (0, 0o640)
    assert (config.parent / "environment").stat().st_mode & 0o777 == 0o600
    first = installer.current.resolve()
    unit = tmp_path / "etc/systemd/system" / UNIT
    assert unit.read_text() == (ROOT / "edge_agent" / UNIT).read_text()

    config.write_text(CONFIG)
    long_ago = tmp_path / "opt/vigie/releases/20200101T000000000000"
    long_ago.mkdir()
    assert installer.install(wheel).startswith("vigie ")
    second = installer.current.resolve()
    assert second != first
    assert config.read_text() == CONFIG
    unit.write_text("of the version before")

    for number, (line, words) in enumerate(
        (
            ("raise RuntimeError('half a version')", "failed: RuntimeError: half a version"),
            ("Service.ready = Service.stopping", "does not start, and was taken back; .* runs again"),
        )
    ):
        with pytest.raises(InstallError, match=words):
            installer.install(broken(wheel, tmp_path / f"broken-{number}", line))
        assert installer.current.resolve() == second
        assert config.read_text() == CONFIG
    assert unit.read_text() == (ROOT / "edge_agent" / UNIT).read_text()

    assert set((tmp_path / "opt/vigie/releases").iterdir()) == {first, second}


def test_what_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    words = "^nothing.whl does not exist; the folder of a checkout or a wheel is needed$"
    with pytest.raises(InstallError, match=words):
        Installer(tmp_path / "root", AgentHere(tmp_path)).install(Path("nothing.whl"))
    assert not (tmp_path / "root").exists()
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent.install", "nothing.whl"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)


def test_the_unit_shuts_the_agent_in_and_starts_it_for_ever() -> None:
    """What must hold also where no systemd is there to judge the unit."""
    said = set((ROOT / "edge_agent" / UNIT).read_text().splitlines())
    assert said >= {
        "User=vigie",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "PrivateTmp=yes",
        "MemoryDenyWriteExecute=yes",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "WatchdogSec=60",
    }


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not on this machine")
def test_the_unit_is_valid_and_shut_in(tmp_path: Path) -> None:
    unit = tmp_path / UNIT
    text = (ROOT / "edge_agent" / UNIT).read_text()
    unit.write_text(text.replace("/opt/vigie/current/bin/python", sys.executable))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    # In tenths; systemd calls up to 4.9 "OK", and a unit without any setting is at 9.6.
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-300:]
