"""What a month costs: the arithmetic by hand, the command, and the figures that the documents print."""

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from infra.catalog import CATALOG
from vigie.__main__ import main
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.bill_lines import Line, largest, total
from vigie.domain.costs import monthly_bill
from vigie.domain.prices import Price, Prices, Tier, Tiered
from vigie.domain.workloads import DAYS, MINUTES, Deployment, Workload

ROOT = Path(__file__).parents[2]
PRICES = read_toml(Prices, PRICE_LIST)


def bill(cameras: int = 1, *, passed: float = 1.0, deployment: Deployment | None = None) -> dict[str, Line]:
    lines = monthly_bill(Workload(cameras=cameras, passed=passed), deployment or Deployment(), PRICES)
    return {f"{line.service}: {line.what}": line for line in lines}


def test_one_camera_at_a_frame_a_second_by_hand() -> None:
    lines = bill()
    frames = 30 * 86_400  # 2,592,000
    assert lines["S3: frames put"].usd == pytest.approx(12.96)
    assert lines["Lambda: frames looked at"].usd == pytest.approx(
        frames * 0.2 * 1769 / 1024 * 0.0000166667, rel=1e-6
    )
    assert lines["DynamoDB: reports and minutes"].usd == pytest.approx((frames * 2.5 + 6_000) * 0.705e-6)
    assert lines["SNS: reports and alerts told"].usd == pytest.approx((frames + 3_000) * 0.5e-6)
    assert lines["SQS: Lambda asking empty queues"].amount == len(CATALOG.queues) * 5 * 3 * MINUTES
    assert lines["S3: pictures kept"].amount == pytest.approx((frames * 7 / 30 + 6_000) * 60_000 / 1e9)
    # Calls: each frame is a batch of its own, beside alerts and schedules; each is traced.
    assert lines["X-Ray: traces"].amount == pytest.approx(frames + MINUTES + MINUTES / 15 + MINUTES / 60)


def test_what_a_frame_costs_follows_the_gate_and_what_is_there_does_not() -> None:
    gated, open_gate = bill(10, passed=0.05), bill(10)
    assert gated["S3: frames put"].usd == pytest.approx(open_gate["S3: frames put"].usd / 20)
    for fixed in ("CloudWatch: alarms", "KMS: keys", "SQS: Lambda asking empty queues", "Scheduler: calls"):
        assert gated[fixed].usd == bill(100)[fixed].usd > 0
    assert bill(100)["S3: frames put"].usd == pytest.approx(100 * bill(1)["S3: frames put"].usd)


def test_a_gate_that_is_not_open_lets_a_frame_a_minute_through_and_no_camera_sends_more_than_it_takes() -> (
    None
):
    assert Workload(cameras=3, rate=5.0, passed=0.001).frames == pytest.approx(3 * MINUTES)
    assert Workload(cameras=1, rate=0.2, passed=0.1).frames == pytest.approx(0.02 * 30 * 86_400)
    assert Workload(cameras=1, rate=0.01, passed=0.1).frames == pytest.approx(0.01 * 30 * 86_400)


def test_full_batches_make_fewer_calls_and_the_rest_of_a_second_is_traced_in_part() -> None:
    many = Workload(cameras=100)
    assert many.detect_calls == pytest.approx(many.frames / 10)
    one_second = 30 * 86_400
    assert bill(100)["X-Ray: traces"].amount == pytest.approx(
        one_second + 9 * one_second * 0.05 + MINUTES * (1 + 1 / 15 + 1 / 60)
    )
    assert Workload(cameras=1).agents == 1
    assert Workload(cameras=9).agents == 3


def test_tracing_and_arm64_are_choices() -> None:
    plain, other = bill(), bill(deployment=Deployment(tracing=False, arm64=True))
    assert "X-Ray: traces" not in other
    ratio = other["Lambda: frames looked at"].usd / plain["Lambda: frames looked at"].usd
    assert ratio == pytest.approx(0.8, abs=0.001)


def extras_of(work: Workload) -> dict[str, Line]:
    """The lines that a bill has beside those of a site that has switched nothing on."""
    plain = {(line.service, line.what) for line in monthly_bill(Workload(cameras=1), Deployment(), PRICES)}
    lines = monthly_bill(work, Deployment(), PRICES)
    return {f"{e.service}: {e.what}": e for e in lines if (e.service, e.what) not in plain}


def test_what_nobody_has_switched_on_is_not_on_the_bill() -> None:
    assert extras_of(Workload(cameras=10)) == {}


def test_a_lamp_group_by_hand() -> None:
    """Two cameras before one group, lit for twelve hours, and one agent."""
    lines = extras_of(Workload(cameras=2, lamp_groups=1))
    heard = 2 * (43_200 + 100 * 30 * 20)  # each minute's first frame, and those with a visitor
    assert lines["Lamps: Lambda"].amount == pytest.approx(heard * 0.06 * 512 / 1024)
    assert lines["Lamps: SQS"].amount == 3 * heard
    writes = 12 * 60 * 30 * 1.1
    assert lines["Lamps: IoT shadows"].usd == pytest.approx((2 * writes + 3_000) * 1.25e-6)
    assert lines["Lamps: IoT messages"].usd == pytest.approx((2 * writes + 3_000) * 1e-6)
    assert lines["Lamps: IoT connections"].usd == pytest.approx(43_200 * 0.08e-6)
    # A gate that lets little through leaves little to hear of.
    quiet = Workload(cameras=2, lamp_groups=1, passed=0.001)
    assert extras_of(quiet)["Lamps: SQS"].amount == pytest.approx(3 * quiet.frames)


def test_cameras_are_heard_once_and_agents_have_one_connection_whatever_they_light() -> None:
    many = extras_of(Workload(cameras=4, lamp_groups=50))
    assert many["Lamps: SQS"].amount == 2 * extras_of(Workload(cameras=2, lamp_groups=1))["Lamps: SQS"].amount
    assert many["Lamps: IoT connections"].amount == MINUTES


def test_known_faces_by_hand() -> None:
    lines = extras_of(Workload(cameras=500, known_faces=200))
    searched = 500 * 100 * 30  # 1.5 million, in two tiers
    assert lines["Known faces: Rekognition, searches"].usd == pytest.approx(1_000 + 500_000 * 0.0008)
    assert lines["Known faces: Rekognition, kept"].usd == pytest.approx(200 * 0.00001)
    assert lines["Known faces: Lambda"].amount == pytest.approx(searched * 0.6 * 512 / 1024)
    assert lines["Known faces: S3 put"].usd == pytest.approx(searched * 5e-6)
    assert lines["Known faces: DynamoDB written"].amount == 3 * searched


def test_compared_frames_by_hand() -> None:
    lines = extras_of(Workload(cameras=1, compared=0.02))
    compared = 30 * 86_400 * 0.02
    assert lines["Rekognition: images looked at"].usd == pytest.approx(compared * 0.001)
    assert lines["Comparisons: Lambda"].amount == pytest.approx(compared * 1.5 * 512 / 1024)
    assert lines["Comparisons: SQS"].amount == pytest.approx(3 * compared)
    both = Workload(cameras=1, compared=0.02, by_rekognition=0.5)
    assert extras_of(both)["Rekognition: images looked at"].amount == pytest.approx(26 * compared)


def test_the_dearest_lines_come_first() -> None:
    lines = [Line("A", "a", 1, "x", 1.0), Line("B", "b", 1, "x", 3.0), Line("C", "c", 1, "x", 2.0)]
    assert [line.service for line in largest(lines, 2)] == ["B", "C"]
    assert total(lines) == 6


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (["--cameras", "0"], "0 cameras are none"),
        (["--rate", "0"], "a rate of 0 frames a second is none"),
        (["--rate", "nan"], "a rate of nan frames a second is none"),
        (["--compared", "2"], "a share of 0 to 1 is compared, not 2"),
        (["--known-faces", "-1"], "-1 known faces are none"),
        (["--lamp-groups", "-1"], "-1 lamp groups are none"),
        (["--passed", "1.5"], "a gate lets a share above 0 and up to 1 through, not 1.5"),
        (["--prices", "nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_what_no_camera_does_is_a_sentence(
    wrong: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["costs", *wrong]) == 2
    assert sentence in capsys.readouterr().err


def test_a_price_that_is_missing_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = PRICE_LIST.read_text(encoding="utf-8")
    (tmp_path / "prices.toml").write_text(re.sub(r"\[trace\].*?\n\n", "", text, flags=re.DOTALL))
    assert main(["costs", "--prices", str(tmp_path / "prices.toml")]) == 2
    assert "trace is missing" in capsys.readouterr().err


def test_the_json_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--cameras", "3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    (only,) = document["bills"]
    assert only["cameras"] == 3
    assert only["usd"] == pytest.approx(sum(line["usd"] for line in only["lines"]))


def test_in_brief_the_services_add_up_to_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["costs", "--cameras", "1", "--brief"]) == 0
    rows = [line.rsplit(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    usd = {name.strip(): value for name, value in rows if re.fullmatch(r"[\d,.]+\d", value)}
    lines = monthly_bill(Workload(cameras=1), Deployment(), PRICES)
    assert float(usd["Lambda"]) == pytest.approx(
        total(line for line in lines if line.service == "Lambda"), abs=0.01
    )
    assert float(usd["total"]) == pytest.approx(total(lines), abs=0.01)


def test_every_price_of_a_frame_s_way_is_asked_for() -> None:
    """A bill in which one price is a thousandfold differs, for each price but those that are for later."""
    later = {"region", "as_of", "sns_email", "sms", "lambda_gb_second_arm64", "budget_month"}
    work = Workload(cameras=1, by_rekognition=0.1, known_faces=10, lamp_groups=1)
    before = total(monthly_bill(work, Deployment(), PRICES))
    for name in set(Prices.__dataclass_fields__) - later:
        price: Price | Tiered = getattr(PRICES, name)
        more: Price | Tiered
        if isinstance(price, Tiered):
            more = Tiered(tuple(replace(tier, usd=tier.usd * 1_000) for tier in price.tiers))
        else:
            more = replace(price, usd=price.usd * 1_000)
        dearer = replace(PRICES, **{name: more})  # type: ignore[arg-type]
        assert total(monthly_bill(work, Deployment(), dearer)) > before, name


def test_the_deployment_is_the_catalog_s() -> None:
    deployment = Deployment()
    detect = next(function for function in CATALOG.functions if function.name == "detect_frame")
    alert = next(function for function in CATALOG.functions if function.name == "send_alert")
    assert (deployment.detect_memory_mb, deployment.alert_memory_mb) == (detect.memory_mb, alert.memory_mb)
    of_name = {function.name: function for function in CATALOG.functions}
    assert deployment.compare_memory_mb == of_name["compare_labels"].memory_mb
    assert deployment.lights_memory_mb == of_name["set_lights"].memory_mb
    assert deployment.queues == len(CATALOG.queues)
    scheduled = {function.name: function for function in CATALOG.functions if function.every}
    assert {each.name for each in deployment.scheduled} == set(scheduled)
    for each in deployment.scheduled:
        function = scheduled[each.name]
        assert each.memory_mb == function.memory_mb
        assert function.every
        assert each.calls == pytest.approx(DAYS * 86_400 / function.every.total_seconds())


@pytest.mark.parametrize("document", ["README.md", "docs/costs.md"])
def test_the_documents_print_what_the_command_does(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A block that begins with `$ python -m vigie costs` holds what that command prints."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\n\$ python -m vigie (costs[^\n]*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert blocks or document == "README.md"
    for command, printed in blocks:
        assert main(shlex.split(command)) == 0
        assert capsys.readouterr().out == printed


def test_a_month_in_tiers() -> None:
    tiers = Tiered((Tier(0.001, 1_000_000), Tier(0.0008, 5_000_000), Tier(0.0006)))
    assert tiers.of_month(0) == 0
    assert tiers.of_month(1_000_000) == pytest.approx(1_000)
    assert tiers.of_month(6_000_000) == pytest.approx(1_000 + 3_200 + 600)
    assert tiers.of(6_000_000) == pytest.approx(6_000)
    for wrong in ((), (Tier(1.0, 5),), (Tier(1.0, 5), Tier(1.0, 5), Tier(1.0)), (Tier(1.0), Tier(1.0))):
        with pytest.raises(ValueError, match="tiers end"):
            Tiered(wrong)
