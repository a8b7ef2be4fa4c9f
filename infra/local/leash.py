"""`python -m infra.local.leash MODULE ARGUMENTS...`: runs a module that ends when whoever started it does.

However that one died, its end of our standard input closes; the module then gets a SIGTERM, as if asked.
"""

import os
import runpy
import signal
import sys
import threading


def _follow() -> None:
    # Not through sys.stdin: its lock would be held for ever, and the interpreter could not end.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_follow, daemon=True).start()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
