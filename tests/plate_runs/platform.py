"""The slice on the laptop, for tests: archives arrive, runs are started, their tree and their ends are looked at."""

import io
import json
import re
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pyarrow.parquet as pq
from botocore.config import Config
from botocore.exceptions import ClientError

from config import LAPTOP
from containers.plate_runs.settings import DATASET
from local.laptop import Laptop
from loupe import contracts
from tests.topics import Subscription
from tests.waiting import eventually

ENDED = {"SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"}
_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::000000000000:root"}, "Action": "sts:AssumeRole"}
_EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


class Plates:
    """The slice on the laptop."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.s3, self.states, self.iam = (laptop.client(name) for name in ("s3", "stepfunctions", "iam"))
        self.project = self.parameter("storage/project-bucket")
        self.machine = self.parameter("plate_runs/state-machine")
        self._topic = Subscription(laptop, self.parameter("plate_runs/notification-topic"))

    def parameter(self, name: str) -> str:
        found = self.laptop.client("ssm").get_parameter(Name=f"/loupe/laptop/{name}")
        return str(found["Parameter"]["Value"])

    def arrives(self, folder: Path) -> str:
        """Put an archive; the dataset's name."""
        dataset = f"birds-{uuid.uuid4().hex[:8]}"
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"plates/{dataset}/{path.relative_to(folder)}", path.read_bytes())
        return dataset

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.project, Key=key, Body=body)

    def start(self, dataset: str, **more: Any) -> str:
        """Start an execution; its ARN."""
        asked = json.dumps({"dataset": dataset, **more})
        return str(self.states.start_execution(stateMachineArn=self.machine, input=asked)["executionArn"])

    def stop(self, execution: str) -> None:
        """Stop an execution, if it still runs, with its jobs."""
        with suppress(ClientError):
            self.states.stop_execution(executionArn=execution)

    def ended(self, execution: str) -> dict[str, Any]:
        """What was told of an execution, once it has ended."""
        eventually(lambda: self.status(execution) in ENDED)
        [told] = [told for told in self._topic.said() if told["execution"] == execution]
        assert told["state"] == self.status(execution)
        return dict(contracts.check("plate_runs/notification", told))

    def run(self, dataset: str, **more: Any) -> dict[str, Any]:
        return self.ended(self.start(dataset, **more))

    def status(self, execution: str) -> str:
        return str(self.states.describe_execution(executionArn=execution)["status"])

    def jobs(self, run_id: str) -> dict[str, dict[str, Any]]:
        """A run's jobs by what their names have after the execution's part."""
        sagemaker = self.laptop.client("sagemaker")
        found = sagemaker.list_processing_jobs(NameContains=run_id, MaxResults=100)["ProcessingJobSummaries"]
        names = [one["ProcessingJobName"] for one in found]
        return {name[38:]: dict(sagemaker.describe_processing_job(ProcessingJobName=name)) for name in names}

    def running(self, dataset: str) -> list[str]:
        """The names of jobs in progress that measure a dataset."""
        sagemaker = self.laptop.client("sagemaker")
        found = sagemaker.list_processing_jobs(StatusEquals="InProgress", MaxResults=100)["ProcessingJobSummaries"]
        jobs = [sagemaker.describe_processing_job(ProcessingJobName=one["ProcessingJobName"]) for one in found]
        return [job["ProcessingJobName"] for job in jobs if job["Environment"][DATASET].endswith(f"/{dataset}")]

    def keys(self, dataset: str, below: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.project, Prefix=f"plates/{dataset}/{below}"
        )
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def tree(self, dataset: str) -> dict[str, bytes]:
        """Everything below the plates, as `archives.tree` has it of a folder."""
        return {key.split("/", 3)[3]: self.read(key) for key in self.keys(dataset, "plates_structured/")}

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=self.project, Key=key)["Body"].read())

    def ledger(self, dataset: str, name: str) -> list[dict[str, Any]]:
        table = pq.read_table(io.BytesIO(self.read(f"plates/{dataset}/ledger/{name}.parquet")))
        return list(table.to_pylist())

    def acting_as(self, role: str) -> Any:
        """S3 as one of the stack's roles, which for this test lets the account assume it."""
        pattern = re.compile(rf"loupe-laptop-plate-runs-{role}[0-9A-F]{{8}}")
        [found] = [one for one in self.iam.list_roles()["Roles"] if pattern.search(one["RoleName"])]
        trust = {"Version": "2012-10-17", "Statement": [*found["AssumeRolePolicyDocument"]["Statement"], _ACCOUNT]}
        self.iam.update_assume_role_policy(RoleName=found["RoleName"], PolicyDocument=json.dumps(trust))
        return self._assuming(found["Arn"])

    def breaking_glass(self) -> Any:
        """S3 as the role that people make for the day on which something must be deleted."""
        name, trust = LAPTOP.break_glass_role, json.dumps({"Version": "2012-10-17", "Statement": [_ACCOUNT]})
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]
        self.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_EVERYTHING)
        return self._assuming(made["Arn"])

    def administrator(self) -> Any:
        """S3 as a user who may do everything that policies can allow."""
        name = f"admin-{uuid.uuid4().hex[:8]}"
        self.iam.create_user(UserName=name)
        self.iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=_EVERYTHING)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return self._s3(key["AccessKeyId"], key["SecretAccessKey"], None)

    def _assuming(self, role_arn: str) -> Any:
        keys = self.laptop.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="drill")["Credentials"]
        return self._s3(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    def _s3(self, key: str, secret: str, token: str | None) -> Any:
        session = boto3.Session(key, secret, token, region_name="us-east-1")
        return session.client(
            "s3",
            endpoint_url=self.laptop.url,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )
