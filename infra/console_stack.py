"""The stack for what people look at: for now the role by which alerts link to pictures.

The page, its login and its API come here with their own issue: they need the bucket and the table of
`DataStack`, and no other stack needs them. `page_url` in cdk.json then names the page, and alerts link to it
in the place of signed links.
"""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.acknowledge import acknowledge_wildcards
from infra.config import Config
from infra.data_stack import DataStack
from infra.names import Names
from infra.parts import Catalog
from infra.permissions import PICTURE_ROLE, picture_statements, signs_links
from infra.pipeline_stack import PipelineStack


class ConsoleStack(Stack):
    """What people look at."""

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
        super().__init__(scope, name, description=f"Vigie {config.stage}: what people look at")
        signers = [pipeline.functions[each.name].role for each in catalog.functions if signs_links(each)]
        rights = picture_statements(catalog=catalog, names=names, key_arn=data.key.key_arn)
        role = iam.Role(
            self,
            "PictureRole",
            role_name=names.of(PICTURE_ROLE),
            description="Signs links to pictures of visits; whoever has one may see one picture, for an hour",
            assumed_by=iam.CompositePrincipal(
                *(iam.ArnPrincipal(role.role_arn) for role in signers if role is not None)
            ),
            max_session_duration=Duration.hours(1),
            inline_policies={
                "rights": iam.PolicyDocument(
                    statements=[iam.PolicyStatement.from_json(each) for each in rights]
                )
            },
        )
        acknowledge_wildcards(role, rights)
        self.add_stack_dependency(data)
