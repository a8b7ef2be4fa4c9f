"""The parts of a rehearsal: expressions of templates, and a function's own process."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.rehearsal import function_process
from infra.rehearsal.deployed import Declared, Deployed
from infra.rehearsal.hosting import RunningFunction
from vigie.errors import SetupError


def declared(identifier: str, kind: str, name: str | None) -> Declared:
    return Declared(stack="S", identifier=identifier, kind=kind, properties={}, name=name)


DEPLOYED = Deployed(
    region="eu-west-1",
    account_id="123456789012",
    resources=[
        declared("Frames", "AWS::SQS::Queue", "https://sqs/123456789012/frames"),
        declared("Data", "AWS::S3::Bucket", "data"),
        declared("Alarm", "AWS::CloudWatch::Alarm", None),
    ],
    _exports={"S:Exported": "value"},
)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("plain", "plain"),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Ref": "Data"}, "data"),
        ({"Fn::GetAtt": ["Frames", "Arn"]}, "arn:aws:sqs:eu-west-1:123456789012:frames"),
        ({"Fn::Join": ["", ["a-", {"Ref": "AWS::AccountId"}]]}, "a-123456789012"),
        ({"Fn::Sub": "assets-${AWS::AccountId}-${AWS::Region}"}, "assets-123456789012-eu-west-1"),
        ({"Fn::ImportValue": "S:Exported"}, "value"),
        ({"Key": [{"Ref": "Data"}, 3]}, {"Key": ["data", 3]}),
    ],
)
def test_expressions_stand_for_what_was_deployed(expression: Any, value: Any) -> None:
    assert DEPLOYED.value("S", expression) == value


@pytest.mark.parametrize(
    "expression",
    [{"Ref": "Alarm"}, {"Ref": "AWS::StackId"}, {"Fn::GetAZs": ""}, {"Fn::GetAtt": ["Alarm", "Arn"]}],
)
def test_what_was_not_made_is_a_sentence(expression: Any) -> None:
    with pytest.raises(SetupError, match=r"was not made|is not understood here"):
        DEPLOYED.value("S", expression)


def test_what_was_not_made_is_counted() -> None:
    assert DEPLOYED.skipped() == {"AWS::CloudWatch::Alarm": 1}


def started(folder: Path, text: str, log: Path) -> RunningFunction:
    (folder / "handler.py").write_text(text, encoding="utf-8")
    with log.open("w", encoding="utf-8") as words:
        process = subprocess.Popen(
            [sys.executable, "-S", "-s", "-B", "-P", function_process.__file__],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(folder),
                "VIGIE_HANDLER": "handler.handler",
                "AWS_LAMBDA_FUNCTION_NAME": "f",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
        )
    return RunningFunction("f", process, str(log))


def test_a_function_s_process_answers_prints_elsewhere_and_outlives_an_error(tmp_path: Path) -> None:
    source = """
import sys
def handler(event, context):
    print("a log line")
    if event["fail"]:
        raise ValueError("on purpose")
    return {"path": [p for p in sys.path if "site-packages" in p], "name": context.function_name}
"""
    function = started(tmp_path, source, tmp_path / "log")
    with pytest.raises(SetupError, match="f failed: ValueError: on purpose"):
        function.invoke({"fail": True})
    assert function.invoke({"fail": False}) == {"path": [], "name": "f"}
    function.process.communicate()
    assert "a log line" in (tmp_path / "log").read_text()
    assert function.process.returncode == 0


def test_a_function_that_cannot_be_imported_is_a_sentence(tmp_path: Path) -> None:
    function = started(tmp_path, "import nothing_of_this_name", tmp_path / "log")
    with pytest.raises(SetupError, match=r"f died; .* says why"):
        function.invoke(json.loads("{}"))
    function.process.communicate()
