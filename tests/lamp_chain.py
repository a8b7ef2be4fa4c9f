"""The local chain from a report to a lamp: the real functions on moto's server, and a WLED on loopback."""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3

from edge_agent.lamps.drivers import HttpLamp
from edge_agent.lamps.keeper import KeptLeases, LampKeeper
from edge_agent.lamps.polling import PollingShadows
from edge_agent.lamps.worker import Lamp
from infra.local.resources import Resources, create_lamp_things
from tests.builders import seen
from tests.edge.lamp_rig import Wled
from tests.edge.running import PATIENCE_S
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

FULL, IDLE = 255, 51


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
    faults: Sequence[str]

    def light_up(self, number: int) -> float:
        """Let somebody come before a camera that has seen nobody; return the seconds from report to light."""
        self.send(number, {0: ()})  # nobody: the group goes idle, and the functions are warm
        self.reaches(number, IDLE)
        reported = time.monotonic()
        self.send(number, {0: (seen(),)})
        self.reaches(number, FULL, every_s=0.005)
        return time.monotonic() - reported

    def reaches(self, number: int, brightness: int, *, every_s: float = 0.05) -> None:
        """Wait until a lamp has that brightness."""
        deadline = time.monotonic() + PATIENCE_S
        while (now := self.lamps[number].state.get("bri")) != brightness:
            assert time.monotonic() < deadline, f"it gives {now} of 255, not {brightness}"
            time.sleep(every_s)

    def send(
        self, number: int, frames: Mapping[float, Sequence[Detection]], *, interval_s: float = 1.0
    ) -> None:
        """Send what a camera saw, by seconds from now, as an edge does that looks for itself."""
        now = datetime.now(UTC)
        instants = [whole_milliseconds(now + timedelta(seconds=second)) for second in frames]
        reports = [
            FrameReport(
                key=FrameKey(f"cam-{number}", instant),
                width=640,
                height=360,
                detections=tuple(detections),
                model="yolov8n@12345678",
                timings=Timings(1.5, 0.7, 37.25, 0.4),
                reported_at=instant,
                interval_s=interval_s,
            )
            for instant, detections in zip(instants, frames.values(), strict=True)
        ]
        boto3.client("s3").put_object(
            Bucket=self.resources.bucket,
            Key=reports_key(reports),
            Body=write_report_lines(reports).encode(),
        )


@contextmanager
def chain(resources: Resources, folder: Path, site: Site) -> Iterator[Chain]:
    """Put a site into a cloud whose functions run, and drive its lamps until the end of the block."""
    stop, faults = threading.Event(), list[str]()
    boto3.client("s3").put_object(Bucket=resources.bucket, Key=SITE_DOCUMENT, Body=to_json(Site, site))
    create_lamp_things(site.lamp_groups)
    wleds = [Wled() for _ in site.lamp_groups]
    keeper = LampKeeper(
        site=site,
        kept=KeptLeases(folder / "leases.json"),
        clock=lambda: datetime.now(UTC),
        ignore_motion=lambda _cameras, _until: None,
        show=lambda _: None,
        fault=lambda who, error: faults.append(f"{who}: {error}"),
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
            stop=keeper.ended,
        )
        keeper.keep(group.group_id, [lamp])
        bodies.append(lamp.run)
    shadows = PollingShadows(
        IotLampShadows(clients.iot_data(), LAMP_THINGS),
        groups=keeper.groups,
        hear=keeper.hear,
        show=lambda _: None,
        stop=keeper.ended,
    )
    keeper.speak_by(shadows)
    threads = [threading.Thread(target=body) for body in (keeper.run, shadows.run, *bodies)]
    for thread in threads:
        thread.start()
    try:
        yield Chain(resources, wleds, faults)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        for wled in wleds:
            wled.close()
