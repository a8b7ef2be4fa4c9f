"""The local chain from a report to a lamp: the real functions on moto's server, and a WLED on loopback."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import boto3

from edge_agent.lamps.drivers import HttpLamp
from edge_agent.lamps.keeper import KeptLeases, LampKeeper
from edge_agent.lamps.polling import PollingShadows
from edge_agent.lamps.worker import Lamp
from infra.local.resources import Resources, create_lamp_things
from tests.builders import seen
from tests.edge.lamp_rig import Wled
from tests.edge.running import wait_for
from vigie.aws import clients
from vigie.aws.lights import IotLampShadows
from vigie.aws.site_store import SITE_DOCUMENT
from vigie.documents import to_json
from vigie.domain.cameras import Camera
from vigie.domain.detections import Detection
from vigie.domain.frames import FrameKey
from vigie.domain.hours import Hours
from vigie.domain.instants import whole_milliseconds
from vigie.domain.lamps import LAMP_THINGS, Covering, LampGroup
from vigie.domain.reports import FrameReport, Timings, reports_key
from vigie.domain.sites import Site
from vigie.messages import write_report_lines

FULL = 255


def chain_site(groups: int) -> Site:
    """Return a site of so many cameras, each of which lights a group of its own at any hour."""
    return Site(
        cameras=tuple(Camera(f"cam-{n}") for n in range(groups)),
        rules=(),
        lamp_groups=tuple(
            LampGroup(group_id=f"lamp-{n}", covered_by=(Covering(camera=f"cam-{n}"),), hours=(Hours(),))
            for n in range(groups)
        ),
    )


@dataclass
class Chain:
    """Lamps that follow the shadows of a cloud, and reports that are sent into it."""

    resources: Resources
    lamps: Sequence[Wled]

    def light_up(self, number: int) -> float:
        """Let somebody come before a camera that has seen nobody; return the seconds from report to light."""
        wled = self.lamps[number]
        self._send(number)  # nobody: the group goes idle, and the functions are warm
        wait_for(lambda: wled.state.get("bri") == 51, seconds=30)
        reported = self._send(number, seen())
        while wled.state.get("bri") != FULL:
            assert time.monotonic() - reported < 30, "no light"
            time.sleep(0.005)
        return time.monotonic() - reported

    def _send(self, number: int, *detections: Detection) -> float:
        """Send a report, as an edge does that looks for itself."""
        now = whole_milliseconds(datetime.now(UTC))
        report = FrameReport(
            key=FrameKey(f"cam-{number}", now),
            width=640,
            height=360,
            detections=detections,
            model="yolov8n@12345678",
            timings=Timings(1.5, 0.7, 37.25, 0.4),
            reported_at=now,
            interval_s=1.0,
        )
        reported = time.monotonic()
        boto3.client("s3").put_object(
            Bucket=self.resources.bucket,
            Key=reports_key([report]),
            Body=write_report_lines([report]).encode(),
        )
        return reported


@contextmanager
def chain(resources: Resources, folder: Path, *, groups: int) -> Iterator[Chain]:
    """Put a site into a cloud whose functions run, and drive its lamps until the end of the block."""
    site, stop = chain_site(groups), threading.Event()
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=to_json(Site, site))
    create_lamp_things(site.lamp_groups)
    wleds = [Wled() for _ in range(groups)]
    keeper = LampKeeper(
        site=site,
        kept=KeptLeases(folder / "leases.json"),
        clock=lambda: datetime.now(UTC),
        ignore_motion=lambda _cameras, _until: None,
        show=lambda _: None,
        stop=stop,
    )
    bodies = []
    for wled, group in zip(wleds, site.lamp_groups, strict=True):
        lamp = Lamp(
            group.group_id,
            HttpLamp(wled.url),
            before=lambda _: None,
            show=keeper.look_again,
            redact=str,
            stop=stop,
        )
        keeper.keep(group.group_id, [lamp])
        bodies.append(lamp.run)
    shadows = PollingShadows(
        IotLampShadows(clients.iot_data(), LAMP_THINGS),
        groups=keeper.groups,
        hear=keeper.hear,
        show=lambda _: None,
        stop=stop,
    )
    keeper.speak_by(shadows)
    threads = [threading.Thread(target=body) for body in (keeper.run, shadows.run, *bodies)]
    for thread in threads:
        thread.start()
    try:
        yield Chain(resources, wleds)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        for wled in wleds:
            wled.close()
