"""What an agent may do at AWS, and what its certificate opens."""

import pytest

from edge_agent.rights import certificate_rights, edge_rights, edge_trust, shadow_rights


def test_an_agent_may_do_this_and_no_more() -> None:
    rights = edge_rights(bucket="vigie-data", cameras=["hall", "gate"])
    allowed = {
        (statement["Action"], resource)
        for statement in rights["Statement"]
        for resource in (
            statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        )
    }
    assert allowed == {
        ("s3:PutObject", "arn:aws:s3:::vigie-data/frames/hall/*"),
        ("s3:PutObject", "arn:aws:s3:::vigie-data/frames/gate/*"),
        ("s3:PutObject", "arn:aws:s3:::vigie-data/reports/hall/*"),
        ("s3:PutObject", "arn:aws:s3:::vigie-data/reports/gate/*"),
        ("s3:PutObject", "arn:aws:s3:::vigie-data/heartbeats/${credentials-iot:ThingName}.json"),
        ("s3:GetObject", "arn:aws:s3:::vigie-data/site/config/site.json"),
    }
    assert {statement["Effect"] for statement in rights["Statement"]} == {"Allow"}
    (trust,) = edge_trust(account="123456789012", region="eu-west-3")["Statement"]
    assert trust["Principal"] == {"Service": "credentials.iot.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    (use,) = certificate_rights("arn:aws:iot:eu-west-3:123456789012:rolealias/a")["Statement"]
    assert (use["Action"], use["Resource"]) == (
        "iot:AssumeRoleWithCertificate",
        "arn:aws:iot:eu-west-3:123456789012:rolealias/a",
    )


def test_a_device_may_follow_the_shadows_of_its_own_lamps_and_no_others() -> None:
    root = "arn:aws:iot:eu-west-3:123456789012"
    rights = shadow_rights(root=root, thing="garden", lamp_things=["vigie-lights-yard"])
    shadow = "$aws/things/vigie-lights-yard/shadow"
    assert {(s["Action"], *s["Resource"]) for s in rights["Statement"]} == {
        ("iot:Connect", f"{root}:client/garden"),
        (
            "iot:Subscribe",
            f"{root}:topicfilter/{shadow}/update/delta",
            f"{root}:topicfilter/{shadow}/get/accepted",
        ),
        ("iot:Receive", f"{root}:topic/{shadow}/update/delta", f"{root}:topic/{shadow}/get/accepted"),
        ("iot:Publish", f"{root}:topic/{shadow}/get", f"{root}:topic/{shadow}/update"),
    }
    with pytest.raises(ValueError, match=r"'vigie-lights-\*' is no name of a thing"):
        shadow_rights(root=root, thing="garden", lamp_things=["vigie-lights-*"])


@pytest.mark.parametrize("cameras", [[], ["*"], ["hall/../gate"], ["hall", "Gate"]])
def test_no_camera_id_opens_what_is_not_its_own(cameras: list[str]) -> None:
    with pytest.raises(ValueError, match=r"camera"):
        edge_rights(bucket="vigie-data", cameras=cameras)
