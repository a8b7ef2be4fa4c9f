"""The runner in the scheduler's place: each scheduled function at its own interval, with its own event."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from infra.catalog import CATALOG
from infra.local import runner
from infra.parts import Function


def test_each_scheduled_function_has_its_own_interval_and_event(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    calls: list[tuple[str, dict[str, Any]]] = []

    def invoke(function: Function, event: dict[str, Any]) -> None:
        calls.append((function.name, event))
        if {name for name, _ in calls} == {"watch_cameras", "render_charts"}:
            stop.set()

    monkeypatch.setattr(runner, "invoke", invoke)
    scheduled = replace(CATALOG, functions=tuple(each for each in CATALOG.functions if each.every))
    quick = timedelta(milliseconds=10)
    runner.run(
        scheduled,
        {},
        stop,
        every={"watch_cameras": quick, "render_charts": quick},
        inputs={"render_charts": {"days": ["2026-01-31"]}},
    )
    assert dict(calls) == {"watch_cameras": {}, "render_charts": {"days": ["2026-01-31"]}}


@pytest.mark.parametrize("argument", ["--every=detect_frame=3", "--every=5", "--input=charts={}"])
def test_what_names_no_scheduled_function_is_refused(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        runner.main([argument])
    assert "names no scheduled function" in capsys.readouterr().err
