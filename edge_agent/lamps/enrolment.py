"""What `enroll` makes for an agent that drives lamps: their groups' things, and a policy for the shadows.

A policy is named by what it allows, so one of that name is the one that is wanted.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from edge_agent.rights import shadow_rights
from vigie.aws.clients import translated
from vigie.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient


def register_lamps(iot: "IoTClient", things: Sequence[str]) -> str:
    """Register the things, unless they are there; return the address of the shadows and their broker."""
    for name in things:
        with suppress(Conflict), translated(f"registering the lamp group's thing {name!r}"):
            iot.create_thing(thingName=name)
    with translated("asking for the address of the shadows"):
        return iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]


def allow_lamps(
    iot: "IoTClient", *, agent_policy: str, certificate: str, root: str, thing: str, things: Sequence[str]
) -> None:
    """Let a certificate follow the shadows of the things; `root` is what ARNs of this account begin with."""
    document = json.dumps(shadow_rights(root=root, thing=thing, lamp_things=things))
    name = f"{lamp_policies(agent_policy)}{hashlib.sha256(document.encode()).hexdigest()[:12]}"
    with suppress(Conflict), translated(f"creating the policy {name!r}"):
        iot.create_policy(policyName=name, policyDocument=document)
    with translated(f"attaching the policy {name!r}"):
        iot.attach_policy(policyName=name, target=certificate)


def forget_lamps(
    iot: "IoTClient",
    *,
    agent_policy: str,
    detached: set[str],
    quietly: Callable[[Callable[[], object]], None],
) -> None:
    """Remove the policies that `allow_lamps` made for an agent; the things stay, as others may drive them."""
    for name in sorted(detached):
        if name.startswith(lamp_policies(agent_policy)):
            quietly(lambda name=name: iot.delete_policy(policyName=name))  # type: ignore[misc]


def lamp_policies(agent_policy: str) -> str:
    """Return what the names of an agent's policies for lamps begin with."""
    return f"{agent_policy}-lamps-"
