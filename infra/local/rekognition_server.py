"""A small loopback server that speaks Rekognition's JSON protocol, with recorded answers behind it.

So the real client of boto3 runs on one machine: `AWS_ENDPOINT_URL_REKOGNITION` points at it. In a process
of its own it prints its port, and ends when its standard input does.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from os import environ
from typing import IO, Any

import boto3
from botocore.exceptions import ClientError

from infra.local.recorded import RecordedRekognition, ServiceError
from vigie.errors import SetupError

ENDPOINT_VARIABLE = "AWS_ENDPOINT_URL_REKOGNITION"
_TARGET = "RekognitionService."
_MEDIA_TYPE = "application/x-amz-json-1.1"
_MOST_BODY = 8 * 2**20


def read_object(bucket: str, key: str) -> bytes | None:
    """Read an object as the caller of the service may; None when it is not there."""
    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError:
        return None


@contextmanager
def serving(service: RecordedRekognition) -> Iterator[str]:
    """Serve on a free loopback port in this process; give the endpoint."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if length > _MOST_BODY:
                self._send(413, {"__type": "ImageTooLargeException", "message": "request too large"})
                return
            body = self.rfile.read(length)
            target = self.headers.get("X-Amz-Target", "")
            try:
                with lock:
                    answer = service.answer(target.removeprefix(_TARGET), json.loads(body))
            except ServiceError as error:
                self._send(error.status, {"__type": error.code, "message": str(error)})
            except (ValueError, KeyError, TypeError) as error:
                self._send(400, {"__type": "InvalidParameterException", "message": repr(error)})
            else:
                self._send(200, answer)

        def _send(self, status: int, document: dict[str, Any]) -> None:
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", _MEDIA_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True, name="rekognition")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def local_rekognition(log: IO[str]) -> Iterator[str]:
    """Run the server in a process of its own, and point this process and its children at it meanwhile.

    Raises:
        SetupError: it did not start.

    """
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.local.rekognition_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        start_new_session=True,
    )
    before = environ.pop(ENDPOINT_VARIABLE, None)
    try:
        endpoint = process.stdout.readline().strip() if process.stdout else ""
        if not endpoint.startswith("http://127.0.0.1:"):
            raise SetupError(f"the server of recorded answers did not start; {log.name} says why")
        environ[ENDPOINT_VARIABLE] = endpoint
        yield endpoint
    finally:
        process.communicate()  # closes its standard input, which ends it
        environ.pop(ENDPOINT_VARIABLE, None)
        if before is not None:
            environ[ENDPOINT_VARIABLE] = before


def main() -> int:
    """Serve until standard input closes."""
    with serving(RecordedRekognition(read_object)) as endpoint:
        sys.stdout.write(f"{endpoint}\n")
        sys.stdout.flush()
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
