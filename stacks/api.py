"""API: one HTTP API over the slices' functions; every caller signs with IAM, no web page may call it by default."""

import json

from aws_cdk import CfnOutput, Duration, Stack
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from config import ApiConfig, Config
from stacks.parts.naming import parameter, stack_options
from stacks.parts.python_function import log_retention
from stacks.parts.removal import removal_policy

_LOGGED = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.userArn",
    "route": "$context.routeKey",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "error": "$context.integrationErrorMessage",
}


class ApiStack(Stack):
    """Upload forms, jobs and rooms, and searches, over HTTPS."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: Config,
        upload: lambda_.IFunction,
        status: lambda_.IFunction,
        query: lambda_.IFunction,
    ) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "api"))
        self.api = self._api(config.api)
        self._stage(config)
        self._route(apigateway.HttpMethod.POST, "/blueprints", "Upload", upload)
        self._route(apigateway.HttpMethod.GET, "/blueprints", "Jobs", status)
        self._route(apigateway.HttpMethod.GET, "/blueprints/{job}", "Job", status)
        self._route(apigateway.HttpMethod.GET, "/blueprints/{job}/rooms", "Rooms", status)
        self._route(apigateway.HttpMethod.POST, "/search", "Search", query)
        CfnOutput(self, "Url", value=self.api.api_endpoint)
        parameter(self, config, "api", "url", self.api.api_endpoint)

    def _api(self, config: ApiConfig) -> apigateway.HttpApi:
        preflight = apigateway.CorsPreflightOptions(
            allow_origins=list(config.cors_origins),
            allow_methods=[apigateway.CorsHttpMethod.GET, apigateway.CorsHttpMethod.POST],
            allow_headers=["authorization", "content-type", "x-amz-date", "x-amz-security-token"],
            max_age=Duration.hours(1),
        )
        return apigateway.HttpApi(
            self,
            "Http",
            create_default_stage=False,
            default_authorizer=authorizers.HttpIamAuthorizer(),
            cors_preflight=preflight if config.cors_origins else None,
        )

    def _stage(self, config: Config) -> None:
        log = logs.LogGroup(self, "AccessLog", retention=log_retention(config), removal_policy=removal_policy(config))
        stage = apigateway.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigateway.ThrottleSettings(
                rate_limit=config.api.requests_per_second, burst_limit=config.api.burst
            ),
        )
        resource = stage.node.default_child
        assert isinstance(resource, apigateway.CfnStage)
        resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log.log_group_arn, format=json.dumps(_LOGGED)
        )

    def _route(self, method: apigateway.HttpMethod, path: str, name: str, function: lambda_.IFunction) -> None:
        integration = integrations.HttpLambdaIntegration(name, function)
        self.api.add_routes(path=path, methods=[method], integration=integration)
