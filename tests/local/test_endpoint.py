"""Promises of an asynchronous endpoint."""

import json

import pytest
from botocore.exceptions import ClientError

from local import wire
from tests.local.conftest import EndpointHouse

pytestmark = pytest.mark.laptop


def test_answers_with_an_output_object_and_a_success_message(house: EndpointHouse) -> None:
    asked = house.invoke(b"walls", InferenceId="plan-1", CustomAttributes="job=1", Accept="application/json")
    told = house.message()
    assert told["invocationStatus"] == "Completed"
    assert told["inferenceId"] == asked["InferenceId"] == "plan-1"
    assert told["responseParameters"] == {
        "contentType": "application/vnd.test+json",
        "outputLocation": asked["OutputLocation"],
    }
    assert told["requestParameters"]["endpointName"] == house.name
    headers = json.loads(house.read(asked["OutputLocation"]))["headers"]
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "job=1"


def test_program_gets_the_environment_of_image_and_model_but_no_access_to_aws(house: EndpointHouse) -> None:
    asked = house.invoke(b"walls")
    house.message()
    environment = json.loads(house.read(asked["OutputLocation"]))["environment"]
    assert environment["GREETING"] == "hello there"
    assert environment["LOUPE_PAGES"] == "3"
    assert environment["BIND_HOST"] == "127.0.0.1"
    assert not [name for name in environment if name.startswith("AWS_")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"refuse", 'Received client error (400) from primary with message "no walls on page 1". See https://'),
        (b"die", "Received server error (0) from primary with message"),
        (b"endless", "did not specify the required Content-Length header"),
    ],
)
def test_failure_reaches_the_failure_object_and_the_error_topic(house: EndpointHouse, body: bytes, reason: str) -> None:
    asked = house.invoke(body)
    told = house.message()
    assert told["invocationStatus"] == "Failed"
    assert reason in told["failureReason"]
    assert reason in house.read(asked["FailureLocation"]).decode()


def test_a_request_that_takes_too_long_fails(house: EndpointHouse) -> None:
    house.invoke(b"wait", InvocationTimeoutSeconds=1)
    assert "timed out while waiting for a response" in house.message()["failureReason"]


def test_answers_again_after_its_program_died(house: EndpointHouse) -> None:
    house.invoke(b"die")
    assert house.message()["invocationStatus"] == "Failed"
    house.invoke(b"walls")
    assert house.message()["invocationStatus"] == "Completed"


def test_a_missing_input_fails_the_request_and_not_the_call(house: EndpointHouse) -> None:
    runtime = house.laptop.client("sagemaker-runtime")
    location = f"s3://{house.ids['Bucket']}/nothing"
    asked = runtime.invoke_endpoint_async(EndpointName=house.name, InputLocation=location)
    assert asked["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert "Failed to download" in house.message()["failureReason"]


def test_refuses_synchronous_calls_and_unknown_endpoints(house: EndpointHouse) -> None:
    runtime = house.laptop.client("sagemaker-runtime")
    with pytest.raises(ClientError, match="does not support this inference type"):
        runtime.invoke_endpoint(EndpointName=house.name, Body=b"")
    with pytest.raises(ClientError, match="not found"):
        runtime.invoke_endpoint_async(EndpointName="none", InputLocation="s3://a/b")


def test_is_described_with_its_configuration_and_model(house: EndpointHouse) -> None:
    sagemaker = house.laptop.client("sagemaker")
    described = sagemaker.describe_endpoint(EndpointName=house.name)
    assert described["EndpointStatus"] == "InService"
    configuration = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    [variant] = configuration["ProductionVariants"]
    assert sagemaker.describe_model(ModelName=variant["ModelName"])["ModelArn"] == house.ids["Model"]


def test_invocations_fail_as_often_as_a_fault_says(house: EndpointHouse) -> None:
    fault = {"action": "sagemaker:InvokeEndpointAsync", "times": 2, "error": "NotNow", "status": 400}
    house.laptop.inject(fault)
    for _ in range(2):
        with pytest.raises(ClientError, match="NotNow"):
            house.invoke(b"walls")
    house.invoke(b"walls")
    assert house.message()["invocationStatus"] == "Completed"


def test_a_doubled_publish_arrives_twice_and_a_dropped_one_never(house: EndpointHouse) -> None:
    house.laptop.inject({"action": "sns:Publish", "times": 1, "effect": "drop"})
    house.laptop.inject({"action": "sns:Publish", "times": 1, "effect": "double"})
    topic, sns = house.ids["Topic"], house.laptop.client("sns")
    for number in ("1", "2", "3"):
        sns.publish(TopicArn=topic, Message=number)
    assert sorted(str(house.message()) for _ in range(3)) == ["2", "2", "3"]


def test_a_fault_that_cannot_happen_is_refused(house: EndpointHouse) -> None:
    with pytest.raises(wire.EngineRefused, match="works on sns:Publish only"):
        house.laptop.inject({"action": "s3:PutObject", "times": 1, "effect": "drop"})


def test_a_removed_permission_names_action_and_resource(house: EndpointHouse) -> None:
    iam, role = house.laptop.client("iam"), house.ids["Role"]
    policy = iam.get_role_policy(RoleName=role, PolicyName="may")["PolicyDocument"]
    statements = [statement for statement in policy["Statement"] if "s3:GetObject" not in statement["Action"]]
    iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps({**policy, "Statement": statements}))
    try:
        house.invoke(b"walls")
        assert "AccessDenied" in house.message()["failureReason"]
    finally:
        iam.put_role_policy(RoleName=role, PolicyName="may", PolicyDocument=json.dumps(policy))
    denied = {(denial["action"], denial["resource"]) for denial in house.laptop.last_denials()}
    assert ("s3:GetObject", f"arn:aws:s3:::{house.ids['Bucket']}/input/plan") in denied
    assert "s3:GetObject" in (house.laptop.home / "denials.jsonl").read_text()
