"""A stage as the programs that deploy it see it: what its resources are called, and where it went."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.catalog import CATALOG
from infra.deployment.account import Account

CHECKOUT = Path(__file__).resolve().parents[2]
BUILD = CHECKOUT / "build"
_ACCOUNT, _REGION = "account", "region"


@dataclass(frozen=True, slots=True)
class Stage:
    """The names of a stage; `tests/infra` holds them to those of the template."""

    name: str

    @property
    def stack_prefix(self) -> str:
        """What the names of its stacks begin with."""
        return f"Vigie-{self.name}-"

    @property
    def data_stack(self) -> str:
        """The name of the stack that holds what must not be lost."""
        return f"{self.stack_prefix}Data"

    @property
    def prefix(self) -> str:
        """What the names of its resources begin with."""
        return f"vigie-{self.name}-"

    @property
    def table(self) -> str:
        """The table's name."""
        return f"{self.prefix}{CATALOG.table.name}"

    def function(self, name: str) -> str:
        """Return the name of a function of the catalog."""
        return f"{self.prefix}{name}"

    def bucket(self, account: Account) -> str:
        """Return the data bucket's name."""
        return f"{self.prefix}{CATALOG.bucket.name}-{account.account_id}-{account.region}"

    def buckets(self, account: Account) -> tuple[str, str]:
        """Return the names of the data bucket and of the one that holds its access logs."""
        logs = f"{self.prefix}{CATALOG.bucket.name}-logs-{account.account_id}-{account.region}"
        return self.bucket(account), logs

    @property
    def log_prefix(self) -> str:
        """What the log groups of its functions begin with."""
        return f"/aws/lambda/{self.prefix}"

    @property
    def key_description(self) -> str:
        """How its key is described: a key has no name."""
        return f"Vigie {self.name}: what cameras saw, and what is said of it"

    def alerts_topic(self, account: Account) -> str:
        """Return the ARN of the topic that people follow."""
        partition = account.arn.split(":")[1]
        return (
            f"arn:{partition}:sns:{account.region}:{account.account_id}:{self.prefix}{CATALOG.people_topic}"
        )

    @property
    def outputs_file(self) -> Path:
        """Where the outputs of its stacks are kept."""
        return BUILD / f"outputs-{self.name}.json"

    def write_outputs(self, account: Account, outputs: Mapping[str, Mapping[str, str]]) -> None:
        """Keep the outputs of the stacks, and where they are."""
        self.outputs_file.parent.mkdir(parents=True, exist_ok=True)
        document = {_ACCOUNT: account.account_id, _REGION: account.region, "stacks": outputs}
        self.outputs_file.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    def deployed_to(self) -> tuple[str, str] | None:
        """Return the account and region of the last deployment from this checkout; None when nobody knows."""
        try:
            document = json.loads(self.outputs_file.read_text(encoding="utf-8"))
            return str(document[_ACCOUNT]), str(document[_REGION])
        except (OSError, ValueError, KeyError, TypeError):
            return None
