"""What SageMaker Processing wants of whoever lets it run a program."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"  # SageMaker's own, of all the account's processing jobs


def let_tell(role: iam.Role, *log_groups: str) -> None:
    """SageMaker writes the program's log, in the group of processing jobs or these, and metrics, as the job's role."""
    groups = [_log_arn(role, name) for name in (LOG_GROUP, *log_groups)]
    write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    role.add_to_policy(iam.PolicyStatement(actions=write, resources=groups))
    own_metrics = {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}}
    role.add_to_policy(
        iam.PolicyStatement(actions=["cloudwatch:PutMetricData"], resources=["*"], conditions=own_metrics)
    )  # metrics have no ARN


def _log_arn(role: iam.Role, name: str) -> str:
    form = ArnFormat.COLON_RESOURCE_NAME
    return Stack.of(role).format_arn(service="logs", resource="log-group", resource_name=f"{name}*", arn_format=form)
