"""The environment of each function on Lambda: the settings that its class in `vigie.settings` reads."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from infra.names import Names
from infra.parts import Bucket, Catalog, DeadLetters, Function, Table, Topic
from vigie import settings
from vigie.settings import variable

# Of every function. /tmp is all that may be written; onnxruntime must neither write nor call home.
COMMON: Mapping[str, str] = {
    "HOME": "/tmp",  # noqa: S108 - Lambda's own
    "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108
    "ORT_DISABLE_TELEMETRY": "1",
}


def settings_class(function: Function) -> type:
    """Return the class that reads the function's settings."""
    words = "".join(word.capitalize() for word in function.name.split("_"))
    found: type = getattr(settings, f"{words}Settings")
    return found


def setting_names(function: Function) -> frozenset[str]:
    """Return the settings that the function reads."""
    kind: Any = settings_class(function)
    return frozenset(field.name for field in fields(kind))


def environment(
    function: Function,
    *,
    catalog: Catalog,
    names: Names,
    dead_letters: Mapping[str, str],
    others: Mapping[str, str],
) -> dict[str, str]:
    """Return the function's environment.

    `dead_letters` are the dead-letter queues' URLs by the queue's name; `others` are settings that no
    resource gives, of which the function gets those that it reads.
    """
    values: dict[str, str] = {}
    for setting, resource in function.environment.items():
        match resource:
            case Bucket(name=name):
                values[setting] = names.bucket(name)
            case Table(name=name):
                values[setting] = names.of(name)
            case Topic(name=name):
                values[setting] = names.topic_arn(name)
            case DeadLetters():
                values[setting] = " ".join(dead_letters[queue.name] for queue in catalog.queues)
    wanted = setting_names(function)
    values |= {name: value for name, value in others.items() if name in wanted}
    values |= function.settings
    return {**COMMON, "POWERTOOLS_SERVICE_NAME": function.name, **{variable(k): v for k, v in values.items()}}
