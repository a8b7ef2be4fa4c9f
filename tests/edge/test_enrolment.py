"""Enrolment at moto's IoT and IAM, and the rights that it gives."""

import json
import os
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import edge_agent.enrolment
from edge_agent.enrolment import Registry
from edge_agent.enrolment_form import Enrolment
from edge_agent.identity import CERTIFICATE, FACTS, KEY, read_identity
from edge_agent.rights import certificate_rights, edge_rights
from vigie.errors import ConfigError, Unavailable

ENCRYPTED = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000"


def named(cameras: Iterable[str]) -> list[str]:
    return [word for camera in cameras for word in ("--camera", camera)]


def test_who_drives_lamps_gets_their_things_and_a_policy_that_goes_with_it(tmp_path: Path, aws: None) -> None:
    thing, iot = f"garden-{uuid.uuid4().hex[:6]}", boto3.client("iot")
    asked = ["--thing", thing, "--camera", "hall", "--bucket", "vigie-data", "--lamps", "yard"]
    for folder in ("first", "second"):  # what is there already is used
        done = enroll(*asked, "--lamp-things", f"{thing}-lights-", "--out", folder, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    identity = read_identity(tmp_path / "second")
    assert identity.lamp_things == f"{thing}-lights-"
    assert identity.data_endpoint
    assert "-ats.iot." in identity.data_endpoint
    assert iot.describe_thing(thingName=f"{thing}-lights-yard")
    principals = iot.list_thing_principals(thingName=thing)["principals"]
    policies = [p["policyName"] for p in iot.list_attached_policies(target=principals[0])["policies"]]
    (lamps,) = [name for name in policies if name.startswith(f"vigie-edge-{thing}-lamps-")]
    assert sorted(iot.list_targets_for_policy(policyName=lamps)["targets"]) == sorted(principals)
    document = json.loads(iot.get_policy(policyName=lamps)["policyDocument"])
    assert f"topic/$aws/things/{thing}-lights-yard/shadow/get" in json.dumps(document)
    assert enroll("--thing", thing, "--revoke", cwd=tmp_path).returncode == 0
    assert lamps not in [policy["policyName"] for policy in iot.list_policies()["policies"]]
    wrong = enroll(*asked[:-1], "*", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.startswith("lamp group '*' must be 1 to 32")) == (2, True)


def enroll(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return agent("enroll", *arguments, cwd=cwd)


def agent(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge_agent", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False
    )


def test_enrol_and_revoke(tmp_path: Path, aws: None) -> None:
    thing = f"garden-{uuid.uuid4().hex[:6]}"
    name = f"vigie-edge-{thing}"
    asked = ["--thing", thing, "--camera", "hall", "--camera", "gate", "--bucket", "vigie-data"]
    done = enroll(*asked, "--out", "identity", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    folder = tmp_path / "identity"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == dict.fromkeys(
        ("device.key", "device.pem", "identity.json"), 0o600
    )
    identity = read_identity(folder)
    assert (identity.thing, identity.role_alias, identity.region) == (thing, name, "eu-central-1")
    assert identity.endpoint.endswith("credentials.iot.eu-central-1.amazonaws.com")
    key = serialization.load_pem_private_key((folder / KEY).read_bytes(), None)
    assert "PRIVATE" not in done.stdout + (folder / CERTIFICATE).read_text()
    assert key.public_key()
    x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())

    iot, iam = boto3.client("iot"), boto3.client("iam")
    assert iot.describe_thing(thingName=thing)["attributes"] == {"cameras": "hall,gate"}
    rights = iam.get_role_policy(RoleName=name, PolicyName="put-frames")["PolicyDocument"]
    assert rights == edge_rights(bucket="vigie-data", cameras=["hall", "gate"])
    alias = iot.describe_role_alias(roleAlias=name)["roleAliasDescription"]
    assert alias["roleArn"] == iam.get_role(RoleName=name)["Role"]["Arn"]
    policy = json.loads(iot.get_policy(policyName=name)["policyDocument"])
    assert policy == certificate_rights(alias["roleAliasArn"])
    (principal,) = iot.list_thing_principals(thingName=thing)["principals"]
    assert iot.list_targets_for_policy(policyName=name)["targets"] == [principal]

    again = enroll(*asked, "--out", "identity", cwd=tmp_path)
    assert (again.returncode, again.stderr) == (
        2,
        "identity holds an identity already; name another folder with --out\n",
    )
    fewer = ["--thing", thing, "--camera", "hall", "--bucket", "vigie-data", "--key"]
    wrong = enroll(*fewer, "*", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr.partition(" such as")[0]) == (2, "key '*' is no ARN")
    more = enroll(*fewer, ENCRYPTED, cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert (tmp_path / f"identity-{thing}" / KEY).exists()
    assert iot.describe_thing(thingName=thing)["attributes"] == {"cameras": "hall"}
    narrowed = iam.get_role_policy(RoleName=name, PolicyName="put-frames")["PolicyDocument"]
    assert narrowed == edge_rights(bucket="vigie-data", cameras=["hall"], key_arn=ENCRYPTED)
    assert narrowed["Statement"][-1]["Resource"] == ENCRYPTED

    revoked = enroll("--thing", thing, "--revoke", cwd=tmp_path)
    assert revoked.stdout == f"'{thing}' and its 2 certificates are revoked and removed.\n"
    assert principal not in [known["certificateArn"] for known in iot.list_certificates()["certificates"]]
    assert name not in iot.list_role_aliases()["roleAliases"]
    assert name not in [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert thing not in [it["thingName"] for it in iot.list_things()["things"]]
    gone = enroll("--thing", thing, "--revoke", cwd=tmp_path)
    assert gone.returncode == 2
    assert len(gone.stderr.splitlines()) == 1


def test_an_alias_of_the_owners_own_is_used_and_left(tmp_path: Path, aws: None) -> None:
    iot, iam = boto3.client("iot"), boto3.client("iam")
    alias = f"all-{uuid.uuid4().hex[:6]}"
    role = iam.create_role(RoleName=alias, AssumeRolePolicyDocument="{}")["Role"]
    iot.create_role_alias(roleAlias=alias, roleArn=role["Arn"])
    asked = ["--thing", "shed", "--camera", "yard", "--bucket", "b-1", "--role-alias", alias]
    done = enroll(*asked, "--out", "shed", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert read_identity(tmp_path / "shed").role_alias == alias
    assert "vigie-edge-shed" not in [role["RoleName"] for role in iam.list_roles()["Roles"]]
    assert enroll("--thing", "shed", "--revoke", cwd=tmp_path).returncode == 0
    assert alias in iot.list_role_aliases()["roleAliases"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--thing", "shed"], "enroll needs --bucket, and a --camera for each camera"),
        (["--thing", "The Shed", "--camera", "a", "--bucket", "b-1"], "thing 'The Shed' must be 1 to 32 of"),
        (["--thing", "shed", "--camera", "*", "--bucket", "b-1"], "camera_id '*' must be 1 to 32 of"),
        (["--thing", "shed", "--camera", "a", "--bucket", "my*"], "bucket 'my*' is no name of an S3 bucket"),
        (["--thing", "shed", "--camera", "a", "--bucket", "b-1", "--role-alias", "no"], "role alias 'no'"),
        (
            ["--thing", "shed", "--camera", "a", "--bucket", "b-1", "--role-alias", "no", "--key", ENCRYPTED],
            "leave one of the two out",
        ),
        (
            ["--thing", "shed", "--bucket", "b-1", *named(f"camera-with-a-long-name-{n}" for n in range(40))],
            "a thing keeps 800 characters of them, with commas, and these are 1069",
        ),
        (
            ["--thing", "shed", "--bucket", "b" * 63, *named(f"c{n}" for n in range(100))],
            "rights to 100 cameras have ",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence(tmp_path: Path, aws: None, arguments: list[str], words: str) -> None:
    done = enroll(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr
    assert list(tmp_path.iterdir()) == []
    roles = boto3.client("iam").list_roles()["Roles"]
    assert "vigie-edge-shed" not in [role["RoleName"] for role in roles]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"AWS_DEFAULT_REGION": "bad region!"}, "bad region!"),
        ({"AWS_PROFILE": "nope"}, "nope"),
        ({"AWS_ENDPOINT_URL": "foo"}, "foo"),
        ({"AWS_CONFIG_FILE": "broken"}, "broken"),
    ],
)
@pytest.mark.parametrize("command", ["enroll", "run"])
def test_bad_settings_of_aws_are_one_sentence(
    tmp_path: Path,
    aws: None,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    words: str,
    command: str,
) -> None:
    (tmp_path / "broken").write_text("[default\nregion")
    config = tmp_path / "cameras.toml"
    config.write_text('bucket = "vigie-data"\n[[camera]]\ncamera_id = "hall"\nsource = "hall.mp4"\n')
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    arguments = {
        "enroll": ["enroll", "--thing", "shed", "--camera", "a", "--bucket", "b-1"],
        "run": ["run", "--config", str(config)],
    }
    done = agent(*arguments[command], cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("the AWS settings (AWS_..., ~/.aws) are no good: ")
    assert words in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "cameras.toml"]


def test_to_enrol_again_without_the_key_takes_it_from_nobody(tmp_path: Path, aws: None) -> None:
    thing = f"yard-{uuid.uuid4().hex[:6]}"
    registry, iam = Registry(boto3.Session()), boto3.client("iam")

    def rights_after(number: int, bucket: str, key_arn: str | None) -> object:
        asked = Enrolment(thing=thing, cameras=("hall",), bucket=bucket, key_arn=key_arn)
        registry.enrol(asked, tmp_path / str(number))
        name = f"vigie-edge-{thing}"
        return iam.get_role_policy(RoleName=name, PolicyName="put-frames")["PolicyDocument"]

    kept = edge_rights(bucket="vigie-data", cameras=["hall"], key_arn=ENCRYPTED)
    assert rights_after(1, "vigie-data", ENCRYPTED) == kept
    assert rights_after(2, "vigie-data", None) == kept
    # The key was the other bucket's.
    assert rights_after(3, "vigie-other", None) == edge_rights(bucket="vigie-other", cameras=["hall"])


def test_an_enrolment_that_failed_can_be_repeated(
    tmp_path: Path, aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    thing = f"barn-{uuid.uuid4().hex[:6]}"
    asked = Enrolment(thing=thing, cameras=("hall",), bucket="vigie-data")
    registry, folder, iot = Registry(boto3.Session()), tmp_path / "identity", boto3.client("iot")
    before = [known["certificateArn"] for known in iot.list_certificates()["certificates"]]

    def broken(*_: object, **__: object) -> None:
        raise Unavailable("the line broke")

    for owner, name in (
        (registry._iot, "describe_endpoint"),
        (registry._iot, "attach_thing_principal"),
        (edge_agent.enrolment, "asdict"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, broken)
            with pytest.raises(Unavailable, match="the line broke"):
                registry.enrol(asked, folder)
        assert not folder.exists()
        assert [known["certificateArn"] for known in iot.list_certificates()["certificates"]] == before
    registry.enrol(asked, folder)
    assert read_identity(folder).thing == thing
    # Nor does a failure take away what others left in the folder.
    (folder / KEY).unlink()
    with pytest.raises(ConfigError, match="holds an identity already"):
        registry.enrol(asked, folder)
    assert sorted(path.name for path in folder.iterdir()) == [CERTIFICATE, FACTS]


def test_an_empty_region_counts_as_none(tmp_path: Path, aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    done = enroll("--thing", "shed", "--camera", "a", "--bucket", "b-1", cwd=tmp_path)
    assert done.stderr == "no AWS region is set; AWS_DEFAULT_REGION or ~/.aws/config names one\n"
