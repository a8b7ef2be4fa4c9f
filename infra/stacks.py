"""Makes the stacks of one stage; `app.py` and the tests call it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from aws_cdk import App, Stack, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from infra.artefacts import Artefacts
from infra.catalog import CATALOG
from infra.config import Config
from infra.console_stack import ConsoleStack
from infra.data_stack import DataStack
from infra.edge_stack import EdgeStack
from infra.names import Names
from infra.ops_stack import OpsStack
from infra.parts import Catalog
from infra.pipeline_stack import PipelineStack
from vigie.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacks:
    """The stacks of one stage; without agents in the settings there is no edge."""

    data: DataStack
    pipeline: PipelineStack
    console: ConsoleStack
    ops: OpsStack
    edge: EdgeStack | None

    def by_name(self) -> Mapping[str, Stack]:
        """Return the stacks that there are, by their names."""
        found = (self.data, self.pipeline, self.console, self.ops, self.edge)
        return {stack.stack_name: stack for stack in found if stack is not None}


def make_stacks(app: App, *, config: Config, artefacts: Artefacts, catalog: Catalog = CATALOG) -> Stacks:
    """Make the stacks of a stage, checked by cdk-nag when the app is synthesised.

    Raises:
        ConfigError: CDK refused a resource; one sentence, in its own words.

    """
    window = timedelta(seconds=config.settings.batch_window_s)
    try:
        return _make_stacks(app, config, artefacts, replace(catalog, batch_window=window))
    except RuntimeError as error:  # whatever jsii brings over from Node, with Node's traceback below it
        words = next(iter(str(error).splitlines()), "no reason was given")
        raise ConfigError(f"CDK cannot make the stacks of the stage {config.stage}: {words}") from error


def _make_stacks(app: App, config: Config, artefacts: Artefacts, catalog: Catalog) -> Stacks:
    names = Names(config.stage)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    # On the stacks alone: CloudFormation hands their tags on to what they hold. In a template of its own each
    # would do the same, but for moto, which reads a key's tags in the other service's spelling, and fails.
    Tags.of(app).add("vigie-stage", config.stage, include_resource_types=["aws:cdk:stack"])
    data = DataStack(app, names.stack("Data"), config=config, names=names, catalog=catalog)
    pipeline = PipelineStack(
        app,
        names.stack("Pipeline"),
        config=config,
        names=names,
        catalog=catalog,
        artefacts=artefacts,
        data=data,
    )
    console = ConsoleStack(
        app,
        names.stack("Console"),
        config=config,
        names=names,
        catalog=catalog,
        data=data,
        pipeline=pipeline,
    )
    ops = OpsStack(
        app,
        names.stack("Ops"),
        config=config,
        names=names,
        catalog=catalog,
        data=data,
        pipeline=pipeline,
    )
    edge = None
    if config.settings.agents:  # CloudFormation takes no stack without resources
        edge = EdgeStack(app, names.stack("Edge"), config=config, names=names, catalog=catalog, data=data)
    return Stacks(data=data, pipeline=pipeline, console=console, ops=ops, edge=edge)
