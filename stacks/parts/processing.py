"""What SageMaker Processing wants of whoever lets it run a program."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"  # SageMaker's own, of all the account's processing jobs
MESSAGE = "/opt/ml/output/message"  # whose text is told as the reason of a failure


def let_tell(role: iam.Role) -> None:
    """SageMaker writes the program's log and the machine's metrics with the job's role."""
    stack, form = Stack.of(role), ArnFormat.COLON_RESOURCE_NAME
    log = stack.format_arn(service="logs", resource="log-group", resource_name=f"{LOG_GROUP}*", arn_format=form)
    write = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    role.add_to_policy(iam.PolicyStatement(actions=write, resources=[log]))
    own_metrics = {"StringLike": {"cloudwatch:namespace": ["AWS/SageMaker", "/aws/sagemaker/*"]}}
    role.add_to_policy(
        iam.PolicyStatement(actions=["cloudwatch:PutMetricData"], resources=["*"], conditions=own_metrics)
    )  # metrics have no ARN
