"""What AWS's policies let through, as far as Vigie must know: filter policies and keys' grants."""

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from vigie.domain.sites import Site

KEY_ACTIONS = ("kms:GenerateDataKey", "kms:Decrypt")


def filter_lets_through(policy: Mapping[str, Any], attributes: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a subscription's filter policy lets a message with these attributes through.

    A condition of a kind that is not known here counts as met: better one warning too many.
    """
    return all(
        any(_meets(condition, attributes.get(name, ())) for condition in conditions)
        for name, conditions in policy.items()
    )


def _meets(condition: object, values: Sequence[str]) -> bool:
    match condition:
        case str(text):
            return text in values
        case {"anything-but": str(text)}:
            return any(value != text for value in values)
        case {"anything-but": list(texts)}:
            return any(value not in texts for value in values)
        case {"prefix": str(text)}:
            return any(value.startswith(text) for value in values)
        case {"exists": bool(wanted)}:
            return bool(values) is wanted
        case _:
            return True


def missing_grants(policy: Mapping[str, Any], service: str) -> tuple[str, ...]:
    """Return which of `KEY_ACTIONS` a key's policy does not let a service such as `sns.amazonaws.com` do.

    Conditions are not looked at.
    """
    statements = _as_list(policy.get("Statement", ()))
    return tuple(
        action
        for action in KEY_ACTIONS
        if not any(_covers(each, "Allow", action, service) for each in statements)
        or any(_covers(each, "Deny", action, service) for each in statements)
    )


def _covers(statement: Mapping[str, Any], effect: str, action: str, service: str) -> bool:
    if statement.get("Effect") != effect or (effect == "Deny" and statement.get("Condition")):
        return False
    principal = statement.get("Principal", {})
    services = ["*"] if principal == "*" else _as_list(principal.get("Service", ()))
    actions = _as_list(statement.get("Action", ()))
    return any(each in {"*", service} for each in services) and any(
        fnmatchcase(action.lower(), each.lower()) for each in actions
    )


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - JSON that may leave the brackets out
    return list(value) if isinstance(value, Iterable) and not isinstance(value, (str, Mapping)) else [value]


def unknown_names(policy: Mapping[str, Any], site: Site) -> tuple[str, ...]:
    """Return what a filter policy asks for and the site does not know: such a subscription is silent."""
    known = {
        "camera_id": {camera.camera_id for camera in site.cameras},
        "label": set(site.labels),
        "rule_id": {rule.rule_id for rule in site.rules},
    }
    return tuple(
        f"{name} {value!r}"
        for name, values in known.items()
        for value in policy.get(name, ())
        if isinstance(value, str) and values and value not in values
    )
