"""What the system consists of, as plain data: CDK builds it on AWS, and `infra.local` runs it on one machine.

Names are short and without a stage; whoever builds from the catalog adds its own prefix. A function's
environment names, for each setting of its class in `vigie.settings`, the resource that gives the value.
"""

from datetime import timedelta

from infra.parts import Bucket, Catalog, DeadLetters, Function, Queue, Subscription, Table, Topic, Wire
from vigie.domain.cameras import CANARY
from vigie.domain.comparison import REVIEW_PREFIX
from vigie.domain.frames import FRAMES_PREFIX
from vigie.domain.health import CANARY_FRAMES
from vigie.domain.notices import NoticeKind
from vigie.domain.pictures import FACES_PREFIX, PICTURES_PREFIX
from vigie.domain.reports import REPORTS_PREFIX
from vigie.messages import COMPARE, KIND, LIGHTS, VISITS_CHANGED

# Where the layer `model` puts the detector's file.
MODEL_ON_LAMBDA = "/opt/model/detector.onnx"
# And the file that finds faces, where the layer was built with one.
FACE_MODEL_ON_LAMBDA = "/opt/model/face.onnx"
MODEL_LAYER = "model"

_REPORTS = Table(name="reports")
_DATA = Bucket(
    name="data",
    notifies="frames",
    prefix=FRAMES_PREFIX,
    suffix=".jpg",
    expires=(
        (FACES_PREFIX, timedelta(days=1)),
        (PICTURES_PREFIX, timedelta(days=30)),
        (CANARY_FRAMES, timedelta(days=1)),
        (f"{PICTURES_PREFIX}{CANARY}/", timedelta(days=1)),
        (REPORTS_PREFIX, timedelta(days=7)),
        (REVIEW_PREFIX, timedelta(days=90)),
    ),
    others=(Wire(queue="local-reports", prefix=REPORTS_PREFIX, suffix=".jsonl"),),
)
_REPORTS_TOPIC = Topic(name="reports")
_ALERTS_TOPIC = Topic(name="alerts")

CATALOG = Catalog(
    table=_REPORTS,
    bucket=_DATA,
    topics=(_REPORTS_TOPIC, _ALERTS_TOPIC),
    people_topic="alerts",
    people_filter={KIND: [{"anything-but": [NoticeKind.CANARY.value]}]},
    queues=(
        Queue(name="frames"),
        Queue(name="alerts"),
        Queue(name="canary"),
        Queue(name="local-reports"),
        Queue(name="lights", prompt=True),  # somebody walks in the dark meanwhile
        Queue(name="compare"),
    ),
    subscriptions=(
        Subscription(
            topic="reports", queue="alerts", filter_policy={VISITS_CHANGED: [{"numeric": ["=", 1]}]}
        ),
        Subscription(topic="reports", queue="compare", filter_policy={COMPARE: [{"numeric": ["=", 1]}]}),
        Subscription(topic="alerts", queue="canary", filter_policy={KIND: [NoticeKind.CANARY.value]}),
        Subscription(topic="reports", queue="lights", filter_policy={LIGHTS: [{"numeric": ["=", 1]}]}),
    ),
    functions=(
        Function(
            name="detect_frame",
            layers=("runtime", "vision", "vigie", MODEL_LAYER),
            memory_mb=1769,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA, "table": _REPORTS, "reports_topic": _REPORTS_TOPIC},
            settings={"model": MODEL_ON_LAMBDA, "threads": "1"},
            queue="frames",
            batch_size=10,
            at_once=None,
        ),
        Function(
            name="store_reports",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA, "table": _REPORTS, "reports_topic": _REPORTS_TOPIC},
            queue="local-reports",
            batch_size=10,
        ),
        Function(
            name="send_alert",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=15),
            environment={"bucket": _DATA, "table": _REPORTS, "alerts_topic": _ALERTS_TOPIC},
            queue="alerts",
            batch_size=10,
        ),
        Function(
            name="compare_labels",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=60),
            environment={"bucket": _DATA, "table": _REPORTS},
            queue="compare",
            batch_size=1,  # a look takes a second or two, and only one that failed should come again
        ),
        Function(
            name="render_charts",
            layers=("runtime", "charts", "vigie"),
            memory_mb=1769,
            timeout=timedelta(minutes=2),
            environment={"bucket": _DATA, "table": _REPORTS},
            every=timedelta(minutes=15),
        ),
        Function(
            name="watch_cameras",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=45),  # less than the lease of a notice, and than the interval
            environment={
                "bucket": _DATA,
                "table": _REPORTS,
                "alerts_topic": _ALERTS_TOPIC,
                "dead_letters": DeadLetters(),
            },
            every=timedelta(minutes=1),
            log_level="INFO",  # the line that says how many cameras are dark, whatever else is logged
        ),
        Function(
            name="send_canary",
            layers=("runtime", "vision", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=30),
            environment={"bucket": _DATA},
            every=timedelta(hours=1),
        ),
        Function(
            name="record_proof",
            layers=("runtime", "vigie"),
            memory_mb=256,
            timeout=timedelta(seconds=15),
            environment={"table": _REPORTS},
            queue="canary",
            batch_size=10,
        ),
        Function(
            name="set_lights",
            layers=("runtime", "vigie"),
            memory_mb=512,
            timeout=timedelta(seconds=15),
            environment={"bucket": _DATA, "table": _REPORTS},
            queue="lights",
            batch_size=10,
        ),
    ),
)
