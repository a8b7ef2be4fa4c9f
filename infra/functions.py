"""Makes a Lambda function of what the catalog says: role, log, code, layers, environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledge import acknowledge, acknowledge_wildcards
from infra.artefacts import Artefacts
from infra.config import Settings
from infra.environment import environment
from infra.names import Names
from infra.parts import Catalog, Function
from infra.permissions import statements, tracing_statement

# What the layers hold is built for this Python.
RUNTIME = lambda_.Runtime.PYTHON_3_13
_HANDLER = "handler.handler"
_ARCHITECTURES = {"x86_64": lambda_.Architecture.X86_64, "arm64": lambda_.Architecture.ARM_64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What all functions of a deployment are made with; `others` are settings that no resource gives."""

    catalog: Catalog
    names: Names
    settings: Settings
    artefacts: Artefacts
    key: kms.IKey
    dead_letters: Mapping[str, str]
    others: Mapping[str, str]


def make_layers(scope: Construct, shop: Workshop) -> dict[str, lambda_.LayerVersion]:
    """Make the layers, by their names."""
    return {
        name: lambda_.LayerVersion(
            scope,
            f"{name.capitalize()}Layer",
            layer_version_name=shop.names.of(name),
            code=lambda_.Code.from_asset(str(path)),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[_ARCHITECTURES[shop.settings.architecture]],
        )
        for name, path in shop.artefacts.layers.items()
    }


def make_function(
    scope: Construct, function: Function, shop: Workshop, layers: Mapping[str, lambda_.LayerVersion]
) -> lambda_.Function:
    """Make a function with a role and a log of its own."""
    name = "".join(word.capitalize() for word in function.name.split("_"))
    group = logs.CfnLogGroup(
        scope,
        f"{name}Log",
        log_group_name=shop.names.log_group(function.name),
        retention_in_days=shop.settings.log_days,
        kms_key_id=shop.key.key_arn,
    )
    # With its name taken by a log that was kept, the stage could not be deployed again.
    group.apply_removal_policy(RemovalPolicy.DESTROY)
    role = _make_role(scope, f"{name}Role", function, shop)
    made = lambda_.Function(
        scope,
        name,
        function_name=shop.names.of(function.name),
        description=f"Vigie {shop.names.stage}: lambdas/{function.name}",
        runtime=RUNTIME,
        architecture=_ARCHITECTURES[shop.settings.architecture],
        handler=_HANDLER,
        code=lambda_.Code.from_asset(str(shop.artefacts.functions[function.name])),
        layers=[layers[layer] for layer in function.layers],
        memory_size=function.memory_mb,
        timeout=Duration.seconds(function.timeout.total_seconds()),
        environment=environment(
            function,
            catalog=shop.catalog,
            names=shop.names,
            dead_letters=shop.dead_letters,
            others=shop.others,
        ),
        role=role.without_policy_updates(),
        tracing=lambda_.Tracing.ACTIVE if shop.settings.tracing else lambda_.Tracing.DISABLED,
        logging_format=lambda_.LoggingFormat.JSON,
        application_log_level_v2=lambda_.ApplicationLogLevel[log_level(function, shop.settings)],
        system_log_level_v2=lambda_.SystemLogLevel.WARN,
        log_group=logs.LogGroup.from_log_group_name(scope, f"{name}LogByRef", group.ref),
        # A schedule's next call comes soon; two of one minute would only meet.
        retry_attempts=0 if function.every else None,
    )
    # CDK writes down once more that a function waits for the role that it names.
    resource: Any = made.node.default_child
    resource.add_deletion_override("DependsOn")
    acknowledge(
        made, L1="the layers' compiled packages and bytecode are those of Python 3.13, which AWS supports"
    )
    return made


def log_level(function: Function, settings: Settings) -> str:
    """Return the level from which on Lambda keeps what the function logs."""
    return function.log_level or settings.log_level


def _make_role(scope: Construct, name: str, function: Function, shop: Workshop) -> iam.Role:
    rights = statements(function, catalog=shop.catalog, names=shop.names, key_arn=shop.key.key_arn)
    if shop.settings.tracing:
        rights.append(tracing_statement())
    role = iam.Role(
        scope,
        name,
        role_name=shop.names.of(function.name),
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={
            "rights": iam.PolicyDocument(statements=[iam.PolicyStatement.from_json(each) for each in rights])
        },
    )
    acknowledge_wildcards(role, rights)
    return role
