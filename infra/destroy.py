"""`make destroy STAGE=trial`: removes a stage from the account, and says what stays and what that costs."""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence

import boto3

from edge_agent.enrolment import Registry
from infra.deployment.account import Account, identify, settle_region, use_region
from infra.deployment.asking import agreed
from infra.deployment.known_faces import Collection, collections, remove_collection
from infra.deployment.leftovers import left_over
from infra.deployment.removal import Removal, Removed, Resource
from infra.deployment.stage import Stage
from vigie.aws import clients
from vigie.aws.site_store import S3SiteSource
from vigie.documents import PRICE_LIST, read_toml
from vigie.domain.prices import Prices
from vigie.errors import CloudError, ConfigError, VigieError

# Of the stages that cdk.json has no more, too.
_STAGE = re.compile(r"[a-z][a-z0-9]{0,11}")
_GIGABYTE_PRICES = {
    "AWS::S3::Bucket": ("s3_gb_month",),
    "AWS::DynamoDB::Table": ("dynamodb_gb_month", "dynamodb_recovery_gb_month"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb_gb_month", "dynamodb_recovery_gb_month"),
    "AWS::Logs::LogGroup": ("log_gb_month",),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Remove the stage; 0 when everything is gone that was to go, 2 when it could not be."""
    parser = argparse.ArgumentParser(prog="python -m infra.destroy", description=__doc__)
    parser.add_argument("--stage", required=True, help="such as trial")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments = parser.parse_args(argv)
    try:
        if not _STAGE.fullmatch(arguments.stage):
            raise ConfigError(f"which stage? make destroy STAGE=trial names one; {arguments.stage!r} is none")
        region = settle_region(os.environ)
        use_region(region)
        return destroy(Stage(arguments.stage), identify(clients.sts, region), yes=arguments.yes)
    except VigieError as error:
        sys.stderr.write(f"vigie destroy: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("vigie destroy: stopped; the same command goes on where this one ended\n")
        return 130


def destroy(stage: Stage, account: Account, *, yes: bool, poll_s: int = 5) -> int:
    """Ask, remove, tell."""
    removal = Removal(
        stage=stage,
        formation=boto3.client("cloudformation"),
        s3=boto3.client("s3"),
        logs=boto3.client("logs"),
        revoke=lambda thing: Registry(boto3.Session()).revoke_certificates(thing),
        say=lambda words: _say(f"  {words}"),
        poll_s=poll_s,
    )
    prices = read_toml(Prices, PRICE_LIST)
    there = removal.stacks()
    if not there:
        where = f"account {account.account_id}, region {account.region}"
        _say(f"No stack of the stage {stage.name} is in {where}; nothing was changed.")
        for line in _kept(left_over(stage, account), prices):
            _say(line)
        for each in _collections(stage, account):
            _say(_faces_kept(each, account, prices))
        return 0
    _say(f"In account {account.account_id}, region {account.region}:")
    for stack in there:
        _say(f"  {stack.name} ({stack.status})")
    resources = [each for stack in there for each in removal.resources(stack.name)]
    stays = [each.name for each in resources if each.stays]
    emptied = [each.name for each in resources if each.kind == "AWS::S3::Bucket" and not each.stays]
    if emptied:
        _say(f"Emptied and removed, with every frame and picture: {', '.join(emptied)}")
    if stays:
        _say(f"Kept: {', '.join(stays)}")
    faces = _collections(stage, account)
    # As the table does: a stage that keeps what was seen keeps who agreed to be known.
    table = next((each for each in resources if each.name == stage.table), None)
    going = [each for each in faces if each.is_ours and table is not None and not table.stays]
    if going:
        _say(f"Removed, with the faces of people who agreed: {', '.join(each.name for each in going)}")
    if not (yes or agreed(f"Remove the stage {stage.name}?", expected=stage.name)):
        _say("Nothing was changed.")
        return 1
    removed = removal.remove()
    stage.outputs_file.unlink(missing_ok=True)
    # An earlier deployment may have left what no stack of these knows.
    known = {each.name for each in removed.kept}
    removed.kept += [each for each in left_over(stage, account) if each.name not in known]
    for line in told(removed, account, prices):
        _say(line)
    for each in faces:
        if each in going:
            remove_collection(clients.rekognition(), each.name)
            _say(f"Removed: the collection {each.name}, with {_faces(each)}.")
        else:
            _say(_faces_kept(each, account, prices))
    return 0


def _collections(stage: Stage, account: Account) -> tuple[Collection, ...]:
    """Return the collections that have to do with the stage; none, with a sentence, if nobody may look."""
    try:
        named = S3SiteSource(clients.s3(), stage.bucket(account)).site().known_faces.collection
    except VigieError:
        named = None  # no bucket, or no document that can be read
    try:
        return collections(clients.rekognition(), stage, account, named=named)
    except CloudError as error:
        _say(f"Whether there are known faces, which are biometric data, could not be seen: {error}")
        return ()


def _faces(collection: Collection) -> str:
    return f"{collection.faces} face{'' if collection.faces == 1 else 's'}"


def _faces_kept(collection: Collection, account: Account, prices: Prices) -> str:
    usd = prices.rekognition_face_month.of(collection.faces)
    others = (
        f"It is that of the table {collection.owner}"
        if collection.owner
        else "Nothing says which stage made it"
    )
    whose = "" if collection.is_ours else f" {others}; others may use it."
    return (
        f"Kept: the collection {collection.name}, with {_faces(collection)} of people, ${usd:.5f} a month. "
        f"That is biometric data: keep it only as long as they agree.{whose} To remove all of it:\n"
        f"  aws rekognition delete-collection --region {account.region} --collection-id {collection.name}"
    )


def told(removed: Removed, account: Account, prices: Prices) -> Iterator[str]:
    """Yield what a removal came to, in sentences."""
    yield (
        f"Removed: {len(removed.stacks)} stacks, {removed.objects} versions of objects, "
        f"{len(removed.log_groups)} log groups of functions."
    )
    for key in removed.keys_going:
        yield f"The key {key.name} goes in {key.days_until_gone} days, and costs nothing meanwhile."
    yield from _kept(removed.kept, prices)
    yield (
        f"The zips that deployments have uploaded lie in cdk-hnb659fds-assets-{account.account_id}-"
        f"{account.region}, which all CDK programs of the account share; "
        "`python -m infra.cdk gc --unstable=gc` removes those that no stack uses."
    )


def _kept(kept: Iterable[Resource], prices: Prices) -> Iterator[str]:
    kept = tuple(kept)
    if not kept:
        yield "Nothing of the stage is left that costs anything."
        return
    yield "Still there, and billed on:"
    for each in kept:
        yield f"  {each.name} ({each.kind}): {_goes_on_costing(each.kind, prices)}"
    if any(each.kind == "AWS::KMS::Key" for each in kept):
        yield "Without its key nobody can read the buckets and the table again: keep it as long as these."


def _goes_on_costing(kind: str, prices: Prices) -> str:
    if kind == "AWS::KMS::Key":
        return f"${prices.kms_key_month.usd:.2f} a month"
    if kind in _GIGABYTE_PRICES:
        usd = sum(getattr(prices, name).usd for name in _GIGABYTE_PRICES[kind])
        return f"${usd:.3f} a month for each gigabyte in it"
    return "nothing by itself"


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
