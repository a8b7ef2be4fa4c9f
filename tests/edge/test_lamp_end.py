"""An agent that is told to stop: its lamps' last word reaches the device, the shadow and the status."""

import json
import signal
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from edge_agent.status import read_status
from tests.edge.lamp_rig import Wled
from tests.edge.running import PATIENCE_S, Agent, wait_for
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.domain.lighting import Desired, Lease
from vigie.messages import write_desired

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

THING = "vigie-lights-yard"
SITE = {
    "cameras": [{"camera_id": "hall"}],
    "lamp_groups": [
        {
            "group_id": "yard",
            "covered_by": [{"camera": "hall"}],
            "hours": [{"begin": "00:00", "end": "00:00"}],
            "hold_s": 3600,
            "silent_after_s": 3600,
        }
    ],
}


def gives(wled: Wled, brightness: int) -> bool:
    return wled.state.get("bri") == brightness


def test_the_light_is_safe_when_the_agent_stops(
    s3: "S3Client", bucket: str, moto_url: str, tmp_path: Path
) -> None:
    s3.put_object(Bucket=bucket, Key=SITE_DOCUMENT, Body=json.dumps(SITE).encode())
    boto3.client("iot").create_thing(thingName=THING)
    shadows = boto3.client("iot-data")
    watched = Lease(None, {"hall": datetime.now(UTC) + timedelta(seconds=3000)}, "nobody is there")
    shadows.update_thing_shadow(
        thingName=THING, payload=json.dumps({"state": {"desired": write_desired(Desired(20, watched))}})
    )
    wled = Wled()
    text = (
        f'bucket = "{bucket}"\nspool = "spool"\n'
        '[[camera]]\ncamera_id = "hall"\nsource = "rtsp://127.0.0.1:9/away"\n'
        f'[[lamps]]\ngroup = "yard"\ndriver = "wled"\nurl = "{wled.url}"\n'
    )
    with Agent(tmp_path, text, moto_url) as agent:
        wait_for(partial(gives, wled, 51))
        agent.process.send_signal(signal.SIGTERM)
        agent.process.wait(PATIENCE_S)
    wled.close()
    assert wled.state == {"on": True, "bri": 178, "transition": 10}
    told = json.loads(shadows.get_thing_shadow(thingName=THING)["payload"].read())["state"]["reported"]
    assert (told["level"], told["reason"]) == (70, "the agent has stopped")
    (lamp,) = read_status(tmp_path / "status.json").lamps
    assert (lamp.level, lamp.reason) == (70, "the agent has stopped")
