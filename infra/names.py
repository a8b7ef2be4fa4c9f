"""What the catalog's resources are called in a stage, and their ARNs. Stages can live side by side.

The account, region and partition are CloudFormation's own parameters, so that no synthesis needs an account.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk import Aws


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one stage's resources; each short name is the catalog's."""

    stage: str

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return f"vigie-{self.stage}"

    def of(self, name: str) -> str:
        """Return the name of a queue, topic, table, function, role or alarm."""
        return f"{self.prefix}-{name}"

    def stack(self, name: str) -> str:
        """Return the name of a stack."""
        return f"Vigie-{self.stage}-{name}"

    def bucket(self, name: str) -> str:
        """Return the name of a bucket; all accounts of the world share these names."""
        return f"{self.of(name)}-{aws().ACCOUNT_ID}-{aws().REGION}"

    def bucket_arn(self, name: str) -> str:
        """Return the ARN of a bucket; objects follow a slash."""
        return f"arn:{aws().PARTITION}:s3:::{self.bucket(name)}"

    def table_arn(self, name: str) -> str:
        """Return the ARN of a table."""
        return self._arn("dynamodb", f"table/{self.of(name)}")

    def queue_arn(self, name: str) -> str:
        """Return the ARN of a queue."""
        return self._arn("sqs", self.of(name))

    def topic_arn(self, name: str) -> str:
        """Return the ARN of a topic."""
        return self._arn("sns", self.of(name))

    def function_arn(self, name: str) -> str:
        """Return the ARN of a function."""
        return self._arn("lambda", f"function:{self.of(name)}")

    def log_group(self, function: str) -> str:
        """Return the name of a function's log group."""
        return f"/aws/lambda/{self.of(function)}"

    def log_group_arn(self, group: str) -> str:
        """Return the ARN of a log group."""
        return self._arn("logs", f"log-group:{group}")

    def role_arn(self, name: str) -> str:
        """Return the ARN of a role."""
        return f"arn:{aws().PARTITION}:iam::{aws().ACCOUNT_ID}:role/{self.of(name)}"

    def thing_arn(self, thing: str) -> str:
        """Return the ARN of a thing, whose name is whole as it is given."""
        return self._arn("iot", f"thing/{thing}")

    def collection_arn(self, name: str) -> str:
        """Return the ARN of a collection of faces, whose name is whole as it is given."""
        return self._arn("rekognition", f"collection/{name}")

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{aws().PARTITION}:{service}:{aws().REGION}:{aws().ACCOUNT_ID}:{resource}"


def aws() -> type["Aws"]:
    """Return CloudFormation's own parameters; CDK starts Node when imported, which plain data need not."""
    from aws_cdk import Aws

    return Aws
