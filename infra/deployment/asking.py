"""Asking a person, who may have answered beforehand."""

import sys

from vigie.errors import SetupError


def agreed(question: str, *, expected: str = "yes") -> bool:
    """Ask; only the expected word is a yes.

    Raises:
        SetupError: nobody is there to answer.

    """
    if not sys.stdin.isatty():
        raise SetupError(f"{question} nobody is here to answer; YES=1 answers beforehand")
    sys.stdout.write(f"{question} Type {expected!r} to go on: ")
    sys.stdout.flush()
    return sys.stdin.readline().strip() == expected
