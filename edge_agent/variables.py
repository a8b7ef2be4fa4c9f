"""`${NAME}` in what a person writes: replaced by the environment's value, which is a secret from then on."""

import re
from collections.abc import Mapping

from vigie.errors import ConfigError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def with_variables(text: str, environment: Mapping[str, str], *, place: str) -> tuple[str, set[str]]:
    """Replace each `${NAME}`, and return the values that were put in.

    Raises:
        ConfigError: a variable is not set, or empty; `place` says where it is asked for.

    """
    used: set[str] = set()

    def value(match: re.Match[str]) -> str:
        found = environment.get(match[1], "")
        if not found:
            raise ConfigError(f"{place}: the environment variable {match[1]} is not set, or empty")
        used.add(found)
        return found

    return _VARIABLE.sub(value, text), used
