"""The private names of ministack that the engine leans on: an upgrade that moves one fails here, by its name."""

import inspect
from collections.abc import Callable
from importlib import import_module, metadata
from typing import Any

import pytest

HOOKS = {
    "app._enforce_data_plane": ["service", "iam_action", "headers", "query_params", "request_id", "resource_arn",
        "service_context",
    ],
    "app._routing_params": ["method", "path", "headers", "body", "query_params"],
    "app._build_persistence_save_dict": [],
    "app.app": ["scope", "receive", "send"],
    "core.iam_actions.access_denied_response": ["service", "action", "principal_arn", "request_id", "error_code"],
    "core.iam_actions.extract_iam_action": ["service", "method", "path", "headers", "body"],
    "core.iam_actions.extract_resource_arn": [
        "service", "method", "path", "headers", "body", "query_params", "region", "account_id",
    ],
    "core.iam_actions.s3_additional_checks": ["method", "path", "headers", "body", "query_params"],
    "core.iam_actions.s3_service_context": ["iam_action", "query_params", "path", "headers"],
    "core.iam_actions._match_rest_action": ["service", "method", "path", "query_params"],
    "core.iam_actions._safe_json_field": ["body", "field"],
    "core.iam_actions._s3_action": ["method", "path", "query_params"],
    "core.iam_evaluator.enforce": ["access_key_id", "iam_action", "service", "region", "resource_arn"],
    "core.iam_evaluator.evaluate": ["ctx", "policies"],
    "core.iam_evaluator.evaluate_resource_policy": ["doc", "ctx", "service"],
    "core.iam_evaluator.pin_request_origin": ["source_ip", "secure_transport"],
    "core.iam_evaluator._gather_role_policies": ["role_name", "account_id"],
    "core.iam_evaluator._resolve_condition_key": ["key", "ctx"],
    "core.iam_evaluator._service_principal_matches": ["principal", "service"],
    "core.lambda_runtime.execution_credentials": ["config"],
    "core.lambda_runtime.reset": [],
    "core.persistence.save_state": ["service", "data"],
    "core.responses.request_scope": ["account_id", "region"],
    "services.apigateway._extract_lambda_ref_from_integration_uri": [],
    "services.apigateway._invoke_lambda_proxy": [
        "integration", "api_id", "stage", "path", "method", "headers", "body", "query_params", "route_key",
    ],
    "services.cloudformation.provisioners._sm_secret_string": ["props"],
    "services.cloudformation.stacks._runs_on_worker_thread": ["resource_type"],
    "services.dynamodb._update_continuous_backups": ["data"],
    "services.dynamodb._update_ttl": ["data"],
    "services.eventbridge._dispatch_event": [],
    "services.eventbridge._dispatch_to_lambda": ["arn", "payload"],
    "services.eventbridge._invoke_target": ["target", "event", "rule", "view"],
    "services.cloudformation.provisioners._sfn_definition": ["props"],
    "services.lambda_svc._emit_lambda_logs": ["func", "request_id", "log_text"],
    "services.lambda_svc._execute_function": ["func", "event"],
    "services.lambda_svc._execution_record_for_config": ["func", "config"],
    "services.lambda_svc._get_func_record_for_ref": ["function_ref"],
    "services.lambda_svc._route_async_failure": ["target_arn", "func_name", "event", "result"],
    "services.lambda_svc._sqs_esm_concurrency": ["esm", "func_rec", "config"],
    "services.lambda_svc.function_policy_for_arn": ["resource_arn"],
    "services.lambda_svc.invoke_async_with_retry": ["func", "event"],
    "services.s3._bucket_default_sse_headers": ["bucket_name"],
    "services.s3._check_put_preconditions": ["headers", "existing_obj"],
    "services.s3._copy_object": ["bucket_name", "dest_key", "headers"],
    "services.s3._delete_persisted_bucket": ["name"],
    "services.s3._ensure_bucket": ["name"],
    "services.s3._fire_s3_event": ["bucket_name", "key", "event_name"],
    "services.s3._get_object": ["bucket_name", "key", "headers", "query_params"],
    "services.s3._parse_range": ["range_header", "total"],
    "services.s3._put_bucket_encryption": ["name", "body"],
    "services.s3._put_bucket_lifecycle": ["name", "body"],
    "services.s3._put_bucket_tagging": ["name", "body"],
    "services.secretsmanager._get_random_password": ["data"],
    "services.secretsmanager._resolve": ["secret_id"],
    "services.s3._range_error_xml": ["bucket_name", "key"],
    "services.s3._xml_body": [],
    "services.sns._deliver_to_lambda": ["endpoint", "envelope", "topic_arn", "sub_arn"],
    "services.sns._deliver_to_sqs": ["endpoint", "envelope", "raw", "raw_message"],
    "services.sns._fanout": ["topic_arn", "msg_id", "message"],
    "services.stepfunctions._add_event": ["execution", "event_type", "details"],
    "services.stepfunctions._create_state_machine": ["data"],
    "services.stepfunctions._emit_execution_status_event": ["execution"],
    "services.stepfunctions._execute_task": ["state_def", "raw_input", "execution", "ctx"],
    "services.stepfunctions._fail_execution": ["execution", "error", "cause"],
    "services.stepfunctions._invoke_resource": ["resource", "input_data"],
    "services.stepfunctions._stop_execution": ["data"],
    "services.stepfunctions._update_state_machine": ["data"],
    "services.sqs.queue_policy_allows": ["queue_arn", "service", "source_arn", "source_account"],
}  # fmt: skip
TABLES = [
    "app.SERVICE_HANDLERS",
    "core.iam_actions.SERVICE_TO_IAM_NAMESPACE",
    "core.iam_evaluator._request_origin",
    "core.router.SERVICE_PATTERNS",
    "services.cloudformation.provisioners._RESOURCE_HANDLERS",
    "services.iam._roles",
    "services.lambda_svc._functions",
    "services.stepfunctions._SERVICE_DISPATCH",
    "services.stepfunctions._state_machines",
]


COMPLETED = [
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::Lambda::Function",
    "AWS::SecretsManager::Secret",
    "AWS::StepFunctions::StateMachine",
]
NETWORK = [
    "InternetGateway",
    "Route",
    "RouteTable",
    "SecurityGroup",
    "Subnet",
    "SubnetRouteTableAssociation",
    "VPC",
    "VPCEndpoint",
    "VPCGatewayAttachment",
]


def hook(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    found = getattr(import_module(f"ministack.{module}"), attribute, None)
    assert found is not None, f"ministack {metadata.version('ministack')} has no {name}: see local/seams"
    return found


@pytest.mark.parametrize("name", HOOKS)
def test_ministack_has_the_hook_as_the_engine_calls_it(name: str) -> None:
    function: Callable[..., Any] = hook(name)
    parameters = list(inspect.signature(function).parameters)
    wanted = HOOKS[name]
    assert [parameter for parameter in parameters if parameter in wanted] == wanted, f"{name} takes {parameters} now"


@pytest.mark.parametrize("name", TABLES)
def test_ministack_has_the_table_that_the_engine_extends(name: str) -> None:
    assert hasattr(hook(name), "get")


@pytest.mark.parametrize("type_name", COMPLETED)
def test_ministack_creates_and_updates_the_types_that_the_engine_completes(type_name: str) -> None:
    handler = hook("services.cloudformation.provisioners._RESOURCE_HANDLERS")[type_name]
    assert {"create", "update", "delete"} <= set(handler)
    assert list(inspect.signature(handler["create"]).parameters) == ["logical_id", "props", "stack_name"]
    assert list(inspect.signature(handler["update"]).parameters)[:3] == ["physical_id", "old_props", "new_props"]


@pytest.mark.parametrize("name", NETWORK)
def test_ministack_makes_the_types_of_a_public_network(name: str) -> None:
    handler = hook("services.cloudformation.provisioners._RESOURCE_HANDLERS")[f"AWS::EC2::{name}"]
    assert {"create", "delete"} <= set(handler)
