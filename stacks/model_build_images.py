"""The managed images that a model build runs on: SageMaker keeps them in an account of its own in every region."""

from aws_cdk import ArnFormat, CfnMapping, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

SCIKIT_LEARN, XGBOOST = "sagemaker-scikit-learn", "sagemaker-xgboost"
TAGS = {SCIKIT_LEARN: "1.2-1-cpu-py3", XGBOOST: "1.7-1"}
_ACCOUNTS = {
    "af-south-1": "510948584623",
    "ap-east-1": "651117190479",
    "ap-northeast-1": "354813040037",
    "ap-northeast-2": "366743142698",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "720646828776",
    "ap-southeast-1": "121021644041",
    "ap-southeast-2": "783357654285",
    "ap-southeast-3": "951798379941",
    "ca-central-1": "341280168497",
    "eu-central-1": "492215442770",
    "eu-central-2": "680994064768",
    "eu-north-1": "662702820516",
    "eu-south-1": "978288397137",
    "eu-south-2": "104374241257",
    "eu-west-1": "141502667606",
    "eu-west-2": "764974769150",
    "eu-west-3": "659782779980",
    "me-central-1": "272398656194",
    "me-south-1": "801668240914",
    "sa-east-1": "737474898029",
    "us-east-1": "683313688378",
    "us-east-2": "257758044811",
    "us-west-1": "746614075791",
    "us-west-2": "246618743249",
}


class ManagedImages(Construct):
    """Their addresses in the region of the deploy, and the right to pull them."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        accounts = {region: {"Images": account} for region, account in _ACCOUNTS.items()}
        self._stack = Stack.of(self)
        self._account = CfnMapping(self, "Accounts", mapping=accounts).find_in_map(self._stack.region, "Images")

    def uri(self, name: str) -> str:
        """What a job names its image by."""
        registry = f"{self._account}.dkr.ecr.{self._stack.region}.{self._stack.url_suffix}"
        return f"{registry}/{name}:{TAGS[name]}"

    def grant_pull(self, role: iam.Role) -> None:
        pull = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        role.add_to_policy(iam.PolicyStatement(actions=pull, resources=[self._arn(name) for name in TAGS]))
        token = ["ecr:GetAuthorizationToken"]
        role.add_to_policy(iam.PolicyStatement(actions=token, resources=["*"]))  # a token names no repository

    def _arn(self, name: str) -> str:
        return self._stack.format_arn(
            service="ecr",
            account=self._account,
            resource="repository",
            resource_name=name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
