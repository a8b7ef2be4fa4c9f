"""The lamps of one agent: the keeper of their groups, each lamp's thread, the follower of the shadows."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.identity import read_identity
from edge_agent.lamps.drivers import make_driver
from edge_agent.lamps.keeper import KeptLeases, LampKeeper
from edge_agent.lamps.mqtt_shadows import MqttShadows
from edge_agent.lamps.polling import PollingShadows, look_every_s, words_on_money
from edge_agent.lamps.worker import Lamp
from edge_agent.sessions import ca_bundle
from edge_agent.settings import Settings
from edge_agent.status import StatusBoard
from edge_agent.supervisor import CameraSupervisor
from vigie.aws.lights import IotLampShadows
from vigie.domain.lamps import LAMP_THINGS
from vigie.domain.sites import Site
from vigie.errors import SetupError

if TYPE_CHECKING:
    from mypy_boto3_iot_data import IoTDataPlaneClient

log = logging.getLogger(__name__)

_KEPT = "leases.json"


class Lamps:
    """The lamps that the settings name.

    Raises:
        SetupError: a package or a pin that a lamp needs is missing.
        ConfigError: the identity cannot be used for lamps.

    """

    def __init__(
        self,
        settings: Settings,
        *,
        site: Site | None,
        client: "IoTDataPlaneClient | None",
        supervisors: Mapping[str, CameraSupervisor],
        board: StatusBoard,
        clock: Callable[[], datetime | None],
        redact: Callable[[str], str],
        stop: threading.Event,
    ) -> None:
        def ignore(cameras: Sequence[str], until: datetime) -> None:
            for camera_id in cameras:
                if camera_id in supervisors:
                    supervisors[camera_id].ignore_motion_until(until)

        self.keeper = keeper = LampKeeper(
            site=site,
            kept=KeptLeases(settings.spool.parent / _KEPT),
            clock=clock,
            ignore_motion=ignore,
            show=board.show_lamps,
            fault=board.fault,
            stop=stop,
        )
        self._lamps = [
            Lamp(
                lamp.group,
                make_driver(lamp),
                before=partial(keeper.before_switch, lamp.group),
                show=keeper.look_again,
                redact=redact,
                stop=keeper.ended,
            )
            for lamp in settings.lamps
        ]
        for group_id in dict.fromkeys(lamp.group for lamp in settings.lamps):
            keeper.keep(group_id, [lamp for lamp in self._lamps if lamp.group_id == group_id])
        self._shadows = self._follow(settings.identity, client, board)
        keeper.speak_by(self._shadows)

    def bodies(self) -> list[Callable[[], None]]:
        """Return the bodies of their threads."""
        return [self._shadows.run, self.keeper.run, *(lamp.run for lamp in self._lamps)]

    def _follow(
        self,
        identity: Path | None,
        client: "IoTDataPlaneClient | None",
        board: StatusBoard,
    ) -> PollingShadows | MqttShadows:
        """Return who follows the shadows: by MQTT with an identity, else by asking."""
        stop = self.keeper.ended
        groups, hear, show = self.keeper.groups, self.keeper.hear, board.lamps_trouble
        if identity is not None:
            facts = read_identity(identity)
            return MqttShadows(
                facts,
                identity,
                prefix=facts.lamp_things,
                groups=groups,
                hear=hear,
                show=show,
                stop=stop,
                ca_bundle=ca_bundle(),
            )
        if client is None:
            raise SetupError("lamps need a client of AWS IoT, or an identity")
        endpoint = client.meta.endpoint_url
        if words := words_on_money(endpoint, len(groups)):
            log.warning("looking for the lamps' shadows costs money", extra={"advice": words})
        return PollingShadows(
            IotLampShadows(client, LAMP_THINGS),
            groups=groups,
            hear=hear,
            show=show,
            stop=stop,
            every_s=look_every_s(endpoint),
        )
