"""How a program that runs for ever hears that it should end."""

import signal
import threading
from queue import SimpleQueue


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM or SIGINT sets from now on; for the main thread alone.

    A handler interrupts that thread anywhere, also between taking and giving back the event's own lock, which
    is no reentrant one: setting the event there would wait for itself for ever. So the handler does what is
    safe at any moment (`SimpleQueue.put`, as the documentation of `queue` says), and another thread sets it.
    """
    stop = threading.Event()
    asked: SimpleQueue[int] = SimpleQueue()

    def set_when_asked() -> None:
        asked.get()
        stop.set()

    threading.Thread(target=set_when_asked, name="signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda given, _: asked.put(given))
    return stop
