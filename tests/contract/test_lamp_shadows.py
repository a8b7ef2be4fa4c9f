"""What every keeper of lamp groups' shadows does."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from tests.builders import at
from tests.fake_lamps import FakeLampShadows
from vigie.aws import clients
from vigie.aws.lights import IotLampShadows
from vigie.domain.lamp_findings import LampFacts
from vigie.domain.lighting import Desired, Lease
from vigie.errors import Conflict, NotFound
from vigie.steps.lamp_ports import LampShadows

ACTIVE = Desired(100, Lease(at(60.5), {"hall": at(120), "gate": at(90)}, "person before hall"))
IDLE = Desired(20, Lease(None, {"hall": at(180)}, "nobody is there"))


@pytest.fixture
def shadows(twin: str) -> LampShadows:
    if twin == "fake":
        return FakeLampShadows()
    boto3.client("iot").create_thing(thingName="lights-yard")
    return IotLampShadows(clients.iot_data(), "lights-")


def created(shadows: LampShadows) -> None:
    with pytest.raises(Conflict):
        shadows.ask("yard", IDLE, replaces=(None, 0))


def test_what_is_asked_for_is_read_again(shadows: LampShadows) -> None:
    assert shadows.desired("yard") == (None, 0)
    created(shadows)
    for desired in (ACTIVE, IDLE, ACTIVE):
        shadows.ask("yard", desired, replaces=shadows.desired("yard"))
        found, version = shadows.desired("yard")
        assert found == desired
        assert found.lease.reason == desired.lease.reason
        assert version


def test_a_state_is_replaced_only_as_it_was_read(shadows: LampShadows) -> None:
    first = shadows.desired("yard")
    created(shadows)
    with pytest.raises(Conflict):
        shadows.ask("yard", IDLE, replaces=first)
    seen = shadows.desired("yard")
    shadows.ask("yard", ACTIVE, replaces=seen)
    with pytest.raises(Conflict):
        shadows.ask("yard", IDLE, replaces=seen)
    assert shadows.desired("yard")[0] == ACTIVE


def test_words_of_others_in_a_shadow_are_none_of_ours(twin: str, shadows: LampShadows) -> None:
    if not isinstance(shadows, IotLampShadows):
        pytest.skip("the fake holds nothing else")
    thing = {"thingName": "lights-yard"}
    iot = clients.iot_data()
    iot.update_thing_shadow(**thing, payload=json.dumps({"state": {"desired": {"level": "bright"}}}))
    found, version = shadows.desired("yard")
    assert found is None
    shadows.ask("yard", ACTIVE, replaces=(found, version))
    shadows.report("yard", {"level": 100, "reason": "person before hall"})
    assert shadows.desired("yard")[0] == ACTIVE
    assert shadows.document("yard")["state"]["reported"]["level"] == 100
    iot.update_thing_shadow(
        **thing, payload=json.dumps({"state": {"desired": {"watched": {"attic": "x", "cellar": {"a": 1}}}}})
    )
    shadows.ask("yard", IDLE, replaces=shadows.desired("yard"))
    assert shadows.desired("yard")[0] == IDLE
    assert list(shadows.document("yard")["state"]["desired"]["watched"]) == ["hall"]


def test_what_a_shadow_says_is_read_with_its_times(twin: str, shadows: LampShadows) -> None:
    if not isinstance(shadows, IotLampShadows):
        pytest.skip("nobody reports into the fake")
    assert shadows.facts("yard") == LampFacts()
    created(shadows)
    shadows.ask("yard", ACTIVE, replaces=shadows.desired("yard"))
    shadows.report("yard", {"level": 70, "reason": "no reports from hall", "error": "no power"})
    facts = shadows.facts("yard")
    assert (facts.desired, facts.level, facts.error) == (ACTIVE, 70, "no power")
    for instant in (facts.desired_at, facts.reported_at):
        assert instant is not None
        assert abs(datetime.now(UTC) - instant) < timedelta(hours=1)
    shadows.report("yard", {"level": "bright", "error": None})
    assert (shadows.facts("yard").level, shadows.facts("yard").error) == (None, None)


def test_a_group_that_is_no_thing_is_told(twin: str, shadows: LampShadows) -> None:
    if not isinstance(shadows, IotLampShadows):
        pytest.skip("the fake holds any group")
    assert shadows.desired("attic") == (None, 0)
    with pytest.raises(NotFound):
        shadows.ask("attic", IDLE, replaces=(None, 0))
