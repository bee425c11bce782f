"""cdk-nag's AwsSolutions pack finds nothing in production that is not accepted here, with its reason."""

import json
import re
from pathlib import Path

import pytest
from aws_cdk import Validations
from cdk_nag import AwsSolutionsChecks

from config import PROD
from tests.conftest import new_app

ACCEPTED = {
    r"IAM5\[Resource::\*\] RoomDetection/Endpoint/Role": "an ECR token and CloudWatch metrics have no ARN to name",
    r"IAM5\[Resource::.*log-group:/aws/sagemaker/Endpoints/\*\] RoomDetection/Endpoint/Role": (
        "SageMaker makes the log group of an endpoint itself, under the endpoint's generated name"
    ),
    r"IAM5\[Resource::.*/room_detection/endpoint/(input|output|failure)/\*\]": "one prefix, one verb: objects have ids",
    r"IAM5\[Resource::.*/blueprints/\*\]": "uploads land under this prefix with names that people choose",
    r"IAM5\[Resource::.*/room_detection/\*\]": "answers are kept under this prefix by job id",
    r"IAM5\[Resource::\*\] Ocr/Job/ExecutionRole": "an ECR token names no repository",
    r"IAM5\[Resource::\*\] Ocr/SubmitRole": "AWS grants the list of jobs for all queues or for none",
    r"IAM5\[Resource::.*/data/\*\]": "jobs read datasets, images that they name and embeddings, wherever under data/",
    r"IAM5\[Resource::.*/data/reference/\*\]": "versions of the reference lie under this prefix by their names",
    r"IAM5\[Resource::.*/data/ocr/\*\]": "datasets land under this prefix with names that people choose",
    r"IAM5\[Resource::\*\] PlateRuns/Jobs/(Run|Ledger)Role": "an ECR token and CloudWatch metrics have no ARN to name",
    r"IAM5\[Resource::\*\] Search/BuildRole": "an ECR token and CloudWatch metrics have no ARN to name",
    r"IAM5\[Resource::\*\] ModelBuild/Role": "an ECR token and CloudWatch metrics have no ARN to name",
    r"IAM5\[Resource::.*/(data/curated|pipeline/code|pipeline/runtime/[^/]*)/\*\] ModelBuild/Role": (
        "tables, bundles by commit, and what executions leave lie under one prefix each"
    ),
    r"IAM5\[Resource::.*:(processing|training)-job/pipelines-\*\] ModelBuild/Role": "SageMaker names jobs of pipelines",
    r"IAM5\[Resource::.*:model-package/.*/\*\] ModelBuild/Role": "the versions of a group have numbers",
    r"IAM5\[Resource::\*\] PlateRuns/Runs/Role": "deliveries of logs and traces have no ARN to name",
    r"IAM5\[Resource::.*log-group:/aws/sagemaker/(Processing|Training)Jobs\*\] (PlateRuns|Search|ModelBuild)/": (
        "SageMaker makes these log groups itself, and a stream in them for each job"
    ),
    r"IAM5\[Resource::.*:processing-job/run-\*\] PlateRuns/Runs/Role": "jobs are called after their run and execution",
    r"IAM5\[Resource::.*/plates/\*/(plates_structured|schemas|ledger|reports)/.*\] PlateRuns/": (
        "one part of the tree, in datasets that people name"
    ),
    r"IAM5\[Resource::.*/ocr/\*\]": "runs are kept under this prefix by dataset and id",
    r"IAM5\[Resource::\*\] Archive/MetricsRole": "lists of model packages have no ARN to name",
    r"IAM5\[Resource::\*\] Archive/Nights/Role": "deliveries of logs and traces have no ARN to name",
    r"IAM5\[Resource::[^/]*/\*\] Archive/VerifyRole": "what is verified is everything that the project bucket holds",
    r"IAM5\[Resource::.*/(metadata/verification|analytics/metrics)/\*\] Archive/": (
        "one prefix, one verb: reports have dates, figures names"
    ),
    r"IAM5\[Resource::.*/(models/\*/model|ocr/\*/manifest)\.json\*\] Archive/": (
        "one file of each model, and of each run"
    ),
    r"IAM5\[Resource::.*/plates/\*/reports/\*\] Archive/": "how each shard of each run has ended",
    r"IAM5\[Resource::.*:model-package/.*/\*\] Archive/": "the versions of a group have numbers",
    r"SMG4 Ocr/Job/Secret": "the key is the OCR service's: its makers change it, no function of ours can",
    r"VPC7 Ocr/Job/Network/Vpc": "nothing can call in, and what jobs call is in their own logs",
    r"IAM5\[Action::kms:(GenerateDataKey|ReEncrypt)\*\]": "both variants of one verb, on the platform's one key",
}


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    outdir = tmp_path_factory.mktemp("nag")
    app = new_app(PROD, outdir)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="Validation"):
        app.synth()
    return found(outdir / "validation-report.json")


def found(report: Path) -> list[str]:
    plugins = json.loads(report.read_text())["pluginReports"]
    violations = [violation for plugin in plugins for violation in plugin["violations"]]
    return [f"{v['ruleName']} {c['constructPath']}" for v in violations for c in v["violatingConstructs"]]


def test_every_finding_is_accepted_with_a_reason(findings: list[str]) -> None:
    assert [finding for finding in findings if not any(re.search(pattern, finding) for pattern in ACCEPTED)] == []


@pytest.mark.parametrize("pattern", ACCEPTED)
def test_nothing_is_accepted_that_is_not_found(findings: list[str], pattern: str) -> None:
    assert [finding for finding in findings if re.search(pattern, finding)]
