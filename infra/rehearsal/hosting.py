"""Runs functions as they were deployed: from the zips that the CDK has uploaded, in their own environment.

Each is a process of its own that sees its zip, its layers and Python's own modules alone, and is told what
its template tells it. Lambda's folders cannot be had here: a setting that names a file in /opt is turned to
where the layer was unpacked, and that is the only change.
"""

import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import boto3

from infra.rehearsal.deployed import Declared, Deployed
from vigie.errors import SetupError

_PROGRAM = Path(__file__).with_name("function_process.py")
_OPT = "/opt/"
_HASH = re.compile(r"[0-9a-f]{64}(\.part)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Runs functions with a Python; `folder` keeps what was unpacked, `log` takes what they say."""

    deployed: Deployed
    python: Path
    folder: Path
    cloud: Mapping[str, str]
    log: IO[str]

    @contextmanager
    def running(self, function: Declared) -> "Iterator[RunningFunction]":
        """Run a function until the end of the block.

        Raises:
            SetupError: it could not be imported; its log says why.

        """
        given = function.properties
        layers = [self._layer(function.stack, each["Ref"]) for each in given.get("Layers", [])]
        task = self._unpacked(self.deployed.value(function.stack, given["Code"]))
        environ = {
            **{name: _placed(text, layers) for name, text in self._told(function).items()},
            **self.cloud,
            "AWS_LAMBDA_FUNCTION_NAME": function.name or "",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(given["MemorySize"]),
            "AWS_REGION": self.deployed.region,
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": ":".join(map(str, (task, *(layer / "python" for layer in layers)))),
            "TZ": ":UTC",
            "VIGIE_HANDLER": given["Handler"],
        }
        process = subprocess.Popen(  # noqa: S603 - our own words
            [self.python, "-S", "-s", "-B", "-P", _PROGRAM],
            cwd=task,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        try:
            yield RunningFunction(function.name or "", process, self.log.name)
        finally:
            process.communicate()  # closes its standard input, which ends it

    def forget_others(self) -> None:
        """Remove what was unpacked of zips that no template names any more."""
        named = json.dumps([dict(each.properties) for each in self.deployed.resources])
        for folder in self.folder.iterdir():
            if folder.is_dir() and _HASH.fullmatch(folder.name) and folder.name not in named:
                shutil.rmtree(folder)

    def _told(self, function: Declared) -> Mapping[str, str]:
        """Return the environment that the deployed function has, as Lambda itself says."""
        answer = boto3.client("lambda").get_function_configuration(FunctionName=function.name or "")
        return answer.get("Environment", {}).get("Variables", {})

    def _layer(self, stack: str, identifier: str) -> Path:
        layer = self.deployed.find(stack, identifier)
        return self._unpacked(self.deployed.value(stack, layer.properties["Content"]))

    def _unpacked(self, place: Mapping[str, str]) -> Path:
        """Fetch a zip from the bucket of the CDK's assets and unpack it; once, as its name is its hash."""
        target = self.folder / place["S3Key"].removesuffix(".zip")
        if not target.is_dir():
            body = boto3.client("s3").get_object(Bucket=place["S3Bucket"], Key=place["S3Key"])["Body"].read()
            part = target.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                archive.extractall(part)
            part.rename(target)
        return target


@dataclass(frozen=True, slots=True)
class RunningFunction:
    """A function that waits for events."""

    name: str
    process: subprocess.Popen[str]
    log: str

    def invoke(self, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what handlers return is JSON
        """Return what the function makes of an event.

        Raises:
            SetupError: it raised, or died.

        """
        if self.process.stdin is None or self.process.stdout is None:
            raise SetupError(f"{self.name} has no pipes")
        try:
            self.process.stdin.write(json.dumps(event) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SetupError(f"{self.name} died; {self.log} says why")
        answer = json.loads(line)
        if "error" in answer:
            raise SetupError(f"{self.name} failed: {answer['error']}; {self.log} says more")
        return answer["answer"]


def _placed(text: str, layers: list[Path]) -> str:
    """Turn a file in /opt to the layer that brings it."""
    if not text.startswith(_OPT):
        return text
    inside = text.removeprefix(_OPT)
    return next((str(layer / inside) for layer in layers if (layer / inside).exists()), text)
