"""Being asked to stop, at the worst moment."""

import subprocess
import sys

import pytest

# Where a real signal finds the main thread once in many runs: holding the lock of the event it waits for.
WORST = """
import signal
from vigie.signals import stop_on_signals

stop = stop_on_signals()
with stop._cond:
    signal.raise_signal(signal.{name})
    signal.raise_signal(signal.{name})
raise SystemExit(0 if stop.wait(10) else 1)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_that_interrupts_the_waiting_itself_is_heard(name: str) -> None:
    subprocess.run([sys.executable, "-c", WORST.format(name=name)], check=True, timeout=30)
