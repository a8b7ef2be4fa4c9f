"""`python -m edge_agent enroll`: gives an agent an identity, or takes it away; run by the site's owner.

The owner's credentials are boto3's own. For a thing `garden` it makes, or finds, all of one name,
`vigie-edge-garden`: a role with `rights.edge_rights`, a role alias for it, and the policy that lets the
device's certificate use that alias and nothing else. The private key is made here, and leaves with the folder
alone.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.identity import CERTIFICATE, FACTS, KEY, Identity
from edge_agent.rights import Policy, certificate_rights, edge_rights, edge_trust
from edge_agent.settings import BUCKET_NAME
from vigie.aws.clients import translated
from vigie.domain.cameras import check_camera_id, check_name
from vigie.errors import CloudError, ConfigError, Conflict, NotFound, SetupError

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_iot import IoTClient

_OURS = "vigie-edge-"
_RIGHTS = "put-frames"
_CAMERAS = "cameras"  # the thing's attribute
_HOUR_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Whom to enrol: the thing, its cameras, the data bucket; `role_alias` when the owner has one already."""

    thing: str
    cameras: tuple[str, ...]
    bucket: str
    role_alias: str | None = None

    def __post_init__(self) -> None:
        check_name("thing", self.thing)
        if not BUCKET_NAME.fullmatch(self.bucket):  # a '*' would open other buckets
            raise ValueError(
                f"bucket {self.bucket!r} is no name of an S3 bucket: 3 to 63 of a-z, 0-9, '.', '-'"
            )
        for camera in self.cameras:
            check_camera_id(camera)


class Registry:
    """The owner's account, as far as identities of agents go.

    Raises:
        CloudError: AWS refused a call.
        SetupError: there is no region.

    """

    def __init__(self, session: "boto3.Session") -> None:
        if session.region_name is None:
            raise SetupError("no AWS region is set; AWS_DEFAULT_REGION or ~/.aws/config names one")
        self._iot: IoTClient = session.client("iot")
        self._iam: IAMClient = session.client("iam")
        with translated("asking who we are"):
            caller = session.client("sts").get_caller_identity()
        self._account = caller["Account"]
        self._partition = caller["Arn"].split(":")[1]
        self._region = session.region_name

    def enrol(self, enrolment: Enrolment, folder: Path) -> Identity:
        """Register the thing with a new certificate, and write its identity folder.

        What is there already is used; an older certificate of the thing stays valid until `revoke`. When
        something fails the folder and the certificate are removed again, so that the same call can be
        repeated; what else was made at AWS is found by it, or removed by `revoke`.

        Raises:
            ConfigError: the folder is not empty, or cannot be written.

        """
        with ExitStack() as undo:
            identity = self._enrol(enrolment, folder, undo)
            undo.pop_all()
        return identity

    def _enrol(self, enrolment: Enrolment, folder: Path, undo: ExitStack) -> Identity:
        if not folder.exists():
            undo.callback(_remove_folder, folder)
        key, request = new_key(enrolment.thing)
        write_private(folder, KEY, key)  # before anything is made at AWS: a folder that cannot be written
        undo.callback((folder / KEY).unlink, missing_ok=True)
        alias = enrolment.role_alias or _OURS + enrolment.thing
        if enrolment.role_alias is None:
            alias_arn = self._role_alias(enrolment)
        else:
            with translated(f"looking for the role alias {alias!r}"):
                alias_arn = self._iot.describe_role_alias(roleAlias=alias)["roleAliasDescription"][
                    "roleAliasArn"
                ]
        with translated("asking for the credential provider's address"):
            endpoint = self._iot.describe_endpoint(endpointType="iot:CredentialProvider")["endpointAddress"]
        policy = alias if enrolment.role_alias is None else _OURS + alias
        certificate = self._certificate(enrolment, request, policy, certificate_rights(alias_arn), undo)
        identity = Identity(thing=enrolment.thing, endpoint=endpoint, role_alias=alias, region=self._region)
        write_private(folder, CERTIFICATE, certificate.encode())
        undo.callback((folder / CERTIFICATE).unlink, missing_ok=True)
        write_private(folder, FACTS, json.dumps(asdict(identity), indent=2).encode() + b"\n")
        return identity

    def _role_alias(self, enrolment: Enrolment) -> str:
        name = _OURS + enrolment.thing
        trust = edge_trust(account=self._account, region=self._region, partition=self._partition)
        rights = edge_rights(bucket=enrolment.bucket, cameras=enrolment.cameras, partition=self._partition)
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
        attributes = {_CAMERAS: ",".join(enrolment.cameras)}
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
            self._iot.attach_thing_principal(thingName=thing, principal=made["certificateArn"])
        return made["certificatePem"]

    def revoke(self, thing: str) -> int:
        """Make every certificate of a thing worthless, and remove all that `enrol` made; return how many.

        Credentials that were bought before are worth nothing either, as soon as the role's rights are gone.

        Raises:
            NotFound: there is no such thing.

        """
        name = _OURS + check_name("thing", thing)
        with translated(f"looking for the thing {thing!r}"):
            principals = self._iot.list_thing_principals(thingName=thing)["principals"]
        self._quietly(lambda: self._iam.delete_role_policy(RoleName=name, PolicyName=_RIGHTS))
        for arn in principals:
            self._revoke_certificate(thing, arn)
        self._quietly(lambda: self._iot.delete_role_alias(roleAlias=name))
        self._quietly(lambda: self._iot.delete_policy(policyName=name))
        self._quietly(lambda: self._iam.delete_role(RoleName=name))
        self._quietly(lambda: self._iot.delete_thing(thingName=thing))
        return len(principals)

    def _revoke_certificate(self, thing: str, arn: str) -> None:
        number = arn.rpartition("/")[2]
        with translated(f"revoking the certificate {number}"):
            self._iot.update_certificate(certificateId=number, newStatus="INACTIVE")
            for policy in self._iot.list_attached_policies(target=arn)["policies"]:
                self._iot.detach_policy(policyName=policy["policyName"], target=arn)
            # Where enrolling broke off it was never attached.
            self._quietly(lambda: self._iot.detach_thing_principal(thingName=thing, principal=arn))
            self._iot.delete_certificate(certificateId=number)

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


def _remove_folder(folder: Path) -> None:
    with suppress(OSError):  # it holds something that is not ours
        folder.rmdir()


def new_key(thing: str) -> tuple[bytes, str]:
    """Make a private key (ECDSA, P-256) and a request for its certificate, both as PEM.

    Raises:
        SetupError: the package cryptography is missing.

    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise SetupError("enroll needs the package cryptography: pip install 'vigie[enroll]'") from error
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, thing)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private, request.public_bytes(serialization.Encoding.PEM).decode()


def write_private(folder: Path, name: str, content: bytes) -> None:
    """Write a file that only its owner may read, into a folder that only its owner may enter.

    Raises:
        ConfigError: it is there already, or cannot be written.

    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / name
        path.touch(mode=0o600, exist_ok=False)
        try:
            path.write_bytes(content)
        except OSError:
            path.unlink()
            raise
    except FileExistsError as error:
        raise ConfigError(f"{folder} holds an identity already; name another folder with --out") from error
    except OSError as error:
        raise ConfigError(f"{folder / name} cannot be written: {error.strerror}") from error


def enrol(thing: str, *, cameras: Sequence[str], bucket: str, role_alias: str | None, folder: Path) -> str:
    """Carry out the command; return what to tell the owner.

    Raises:
        ConfigError: a name breaks its pattern, or the folder is not free.
        CloudError: AWS refused a call.

    """
    import boto3

    try:
        enrolment = Enrolment(thing=thing, cameras=tuple(cameras), bucket=bucket, role_alias=role_alias)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    identity = Registry(boto3.Session()).enrol(enrolment, folder)
    return (
        f"{folder} is the identity of {thing!r}, with the role alias {identity.role_alias!r}.\n"
        f"Bring it to the agent as /etc/vigie/identity, and delete it here: whoever has {KEY} is {thing!r}.\n"
    )


def revoke(thing: str) -> str:
    """Carry out the command; return what to tell the owner."""
    import boto3

    try:
        count = Registry(boto3.Session()).revoke(thing)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return f"{thing!r} and its {count} certificates are revoked and removed.\n"
