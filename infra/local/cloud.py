"""A small AWS on this machine: moto's server in a process of its own, reached through the environment."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from vigie.errors import SetupError

REGION = "eu-west-1"


def aws_environ(endpoint: str) -> dict[str, str]:
    """Return the variables that point every boto3 client at that endpoint, with credentials of no worth."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        # Without one the credentials are lasting, as those are that links to pictures can be signed with.
        "AWS_SESSION_TOKEN": "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "ORT_DISABLE_TELEMETRY": "1",
    }


@contextmanager
def local_cloud(log: IO[str]) -> Iterator[str]:
    """Run moto's server on a free loopback port; give its endpoint, and stop it in the end.

    The process's own environment points at it meanwhile, and so does that of every program started from
    here: no credentials and no endpoint of a real account are left in reach. Its words go to `log`.

    Raises:
        SetupError: the server did not start.

    """
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.moto_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,  # Ctrl-C is for the demo alone, which needs its cloud to the last
    )
    before = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    try:
        port = process.stdout.readline().strip() if process.stdout else ""
        if not port.isdecimal():
            raise SetupError(f"moto's server did not start; {log.name} says why")
        endpoint = f"http://127.0.0.1:{port}"
        for name in before:
            del os.environ[name]
        os.environ.update(aws_environ(endpoint))
        yield endpoint
    finally:
        process.communicate()  # closes its standard input, which ends it
        for name in aws_environ(""):
            os.environ.pop(name, None)
        os.environ.update(before)
