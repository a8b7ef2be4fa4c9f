"""The stack for whoever runs it: the operators' topic, alarms that go there, the budget, and a dashboard."""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.alarms import AlarmPlan, alarm_plans
from infra.config import Config
from infra.dashboard import dashboard_rows
from infra.data_stack import DataStack
from infra.metrics import CAMERAS_DARK, Metrics
from infra.names import Names
from infra.parts import Catalog
from infra.pipeline_stack import PipelineStack

OPERATORS = "operators"
# Of the month's budget: what was spent, and what will have been if it goes on so.
_SPENT_PERCENT, _FORECAST_PERCENT = (80, 100), (100,)


class OpsStack(Stack):
    """Alarms that mean something, and one page that shows how it goes."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        config: Config,
        names: Names,
        catalog: Catalog,
        data: DataStack,
        pipeline: PipelineStack,
    ) -> None:
        super().__init__(scope, name, description=f"Vigie {config.stage}: alarms, budget, dashboard")
        self._names, self._config = names, config
        metrics = Metrics(names)
        self.topic = self._make_topic(data)
        self._count_dark_cameras(metrics)
        plans = tuple(alarm_plans(catalog, config.settings, metrics))
        self.alarms = [self._make_alarm(plan) for plan in plans]
        self._make_budget()
        board = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=names.prefix)
        # By name, so that the dashboard waits for no alarm; moto's CloudFormation knows none.
        shown = [
            cloudwatch.Alarm.from_alarm_name(self, f"{plan.identifier}ByName", names.of(plan.name))
            for plan in plans
        ]
        for row in dashboard_rows(catalog, config.settings, metrics, shown):
            board.add_widgets(*row)
        CfnOutput(self, "OperatorsTopicArn", value=self.topic.topic_arn)
        # The log group that the metric of dark cameras reads is made there.
        self.add_stack_dependency(pipeline)

    def _make_topic(self, data: DataStack) -> sns.Topic:
        topic = sns.Topic(
            self, "Operators", topic_name=self._names.of(OPERATORS), master_key=data.key, enforce_ssl=True
        )
        alarms = f"arn:{self.partition}:cloudwatch:{self.region}:{self.account}:alarm:{self._names.prefix}-*"
        for service, source in (
            ("cloudwatch", alarms),
            ("budgets", f"arn:{self.partition}:budgets::{self.account}:*"),
        ):
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    resources=[topic.topic_arn],
                    conditions={
                        "StringEquals": {"aws:SourceAccount": self.account},
                        "ArnLike": {"aws:SourceArn": source},
                    },
                )
            )
        for number, address in enumerate(self._config.settings.operators, start=1):
            sns.CfnSubscription(
                self, f"Operator{number}", protocol="email", topic_arn=topic.topic_arn, endpoint=address
            )
        return topic

    def _count_dark_cameras(self, metrics: Metrics) -> None:
        """Read how many cameras are dark from the log of watch_cameras: one metric, $0.30 a month."""
        logs.CfnMetricFilter(
            self,
            "DarkCameras",
            log_group_name=self._names.log_group("watch_cameras"),
            filter_pattern="{ $.dark = * }",
            metric_transformations=[
                logs.CfnMetricFilter.MetricTransformationProperty(
                    metric_namespace=metrics.namespace, metric_name=CAMERAS_DARK, metric_value="$.dark"
                )
            ],
        )

    def _make_alarm(self, plan: AlarmPlan) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self,
            plan.identifier,
            alarm_name=self._names.of(plan.name),
            alarm_description=plan.meaning,
            metric=plan.metric,
            threshold=plan.threshold,
            comparison_operator=plan.comparison,
            evaluation_periods=plan.periods,
            treat_missing_data=plan.missing,
        )
        action = actions.SnsAction(self.topic)
        alarm.add_alarm_action(action)
        alarm.add_ok_action(action)
        return alarm

    def _make_budget(self) -> None:
        thresholds = [("ACTUAL", share) for share in _SPENT_PERCENT]
        thresholds += [("FORECASTED", share) for share in _FORECAST_PERCENT]
        hears = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=self.topic.topic_arn)
        budget = budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=self._names.prefix,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(
                    amount=self._config.settings.monthly_budget_usd, unit="USD"
                ),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=share,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[hears],
                )
                for kind, share in thresholds
            ],
        )
        budget.node.add_dependency(self.topic.node.find_child("Policy"))
