"""The stack of the edge: for each agent of the settings its thing, and what its certificate may become.

No key is made here, since a stack would hold it: `edge_agent enroll --role-alias ALIAS` makes key and
certificate on the owner's machine, and the alias is this stack's output.
"""

from collections.abc import Sequence

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from edge_agent.rights import certificate_rights, edge_rights, edge_trust, policy_name
from infra.acknowledge import acknowledge_wildcards
from infra.config import Config, camera_attribute
from infra.data_stack import DataStack
from infra.names import Names
from infra.parts import Catalog

_SESSION = Duration.hours(1)


class EdgeStack(Stack):
    """A thing, a role, a role alias and a policy for each agent."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: Config,
        names: Names,
        catalog: Catalog,
        data: DataStack,
    ) -> None:
        super().__init__(scope, name, description=f"Vigie {config.stage}: who the edge agents are")
        self._names = names
        self._bucket, self._key_arn = names.bucket(catalog.bucket.name), data.key.key_arn
        for agent, cameras in config.settings.agents.items():
            self._identify(agent, cameras)
        self.add_stack_dependency(data)

    def _identify(self, agent: str, cameras: Sequence[str]) -> None:
        word = identifier(agent)
        alias_name = self._names.of(agent)
        trust = edge_trust(account=self.account, region=self.region, partition=self.partition)
        rights = edge_rights(
            bucket=self._bucket, cameras=cameras, agent=agent, partition=self.partition, key_arn=self._key_arn
        )
        attributes = {"cameras": camera_attribute(cameras)}
        thing = iot.CfnThing(
            self,
            f"{word}Thing",
            thing_name=agent,
            attribute_payload=iot.CfnThing.AttributePayloadProperty(attributes=attributes),
        )
        role = iam.CfnRole(
            self,
            f"{word}Role",
            role_name=self._names.of(f"edge-{agent}"),
            description=f"The edge agent {agent}: puts frames of its own cameras",
            assume_role_policy_document=trust,
            policies=[iam.CfnRole.PolicyProperty(policy_name="put-frames", policy_document=rights)],
            max_session_duration=int(_SESSION.to_seconds()),
        )
        acknowledge_wildcards(role, rights["Statement"])
        alias = iot.CfnRoleAlias(
            self,
            f"{word}RoleAlias",
            role_alias=alias_name,
            role_arn=role.attr_arn,
            credential_duration_seconds=int(_SESSION.to_seconds()),
        )
        iot.CfnPolicy(
            self,
            f"{word}Policy",
            policy_name=policy_name(alias_name),
            policy_document=certificate_rights(alias.attr_role_alias_arn),
        )
        CfnOutput(self, f"{word}RoleAliasName", value=alias_name, description=f"of {thing.thing_name}")


def identifier(agent: str) -> str:
    """Return an agent's name as CloudFormation's identifiers are written, which know no '-'.

    No two names become one: names have no capitals of their own, and no '-' at their beginning.
    """
    return agent[0].upper() + agent[1:].replace("-", "X")
