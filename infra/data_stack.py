"""The stack that holds state: key, bucket, table, queues with dead letters, topics and who follows them.

The bucket and the queues that it notifies lie together, since in two stacks they would wait for each other.
The notification is the bucket's own property: no function of CDK's sets it.
"""

from typing import Any

from aws_cdk import CfnOutput, CfnResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Config
from infra.lifecycle import access_log_rules, data_rules
from infra.names import Names
from infra.parts import Catalog, Queue
from infra.parts import Subscription as Following
from infra.service_grants import let_services_use

_DEAD_FOR = Duration.days(14)
_KEY_GONE_AFTER = Duration.days(7)


class DataStack(Stack):
    """Everything that must not be lost; retained in production, destroyed with a trial."""

    def __init__(
        self, scope: Construct, name: str, *, config: Config, names: Names, catalog: Catalog
    ) -> None:
        super().__init__(scope, name, description=f"Vigie {config.stage}: bucket, table, queues, topics, key")
        self._names, self._catalog = names, catalog
        self._retain = config.settings.retain
        # What a first deployment made before it failed goes again, or its names would block every later one.
        kept = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        self._removal = kept if self._retain else RemovalPolicy.DESTROY
        self.key = self._make_key()
        self.dead_letters = {queue.name: self._make_dead_letters(queue) for queue in catalog.queues}
        self.queues = {queue.name: self._make_queue(queue) for queue in catalog.queues}
        self.topics = {topic.name: self._make_topic(topic.name) for topic in catalog.topics}
        for following in catalog.subscriptions:
            self._subscribe(following)
        self.bucket = self._make_bucket(config)
        self.table = self._make_table()
        self._create_last(self.table)
        self._put_out()

    def _make_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description=f"Vigie {self._names.stage}: what cameras saw, and what is said of it",
            enable_key_rotation=True,
            removal_policy=self._removal,
            pending_window=None if self._retain else _KEY_GONE_AFTER,
        )
        let_services_use(key, names=self._names)
        return key

    def _make_dead_letters(self, queue: Queue) -> sqs.Queue:
        return sqs.Queue(
            self,
            _identifier(queue.dead_letter),
            queue_name=self._names.of(queue.dead_letter),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self.key,
            enforce_ssl=True,
            retention_period=_DEAD_FOR,
            redrive_allow_policy=sqs.RedriveAllowPolicy(
                redrive_permission=sqs.RedrivePermission.BY_QUEUE,
                source_queues=[
                    # By its ARN: the queue itself waits for this one.
                    sqs.Queue.from_queue_arn(
                        self, f"{_identifier(queue.name)}Source", self._names.queue_arn(queue.name)
                    )
                ],
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _make_queue(self, queue: Queue) -> sqs.Queue:
        return sqs.Queue(
            self,
            _identifier(queue.name),
            queue_name=self._names.of(queue.name),
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self.key,
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(self._catalog.visibility(queue.name).total_seconds()),
            retention_period=Duration.days(4),
            dead_letter_queue=sqs.DeadLetterQueue(
                max_receive_count=queue.max_receives, queue=self.dead_letters[queue.name]
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _make_topic(self, name: str) -> sns.Topic:
        return sns.Topic(
            self,
            f"{_identifier(name)}Topic",
            topic_name=self._names.of(name),
            master_key=self.key,
            enforce_ssl=True,
        )

    def _subscribe(self, following: Following) -> None:
        topic, queue = self.topics[following.topic], self.queues[following.queue]
        dead = self.dead_letters[following.queue]
        for target in (queue, dead):  # what SNS cannot deliver lies with what the function could not do
            target.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sqs:SendMessage"],
                    principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                    resources=[target.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": topic.topic_arn}},
                )
            )
        sns.CfnSubscription(
            self,
            f"{_identifier(following.queue)}FollowsTopic{_identifier(following.topic)}",
            protocol="sqs",
            topic_arn=topic.topic_arn,
            endpoint=queue.queue_arn,
            raw_message_delivery=True,
            filter_policy=following.filter_policy,
            redrive_policy={"deadLetterTargetArn": dead.queue_arn},
        )

    def _make_bucket(self, config: Config) -> s3.Bucket:
        wanted = self._catalog.bucket
        logs = s3.Bucket(
            self,
            "AccessLogs",
            bucket_name=self._names.bucket(f"{wanted.name}-logs"),
            # S3 delivers its logs under no customer's key.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=access_log_rules(config.settings.keep),
            removal_policy=self._removal,
        )
        acknowledge(logs, S1="the logs of the log bucket would fill it with themselves")
        bucket = s3.Bucket(
            self,
            "Data",
            bucket_name=self._names.bucket(wanted.name),
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            server_access_logs_bucket=logs,
            server_access_logs_prefix=f"{wanted.name}/",
            lifecycle_rules=data_rules(wanted, config.settings.keep),
            removal_policy=self._removal,
        )
        self._notify(bucket)
        return bucket

    def _notify(self, bucket: s3.Bucket) -> None:
        resource: Any = bucket.node.default_child
        configurations = []
        for wire in self._catalog.bucket.wires:
            queue = self.queues[wire.queue]
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sqs:SendMessage"],
                    principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                    resources=[queue.queue_arn],
                    # By its name: by its ARN the policy would wait for the bucket, and that for the policy.
                    conditions={
                        "StringEquals": {"aws:SourceAccount": self.account},
                        "ArnEquals": {"aws:SourceArn": self._names.bucket_arn(self._catalog.bucket.name)},
                    },
                )
            )
            rules = [
                s3.CfnBucket.FilterRuleProperty(name="prefix", value=wire.prefix),
                s3.CfnBucket.FilterRuleProperty(name="suffix", value=wire.suffix),
            ]
            configurations.append(
                s3.CfnBucket.QueueConfigurationProperty(
                    event="s3:ObjectCreated:*",
                    queue=queue.queue_arn,
                    filter=s3.CfnBucket.NotificationFilterProperty(
                        s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=rules)
                    ),
                )
            )
            # S3 tries at once whether it may send.
            policy: Any = queue.node.find_child("Policy").node.default_child
            resource.add_resource_dependency(policy)
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=configurations
        )

    def _make_table(self) -> dynamodb.Table:
        wanted = self._catalog.table
        return dynamodb.Table(
            self,
            "Table",
            table_name=self._names.of(wanted.name),
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute=wanted.expires,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            deletion_protection=self._retain,
            removal_policy=self._removal,
        )

    def _create_last(self, table: dynamodb.Table) -> None:
        """Let the table wait for all else: protected from deletion, it would refuse to be rolled back."""
        own: Any = table.node.default_child
        # For the key it waits anyway, since it names it.
        without = {own.node.path, f"{self.key.node.path}/Resource"}
        for each in self.node.find_all():
            if isinstance(each, CfnResource) and each.node.path not in without:
                own.add_resource_dependency(each)

    def _put_out(self) -> None:
        """Say what `vigie doctor` and `edge_agent enroll` must be told."""
        CfnOutput(self, "Bucket", value=self.bucket.bucket_name)
        CfnOutput(self, "TableName", value=self.table.table_name)
        CfnOutput(self, "KeyArn", value=self.key.key_arn)
        for name, topic in self.topics.items():
            CfnOutput(self, f"{_identifier(name)}TopicArn", value=topic.topic_arn)
        for name, queue in self.queues.items():
            CfnOutput(self, f"{_identifier(name)}QueueUrl", value=queue.queue_url)
            CfnOutput(self, f"{_identifier(name)}DeadQueueUrl", value=self.dead_letters[name].queue_url)


def _identifier(name: str) -> str:
    """Return a name as CloudFormation's identifiers are written."""
    return "".join(word.capitalize() for word in name.replace("_", "-").split("-"))
