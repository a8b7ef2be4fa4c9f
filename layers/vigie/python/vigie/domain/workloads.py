"""What a bill is computed from: what is deployed, and what the cameras do. A month has 30 days."""

import math
from dataclasses import dataclass

DAYS = 30
SECONDS = DAYS * 86_400
MINUTES = SECONDS // 60
# The edge sends a picture when its heartbeat comes, whatever the gate shows: each minute at the least.
_SLOWEST_HEARTBEAT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A function that a schedule calls: memory in MB, calls a month, milliseconds a call and camera."""

    name: str
    memory_mb: int
    calls: int
    ms: float
    ms_a_camera: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is there whatever the cameras do. The defaults are those of the template, which a test compares.

    A queue is asked for messages by five of Lambda's pollers, each of which waits 20 s; `queue_key_requests`
    a month and queue follow from a data key's life of five minutes, for its sender and its receiver.
    """

    alarms: int = 43
    metrics: int = 1
    dashboards: int = 1
    budgets: int = 1
    keys: int = 1
    queues: int = 6
    detect_memory_mb: int = 1_769
    alert_memory_mb: int = 512
    compare_memory_mb: int = 512
    lights_memory_mb: int = 512
    log_days: int = 30
    tracing: bool = True
    arm64: bool = False
    scheduled: tuple[Scheduled, ...] = (
        Scheduled(name="watch_cameras", memory_mb=512, calls=MINUTES, ms=150, ms_a_camera=25),
        Scheduled(name="render_charts", memory_mb=1_769, calls=MINUTES // 15, ms=3_000, ms_a_camera=1_000),
        Scheduled(name="send_canary", memory_mb=512, calls=MINUTES // 60, ms=1_500),
    )
    polls: int = 5 * MINUTES * 3
    queue_key_requests: int = 2 * 2 * MINUTES // 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What the cameras do. `rate` is frames a second of each; the gate lets the share `passed` through.

    A gate that holds back anything lets a frame a minute through all the same, however little moves.
    A frame costs `detect_ms` of `detect_frame`, and `write_units` and `read_units` of the table.
    `frame_bytes` is what a JPEG weighs, `item_bytes` what a report and its share of a minute do. The share
    `by_rekognition` of frames is looked at by Rekognition in the model's place, the share `compared` by both.

    With `known_faces` in a collection the face of every visit is searched for. The lamps of `lamp_groups` are
    lit `lit_hours` a day, and each group is covered by `cameras_a_group`. `shadow_writes` a lit minute and
    `lamp_changes` a night are those of a group in `bench_lights`; a visit lasts `visit_s`.
    """

    cameras: int
    rate: float = 1.0
    passed: float = 1.0
    cameras_an_agent: int = 4
    frame_bytes: int = 60_000
    frame_days: int = 7
    visits_a_day: float = 100.0
    picture_days: int = 30
    detect_ms: float = 200.0
    alert_ms: float = 150.0
    batch: int = 10
    batch_window_s: float = 1.0
    write_units: float = 2.5
    read_units: float = 3.0
    item_bytes: int = 450
    report_days: int = 30
    log_bytes_a_frame: int = 400
    log_bytes_a_call: int = 300
    by_rekognition: float = 0.0
    compared: float = 0.0
    compare_ms: float = 1_500.0
    known_faces: int = 0
    search_ms: float = 600.0
    lamp_groups: int = 0
    cameras_a_group: int = 2
    lit_hours: float = 12.0
    lights_ms: float = 60.0
    shadow_writes: float = 1.1
    lamp_changes: float = 100.0
    visit_s: float = 20.0

    def __post_init__(self) -> None:
        """Refuse what no camera does.

        Raises:
            ValueError: says what is out of range.

        """
        if self.cameras < 1:
            raise ValueError(f"{self.cameras} cameras are none")
        if not (self.rate > 0 and math.isfinite(self.rate)):
            raise ValueError(f"a rate of {self.rate:g} frames a second is none")
        if not 0 < self.passed <= 1:
            raise ValueError(f"a gate lets a share above 0 and up to 1 through, not {self.passed:g}")
        if not 0 <= self.by_rekognition <= 1:
            raise ValueError(f"Rekognition looks at a share of 0 to 1, not {self.by_rekognition:g}")
        if not 0 <= self.compared <= 1:
            raise ValueError(f"a share of 0 to 1 is compared, not {self.compared:g}")
        if self.known_faces < 0:
            raise ValueError(f"{self.known_faces} known faces are none")
        if self.lamp_groups < 0:
            raise ValueError(f"{self.lamp_groups} lamp groups are none")

    @property
    def frames(self) -> float:
        """Frames that reach the bucket in a month."""
        slowest = min(self.rate, 1 / _SLOWEST_HEARTBEAT_S)
        return self.cameras * max(self.rate * self.passed, slowest) * SECONDS

    @property
    def visits(self) -> float:
        """Visits of a month."""
        return self.cameras * self.visits_a_day * DAYS

    @property
    def agents(self) -> int:
        """Edge agents, each of which watches some of the cameras."""
        return math.ceil(self.cameras / self.cameras_an_agent)

    @property
    def detect_calls(self) -> float:
        """Calls of `detect_frame` in a month: a batch is full, or its window is over."""
        arriving = self.frames / SECONDS * self.batch_window_s
        return self.frames / min(max(arriving, 1.0), self.batch)

    @property
    def compare_calls(self) -> float:
        """Frames that `compare_labels` compares in a month, each by itself."""
        return self.frames * self.compared

    @property
    def searches(self) -> float:
        """Faces that are searched for in a month."""
        return self.visits if self.known_faces else 0.0

    @property
    def lights_calls(self) -> float:
        """Reports of a month that `set_lights` hears of: those that show somebody, and a minute's first."""
        covering = min(self.cameras, self.lamp_groups * self.cameras_a_group)
        wanted = MINUTES + self.visits_a_day * DAYS * self.visit_s * self.rate
        return covering * min(wanted, self.frames / self.cameras)

    @property
    def lit_minutes(self) -> float:
        """Minutes of a month in which groups are lit, of all groups."""
        return self.lamp_groups * self.lit_hours * 60 * DAYS
