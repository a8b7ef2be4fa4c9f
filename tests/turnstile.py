"""Lets threads go on one at a time, drawn by chance, so that a seed repeats one interleaving of them."""

import random
import threading
from collections.abc import Callable


class Turnstile:
    """Lets one of the workers at a time go on, drawn by chance at each call."""

    def __init__(self, chance: random.Random, workers: int) -> None:
        self._chance = chance
        self._gates = [threading.Semaphore(0) for _ in range(workers)]
        self._working = list(range(workers))
        self._mine = threading.local()

    def run(self, work: Callable[[], None]) -> None:
        """Let all workers do the work; returns when the last has ended."""
        failures: list[BaseException] = []

        def body(number: int) -> None:
            self._mine.number = number
            self._gates[number].acquire()
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told to the test below
                failures.append(error)
            finally:
                self._working.remove(number)
                self._open()

        threads = [threading.Thread(target=body, args=(number,)) for number in range(len(self._gates))]
        for thread in threads:
            thread.start()
        self._open()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def turn(self) -> None:
        """Let somebody, maybe oneself, go on."""
        number = getattr(self._mine, "number", None)
        if number is not None:
            self._open()
            self._gates[number].acquire()

    def _open(self) -> None:
        if self._working:
            self._gates[self._chance.choice(self._working)].release()
