"""`python -m edge_agent enroll`: gives an agent an identity, or takes it away; run by the site's owner.

The owner's credentials are boto3's own. For a thing `garden` it makes, or finds, all of one name,
`vigie-edge-garden`: a role with `rights.edge_rights`, a role alias for it, and the policy that lets the
device's certificate use that alias and nothing else. The private key is made here, and leaves with the folder
alone.
"""

import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from edge_agent.enrolment_form import Enrolment
from edge_agent.identity import CERTIFICATE, FACTS, KEY, Identity
from edge_agent.identity_files import new_key, remove_folder, write_private
from edge_agent.lamps.enrolment import allow_lamps, forget_lamps, register_lamps
from edge_agent.rights import (
    MOST_RIGHTS,
    OURS,
    Policy,
    certificate_rights,
    edge_rights,
    edge_trust,
    key_of,
    policy_name,
    size_of,
)
from vigie.aws.clients import configured, translated
from vigie.domain.cameras import check_name
from vigie.errors import CloudError, ConfigError, Conflict, NotFound, SetupError

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iot import IoTClient

_RIGHTS = "put-frames"
_CAMERAS = "cameras"  # the thing's attribute
_HOUR_S = 3600


class Registry:
    """The owner's account, as far as identities of agents go.

    Raises:
        CloudError: AWS refused a call.
        ConfigError: this machine's AWS settings are no good.
        SetupError: there is no region.

    """

    def __init__(self, session: "boto3.Session") -> None:
        with configured():
            region = session.region_name
            if region is None:
                raise SetupError("no AWS region is set; AWS_DEFAULT_REGION or ~/.aws/config names one")
            self._iot: IoTClient = session.client("iot")
            self._iam: IAMClient = session.client("iam")
            sts = session.client("sts")
        with translated("asking who we are"):
            caller = sts.get_caller_identity()
        self._account = caller["Account"]
        self._partition = caller["Arn"].split(":")[1]
        self._region = region

    def enrol(self, enrolment: Enrolment, folder: Path) -> Identity:
        """Register the thing with a new certificate, and write its identity folder.

        What is there already is used, the role's right to the bucket's key too, so that an agent that runs
        does not lose it; an older certificate of the thing stays valid until `revoke`. When something fails
        the folder and the certificate are removed again, so that the same call can be repeated; what else was
        made at AWS is found by it, or removed by `revoke`.

        Raises:
            ConfigError: the folder is not empty, or cannot be written; or IAM holds no rights to so many
                cameras.

        """
        rights = self._rights(enrolment) if enrolment.role_alias is None else None
        with ExitStack() as undo:
            identity = self._enrol(enrolment, rights, folder, undo)
            undo.pop_all()
        return identity

    def _rights(self, enrolment: Enrolment) -> Policy:
        """Return the rights of the role, before anything is made."""
        rights = edge_rights(
            bucket=enrolment.bucket,
            cameras=enrolment.cameras,
            partition=self._partition,
            key_arn=enrolment.key_arn or self._kept_key(enrolment),
        )
        if size_of(rights) > MOST_RIGHTS:
            raise ConfigError(
                f"rights to {len(enrolment.cameras)} cameras have {size_of(rights)} characters, IAM takes "
                f"{MOST_RIGHTS}; enroll two agents, or give shorter names"
            )
        return rights

    def _kept_key(self, enrolment: Enrolment) -> str | None:
        name = OURS + enrolment.thing
        try:
            with translated(f"looking for the rights of the role {name!r}"):
                policy = self._iam.get_role_policy(RoleName=name, PolicyName=_RIGHTS)["PolicyDocument"]
        except NotFound:
            return None
        return key_of(cast("Policy", policy), enrolment.bucket)  # boto3 has decoded it

    def _enrol(self, enrolment: Enrolment, rights: Policy | None, folder: Path, undo: ExitStack) -> Identity:
        if not folder.exists():
            undo.callback(remove_folder, folder)
        key, request = new_key(enrolment.thing)
        write_private(folder, KEY, key)  # before anything is made at AWS: a folder that cannot be written
        undo.callback((folder / KEY).unlink, missing_ok=True)
        alias = enrolment.role_alias or OURS + enrolment.thing
        if rights is not None:
            alias_arn = self._role_alias(enrolment.thing, rights)
        else:
            with translated(f"looking for the role alias {alias!r}"):
                alias_arn = self._iot.describe_role_alias(roleAlias=alias)["roleAliasDescription"][
                    "roleAliasArn"
                ]
        with translated("asking for the credential provider's address"):
            endpoint = self._iot.describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"]
        policy, use = policy_name(alias), certificate_rights(alias_arn)
        shadows = register_lamps(self._iot, enrolment.lamp_things) if enrolment.lamp_things else None
        certificate = self._certificate(enrolment, request, policy, use, undo)
        identity = Identity(
            thing=enrolment.thing,
            endpoint=endpoint,
            role_alias=alias,
            region=self._region,
            data_endpoint=shadows,
            lamp_things=enrolment.lamp_prefix,
        )
        write_private(folder, CERTIFICATE, certificate.encode())
        undo.callback((folder / CERTIFICATE).unlink, missing_ok=True)
        write_private(folder, FACTS, json.dumps(asdict(identity), indent=2).encode() + b"\n")
        return identity

    def _role_alias(self, thing: str, rights: Policy) -> str:
        name = OURS + thing
        trust = edge_trust(account=self._account, region=self._region, partition=self._partition)
        with translated(f"making the role {name!r}"):
            try:
                with translated("creating it"):
                    role = self._iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))[
                        "Role"
                    ]
            except Conflict:
                role = self._iam.get_role(RoleName=name)["Role"]
            self._iam.put_role_policy(RoleName=name, PolicyName=_RIGHTS, PolicyDocument=json.dumps(rights))
        with translated(f"making the role alias {name!r}"):
            try:
                with translated("creating it"):
                    return self._iot.create_role_alias(
                        roleAlias=name, roleArn=role["Arn"], credentialDurationSeconds=_HOUR_S
                    )["roleAliasArn"]
            except Conflict:
                return self._iot.describe_role_alias(roleAlias=name)["roleAliasDescription"]["roleAliasArn"]

    def _certificate(
        self, enrolment: Enrolment, request: str, policy: str, rights: Policy, undo: ExitStack
    ) -> str:
        thing = enrolment.thing
        attributes = {_CAMERAS: enrolment.attribute}
        with translated(f"registering the thing {thing!r}"):
            try:
                with translated("creating it"):
                    self._iot.create_thing(thingName=thing, attributePayload={"attributes": attributes})
            except Conflict:
                pass
            self._iot.update_thing(thingName=thing, attributePayload={"attributes": attributes})
            try:
                with translated("creating its policy"):
                    self._iot.create_policy(policyName=policy, policyDocument=json.dumps(rights))
            except Conflict:
                pass
            made = self._iot.create_certificate_from_csr(certificateSigningRequest=request, setAsActive=True)
            undo.callback(self._take_back, thing, made["certificateArn"])
            self._iot.attach_policy(policyName=policy, target=made["certificateArn"])
            if enrolment.lamp_things:
                allow_lamps(
                    self._iot,
                    agent_policy=OURS + thing,
                    certificate=made["certificateArn"],
                    root=f"arn:{self._partition}:iot:{self._region}:{self._account}",
                    thing=thing,
                    things=enrolment.lamp_things,
                )
            self._iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
        return made["certificatePem"]

    def revoke(self, thing: str) -> int:
        """Make every certificate of a thing worthless, and remove all that `enrol` made; return how many.

        Credentials that were bought before are worth nothing either, as soon as the role's rights are gone.

        Raises:
            NotFound: there is no such thing.

        """
        name = OURS + check_name("thing", thing)
        self._quietly(lambda: self._iam.delete_role_policy(RoleName=name, PolicyName=_RIGHTS))
        count, detached = self._revoke(thing)
        forget_lamps(self._iot, agent_policy=name, detached=detached, quietly=self._quietly)
        self._quietly(lambda: self._iot.delete_role_alias(roleAlias=name))
        self._quietly(lambda: self._iot.delete_policy(policyName=name))
        self._quietly(lambda: self._iam.delete_role(RoleName=name))
        self._quietly(lambda: self._iot.delete_thing(thingName=thing))
        return count

    def revoke_certificates(self, thing: str) -> int:
        """Make every certificate of a thing worthless, and remove it; return how many.

        Raises:
            NotFound: there is no such thing.

        """
        return self._revoke(thing)[0]

    def _revoke(self, thing: str) -> tuple[int, set[str]]:
        """Revoke a thing's certificates; return how many, and the names of the policies that they had."""
        with translated(f"looking for the thing {thing!r}"):
            principals = self._iot.list_thing_principals(thingName=thing)["principals"]
        detached: set[str] = set()
        for arn in principals:
            detached |= self._revoke_certificate(thing, arn)
        return len(principals), detached

    def _revoke_certificate(self, thing: str, arn: str) -> set[str]:
        """Make a certificate worthless and remove it; return the names of the policies that it had."""
        number, detached = arn.rpartition("/")[2], set[str]()
        with translated(f"revoking the certificate {number}"):
            self._iot.update_certificate(certificateId=number, newStatus="INACTIVE")
            for policy in self._iot.list_attached_policies(target=arn)["policies"]:
                self._iot.detach_policy(policyName=policy["policyName"], target=arn)
                detached.add(policy["policyName"])
            # Where enrolling broke off it was never attached.
            self._quietly(lambda: self._iot.detach_thing_principal(thingName=thing, principal=arn))
            self._iot.delete_certificate(certificateId=number)
        return detached

    def _take_back(self, thing: str, arn: str) -> None:
        # Whoever asked is told the first failure; a certificate whose key is gone opens nothing.
        with suppress(CloudError):
            self._revoke_certificate(thing, arn)

    def _quietly(self, remove: Callable[[], object]) -> None:
        try:
            with translated("removing what the thing had"):
                remove()
        except NotFound:
            return  # somebody was first, or it was never ours
