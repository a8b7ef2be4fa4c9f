"""`make deploy STAGE=trial`: checks, builds, shows what changes, asks, deploys, and lets the doctor look.

Nothing in the account is changed before a yes, or YES=1. What CDK says goes to the terminal as it is; when
it fails, CloudFormation is asked for the first thing that went wrong.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

import boto3

from infra.deployment.account import first_failure, identify, outputs, settle_region, stacks, use_region
from infra.deployment.asking import agreed
from infra.deployment.preflight import Preflight
from infra.deployment.stage import CHECKOUT
from infra.synth import OUT, stage_config
from vigie.__main__ import main as vigie
from vigie.aws import clients, inspection
from vigie.commands.checking import print_findings
from vigie.domain.findings import State
from vigie.errors import CloudError, SetupError, VigieError

Run = Callable[[Sequence[str]], int]

# The doctor's options, and the outputs of the stacks that answer them.
DOCTOR = {
    "--bucket": "Bucket",
    "--table": "TableName",
    "--reports-topic": "ReportsTopicArn",
    "--alerts-topic": "AlertsTopicArn",
}

# By its default method it makes change sets to compare with, and with them stacks, before anybody has agreed.
COMPARE = ("diff", "--method=template")


def main(argv: Sequence[str] | None = None) -> int:
    """Deploy; 0 when the doctor finds no failure, 1 when it does, 2 when the deployment failed."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    parser.add_argument("--stage", help="one of cdk.json's; default: the one that it names")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--check", action="store_true", help="only check, and change nothing")
    arguments = parser.parse_args(argv)
    try:
        config = stage_config(arguments.stage)
        region = settle_region(os.environ)
        use_region(region)
        preflight = Preflight(config=config, account=identify(clients.sts, region))
        findings = list(preflight.findings())
        print_findings(findings)
        if any(finding.state is State.FAILURE for finding in findings):
            raise SetupError("what failed above must be put right first; nothing was changed")
        return 0 if arguments.check else deploy(preflight, yes=arguments.yes)
    except VigieError as error:
        sys.stderr.write(f"vigie deploy: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("vigie deploy: stopped; CloudFormation ends by itself what it has begun\n")
        return 130


def deploy(preflight: Preflight, *, yes: bool, run: Run | None = None) -> int:
    """Build, show, ask, deploy, look. `run` runs a module of ours with its arguments.

    Raises:
        SetupError: a step failed before anything was changed, or nobody agreed.
        CloudError: CloudFormation failed; says at what.

    """
    run = run or run_module
    stage, account = preflight.stage, preflight.account
    architecture = preflight.config.settings.architecture
    steps: Mapping[str, Sequence[str]] = {
        "building the layers": ["layers.build", "--architecture", architecture],
        "synthesising": ["infra.synth", stage.name],
        "comparing with what is deployed": ["infra.cdk", *COMPARE, "--app", str(OUT)],
    }
    for what, command in steps.items():
        if run(command):
            raise SetupError(f"{what} failed, as said above; nothing was changed")
    question = f"Deploy the stage {stage.name} to account {account.account_id}, region {account.region}?"
    if not (yes or agreed(question)):
        raise SetupError("nothing was changed")
    options = ["--all", "--require-approval", "never", "--app", str(OUT)]
    status = run(["infra.cdk", "deploy", *options])
    formation = boto3.client("cloudformation")
    if status:
        broken = [
            f"{stack.name} is in {stack.status}: {first_failure(formation, stack.name) or stack.reason}"
            for stack in stacks(formation, stage.stack_prefix)
            if "ROLLBACK" in stack.status or "FAILED" in stack.status
        ]
        raise CloudError("; ".join(broken) or "deploying failed, as said above")
    said = outputs(formation, stage.stack_prefix)
    stage.write_outputs(account, said)
    sys.stdout.write(f"Outputs: {stage.outputs_file}\n")
    options = doctor_options(said)
    status = vigie(["doctor", *options])
    if status:
        topic = options[options.index("--alerts-topic") + 1]
        sys.stdout.write(words_on_followers(topic, options))
    return status


def words_on_followers(topic: str, options: Sequence[str]) -> str:
    """Say what to do where nobody follows the alerts, as after every first deployment; else nothing."""
    try:
        followers = inspection.subscriptions(clients.sns(), topic)
    except CloudError:
        return ""  # the doctor has said it
    if any(each.protocol != "sqs" for each in followers):
        return ""
    return (
        "The stage is deployed. Nobody can hear its alerts before they subscribe, so the doctor finds that "
        "after every first deployment:\n"
        f"  python -m vigie subscribe --topic {topic} --email ADDRESS\n"
        f"and, once that is confirmed, python -m vigie doctor {' '.join(options)}\n"
    )


def doctor_options(said: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the doctor's options, from the outputs of the stacks.

    Raises:
        CloudError: an output is missing.

    """
    values = {key: value for rows in said.values() for key, value in rows.items()}
    missing = [key for key in DOCTOR.values() if key not in values]
    if missing:
        raise CloudError(f"the stacks have no output {', '.join(missing)}, so the doctor cannot look")
    return [word for option, key in DOCTOR.items() for word in (option, values[key])]


def run_module(command: Sequence[str]) -> int:
    """Run a module of ours as a program, from the checkout; return its exit status."""
    program = [sys.executable, "-m", *command]
    return subprocess.run(program, cwd=CHECKOUT, check=False).returncode  # noqa: S603 - our own words


if __name__ == "__main__":
    sys.exit(main())
