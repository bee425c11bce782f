"""The OCR slice on the laptop, for tests: datasets land or are asked for, files and endings are looked at."""

import json
import uuid
from pathlib import Path
from typing import Any

from local.laptop import Laptop
from loupe import contracts
from tests.ocr.hostile import KEY, Hostile
from tests.topics import Subscription


class Ocr:
    """The slice on the laptop, with an OCR service of its own."""

    def __init__(self, laptop: Laptop, service: Hostile) -> None:
        self.laptop, self.service = laptop, service
        self.s3, self.lambda_ = laptop.client("s3"), laptop.client("lambda")
        self.project, self.results = (self.parameter(f"storage/{name}-bucket") for name in ("project", "results"))
        self._topic = Subscription(laptop, self.parameter("ocr/notification-topic"))
        self.know_key(KEY)

    def parameter(self, name: str) -> str:
        found = self.laptop.client("ssm").get_parameter(Name=f"/loupe/laptop/{name}")
        return str(found["Parameter"]["Value"])

    def know_key(self, key: str) -> None:
        """Fill in the secret; with an empty key it is as a new deployment leaves it."""
        secret = json.dumps({"url": self.service.url, "key": key})
        self.laptop.client("secretsmanager").put_secret_value(
            SecretId=self.parameter("ocr/secret"), SecretString=secret
        )

    def lands(self, table: Path) -> str:
        """Put the dataset and its images; the dataset's name."""
        name = f"pages-{uuid.uuid4().hex[:8]}"
        for image in sorted((table.parent / "images").iterdir()):
            self.s3.upload_file(str(image), self.project, f"data/ocr/images/{image.name}")
        self.s3.upload_file(str(table), self.project, f"data/ocr/{name}.parquet")
        return name

    def asked(self, name: str) -> dict[str, Any]:
        """What the submit function answers to a person."""
        request = json.dumps({"bucket": self.project, "key": f"data/ocr/{name}.parquet"})
        answer = self.lambda_.invoke(FunctionName=self.parameter("ocr/submit-function"), Payload=request)
        return dict(json.loads(answer["Payload"].read()))

    def files(self, name: str) -> dict[str, bytes]:
        """The run's files by name, but those that only a later attempt reads."""
        listed = self.s3.list_objects_v2(Bucket=self.results, Prefix=f"ocr/{name}/").get("Contents", [])
        bodies = {item["Key"]: self.s3.get_object(Bucket=self.results, Key=item["Key"]) for item in listed}
        files = {key.rsplit("/", 1)[-1]: found["Body"].read() for key, found in bodies.items()}
        return {file: body for file, body in files.items() if not file.startswith("kept-")}

    def endings(self, name: str) -> list[dict[str, Any]]:
        told = [contracts.check("ocr/notification", said) for said in self._topic.said()]
        return [one for one in told if one["dataset"].endswith(f"/{name}.parquet")]

    def jobs(self, run_id: str) -> list[dict[str, Any]]:
        batch = self.laptop.client("batch")
        by_name = [{"name": "JOB_NAME", "values": [f"ocr-{run_id}"]}]
        return list(batch.list_jobs(jobQueue=self.parameter("ocr/queue"), filters=by_name)["jobSummaryList"])
