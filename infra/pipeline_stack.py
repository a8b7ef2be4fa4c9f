"""The stack that works: layers, functions, what feeds them from queues, and their schedules."""

import json
from datetime import timedelta

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.artefacts import Artefacts
from infra.catalog import FACE_MODEL_ON_LAMBDA, MODEL_LAYER
from infra.config import Config
from infra.data_stack import DataStack
from infra.functions import Workshop, make_function, make_layers
from infra.names import Names
from infra.parts import Catalog, Function
from infra.permissions import PICTURE_ROLE

_MINUTE = timedelta(minutes=1)
# A call that comes later than this is no use: the next one is as good.
_LATEST_S, _TRIES = 60, 1


class PipelineStack(Stack):
    """Every function of the catalog with its trigger."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: Config,
        names: Names,
        catalog: Catalog,
        artefacts: Artefacts,
        data: DataStack,
    ) -> None:
        super().__init__(scope, name, description=f"Vigie {config.stage}: functions and what calls them")
        self._names, self._config = names, config
        # By name: the role that signs links trusts a role of this stack, and comes after it.
        others = {"picture_role": names.role_arn(PICTURE_ROLE)}
        if config.settings.page_url:
            others["page_url"] = config.settings.page_url
        if artefacts.layer_holds(MODEL_LAYER, FACE_MODEL_ON_LAMBDA):
            others["face_model"] = FACE_MODEL_ON_LAMBDA
        shop = Workshop(
            catalog=catalog,
            names=names,
            settings=config.settings,
            artefacts=artefacts,
            key=data.key,
            dead_letters={queue: dead.queue_url for queue, dead in data.dead_letters.items()},
            others=others,
        )
        layers = make_layers(self, shop)
        self.functions = {
            function.name: make_function(self, function, shop, layers) for function in catalog.functions
        }
        for function in catalog.functions:
            if function.queue:
                self._feed(function, data, catalog.window(function.queue))
            elif function.every:
                self._schedule(function, function.every)
        # Names carry no dependency of their own.
        self.add_stack_dependency(data)

    def _feed(self, function: Function, data: DataStack, window: timedelta) -> None:
        made = self.functions[function.name]
        lambda_.EventSourceMapping(
            self,
            f"{made.node.id}Queue",
            target=made,
            event_source_arn=data.queues[function.queue or ""].queue_arn,
            batch_size=function.batch_size,
            max_batching_window=Duration.seconds(window.total_seconds()),
            max_concurrency=function.at_once or self._config.settings.max_concurrency,
            report_batch_item_failures=True,
        )

    def _schedule(self, function: Function, every: timedelta) -> None:
        made = self.functions[function.name]
        arn = self._names.function_arn(function.name)
        # AWS asks for the group here: a role bound to one schedule keeps that schedule from being made.
        group = f"arn:{self.partition}:scheduler:{self.region}:{self.account}:schedule-group/default"
        role = iam.Role(
            self,
            f"{made.node.id}ScheduleRole",
            role_name=self._names.of(f"call-{function.name}"),
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self.account, "aws:SourceArn": group}},
            ),
            inline_policies={
                "call": iam.PolicyDocument(
                    statements=[iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[arn])]
                )
            },
        )
        scheduler.CfnSchedule(
            self,
            f"{made.node.id}Schedule",
            name=self._names.of(function.name),
            schedule_expression=_rate(every),
            flexible_time_window=_window(every),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=made.function_arn,
                role_arn=role.role_arn,
                input=json.dumps({}),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=_LATEST_S, maximum_retry_attempts=_TRIES
                ),
            ),
        )


def _rate(every: timedelta) -> str:
    minutes = every // _MINUTE
    return f"rate({minutes} minute{'s' if minutes > 1 else ''})"


def _window(every: timedelta) -> scheduler.CfnSchedule.FlexibleTimeWindowProperty:
    """Leave AWS a tenth of the interval to spread its calls; a window has a minute at least."""
    minutes = every // (10 * _MINUTE)
    if not minutes:
        return scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF")
    return scheduler.CfnSchedule.FlexibleTimeWindowProperty(
        mode="FLEXIBLE", maximum_window_in_minutes=minutes
    )
