"""What each function weighs and how fast it starts, from its zips under AWS's runtime client.

Run it as `python tests/benchmarks/bench_artefacts.py [--starts 3]`; it prints a table, and writes
build/bench/artefacts.json. A function is started `--starts` times with files that the disk's cache holds; the
quickest start counts, by the clock and by the processor's seconds of its process.
"""

import argparse
import json
import os
import platform as machine
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from infra.catalog import CATALOG  # noqa: E402
from infra.local.cloud import local_cloud  # noqa: E402
from infra.local.resources import create  # noqa: E402
from infra.parts import Function  # noqa: E402
from layers.build import build  # noqa: E402
from layers.limits import LIMIT, Artefact, loaded  # noqa: E402
from layers.platforms import Interpreter, Platform, nearest_interpreter  # noqa: E402
from tests.artefacts.isolation import Walls, Watch, walls_stand  # noqa: E402
from tests.artefacts.running import (  # noqa: E402
    Unpacked,
    cloud_environ,
    lambda_environ,
    native,
    running,
    unpack,
)
from tests.artefacts.triggers import Triggers  # noqa: E402

PHOTOGRAPH = CHECKOUT.parent / "shared" / "data" / "coco-val-128" / "images" / "000000001000.jpg"
OUT = CHECKOUT / "build" / "bench" / "artefacts.json"
_ARTEFACTS = CHECKOUT / "build" / "bench" / "zips"
_IMPORT = "import time; b = time.perf_counter(); import handler; print(time.perf_counter() - b)"
_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Figures:
    """One start of a function: seconds, and bytes of its memory's peak after the tenth event."""

    import_s: float
    init_s: float
    init_cpu_s: float
    first_s: float
    first_cpu_s: float
    tenth_s: float
    tenth_cpu_s: float
    peak: int


def main() -> int:
    """Measure every function; 1 when one is over Lambda's limit less 10 MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="names of functions; default: all")
    given = parser.parse_args()
    if not PHOTOGRAPH.is_file():
        sys.stderr.write(f"the benchmark of artefacts needs {PHOTOGRAPH}\n")
        return 2
    interpreter = nearest_interpreter()
    target = Platform(architecture=native(machine.machine()), python=interpreter.version.rpartition(".")[0])
    made = build(target, environ=os.environ, out=_ARTEFACTS)
    functions = [each for each in CATALOG.functions if not given.only or each.name in given.only]
    result = {each.name: measure(each, made, target, interpreter, starts=given.starts) for each in functions}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"python": interpreter.version, **result}, indent=2) + "\n", encoding="utf-8")
    show(result)
    return int(any(figures["unzipped"] > LIMIT - 10_000_000 for figures in result.values()))


def measure(
    function: Function,
    made: dict[str, Artefact],
    target: Platform,
    interpreter: Interpreter,
    *,
    starts: int,
) -> dict[str, float]:
    """Return a function's sizes and the best of its figures."""
    folders = unpack(function, _ARTEFACTS / target.architecture, target, interpreter)
    with tempfile.TemporaryDirectory() as name:
        found = [start(function, folders, interpreter, words=Path(name)) for _ in range(starts)]
    quickest = {key: min(asdict(each)[key] for each in found) for key in asdict(found[0])}
    zips = [made[name] for name in loaded(function)]
    return {
        "zipped": sum(each.zipped for each in zips),
        "unzipped": sum(each.unzipped for each in zips),
        **quickest,
    }


def start(function: Function, folders: Unpacked, interpreter: Interpreter, *, words: Path) -> Figures:
    """Start a function once, on a cloud of its own, and give it ten events."""
    with (words / "moto").open("a", encoding="utf-8") as log, local_cloud(log):
        resources = create(CATALOG, prefix="bench")
        triggers = Triggers(resources, PHOTOGRAPH.read_bytes())
        environ = cloud_environ(function, resources, folders)
        imported = subprocess.run(
            [interpreter.program, "-S", "-s", "-c", _IMPORT],
            env=lambda_environ(function, folders) | environ,
            cwd=folders.task,
            capture_output=True,
            text=True,
            check=True,
        )
        with running(
            function,
            folders,
            interpreter,
            environ,
            isolation=Walls() if walls_stand() else Watch(),
            words=words / "function",
        ) as made:
            init_cpu_s = made.cpu_s()
            answers = []
            for number in range(_EVENTS):
                event = triggers.event(function, number)
                before = made.cpu_s()
                answers.append((made.invoke(event), made.cpu_s() - before))
            if failed := [answer.value for answer, _ in answers if answer.failed]:
                raise SystemExit(f"{function.name} failed: {failed[0]}")
            return Figures(
                import_s=float(imported.stdout),
                init_s=made.init_s,
                init_cpu_s=init_cpu_s,
                first_s=answers[0][0].seconds,
                first_cpu_s=answers[0][1],
                tenth_s=answers[-1][0].seconds,
                tenth_cpu_s=answers[-1][1],
                peak=made.peak_bytes(),
            )


def show(result: dict[str, dict[str, float]]) -> None:
    """Print the table."""
    row = "{:15}{:>9}{:>10}{:>9}{:>8}{:>8}{:>8}{:>10}{:>8}{:>8}{:>9}\n"
    heads = (
        "MB zipped",
        "unzipped",
        "import s",
        "init",
        "its CPU",
        "first",
        "its CPU",
        "tenth",
        "its CPU",
        "peak MB",
    )
    sys.stdout.write(row.format("", *heads))
    for name, each in result.items():
        sizes = (f"{each[key] / 1e6:.1f}" for key in ("zipped", "unzipped"))
        keys = ("import_s", "init_s", "init_cpu_s", "first_s", "first_cpu_s", "tenth_s", "tenth_cpu_s")
        times = (f"{each[key]:.3f}" for key in keys)
        sys.stdout.write(row.format(name, *sizes, *times, f"{each['peak'] / 1e6:.0f}"))


if __name__ == "__main__":
    sys.exit(main())
