"""Pipelines, made by stacks and by SDKs, kept on disk."""

import copy
import time
from collections.abc import Callable
from pathlib import Path

from local.models import InvalidRecord, Record
from local.pipelines import checks
from local.records import Records
from local.requests import NotFound, checked, fits, page
from local.seams import account, resources
from local.tags import Change, by_key

NAME, ARN, BODY = "PipelineName", "PipelineArn", "PipelineDefinition"
_CHANGEABLE = ("PipelineDisplayName", BODY, "PipelineDescription", "RoleArn", "ParallelismConfiguration")
_TOKEN = "0" * 32  # requests need one; a stack's are made once
_SUMMARY = (ARN, NAME, "PipelineDisplayName", "PipelineDescription", "RoleArn", "CreationTime", "LastModifiedTime")
_SORTED_BY = {"Name": NAME, "CreationTime": "CreationTime"}


class Pipelines:
    """All pipelines; `forget` lets go of the executions of one that is deleted, or refuses."""

    def __init__(self, file: Path, *, forget: Callable[[str], None]) -> None:
        self._records, self._forget = Records(file), forget

    def install(self) -> None:
        """Let templates make pipelines."""
        resources.add_resource_type(
            "AWS::SageMaker::Pipeline", create=self._make, update=self._change, delete=self._unmake
        )

    def add(self, ask: Record) -> str:
        """Make a pipeline; the same request token makes it once. Answer its ARN."""
        name = ask[NAME]
        with self._records.lock:
            known = self._records.all.get(name.lower())
            if known and known["token"] == ask["ClientRequestToken"] != _TOKEN:
                return arn(name)
            if known:
                raise InvalidRecord(
                    "Pipeline names must be unique within an AWS account and region. "
                    f"Pipeline with name ({name}) already exists."
                )
            now = time.time()
            made = {
                NAME: name,
                ARN: arn(name),
                "PipelineStatus": "Active",
                "CreationTime": now,
                "LastModifiedTime": now,
            }
            record = {"token": ask["ClientRequestToken"], "tags": by_key(ask.get("Tags", [])), "detail": made}
            self._fill(record["detail"], ask)
            self._records.all[name.lower()] = record
            self._records.save()
        return arn(name)

    def update(self, ask: Record) -> str:
        """Change a pipeline for the executions that start from now on; answer its ARN."""
        with self._records.lock:
            detail = self._record(ask[NAME])["detail"]
            self._fill(detail, ask)
            detail["LastModifiedTime"] = time.time()
            self._records.save()
        return str(detail[ARN])

    def remove(self, name: str) -> str:
        """Forget a pipeline and its executions, if none runs; answer its ARN."""
        with self._records.lock:
            detail = self._record(name)["detail"]
            self._forget(detail[NAME])
            del self._records.all[detail[NAME].lower()]
            self._records.save()
        return str(detail[ARN])

    def find(self, name: str) -> Record:
        """A pipeline as it is described, by its name or ARN."""
        return copy.deepcopy(self._record(name)["detail"])

    def ran(self, name: str) -> None:
        """Keep that a pipeline was started."""
        with self._records.lock:
            self._record(name)["detail"]["LastRunTime"] = time.time()
            self._records.save()

    def list(self, ask: Record) -> Record:
        """The pipelines that a request asks for."""
        every = [record["detail"] for record in self._records.all.values()]
        found = [detail for detail in every if _wanted(detail, ask)]
        by, down = _SORTED_BY[ask.get("SortBy", "CreationTime")], ask.get("SortOrder", "Descending") == "Descending"
        listed, more = page(found, ask, by=by, descending=down)
        return {"PipelineSummaries": [_summary(detail) for detail in listed], **more}

    def tag(self, name: str, change: Change) -> dict[str, str]:
        """Change the tags of a pipeline; answer all it has."""
        with self._records.lock:
            record = self._record(name)
            change(record["tags"])
            self._records.save()
            return dict(record["tags"])

    def _record(self, name: str) -> Record:
        found = self._records.all.get(name.rpartition("/")[2].lower())
        if found is None:
            raise NotFound(f"Pipeline '{arn(name)}' does not exist.")
        return found

    def _fill(self, detail: Record, ask: Record) -> None:
        if BODY not in ask and ("PipelineDefinitionS3Location" in ask or BODY not in detail):
            raise InvalidRecord(f"The laptop takes a pipeline's definition as {BODY} only.")
        if BODY in ask:
            checks.read(ask[BODY])
        detail.update({name: copy.deepcopy(ask[name]) for name in _CHANGEABLE if name in ask})

    def _make(self, logical_id: str, properties: Record, stack: str) -> resources.Created:
        asked = {NAME: f"{stack}-{logical_id}"[:256], "ClientRequestToken": _TOKEN, **_as_request(properties)}
        self.add(checked("CreatePipeline", asked))
        return asked[NAME], {}

    def _change(self, name: str, old: Record, new: Record, stack: str, logical_id: str) -> resources.Created:
        """A pipeline of another name is another pipeline."""
        if new.get(NAME) != old.get(NAME):
            made = self._make(logical_id, new, stack)
            self.remove(name)
            return made
        asked = {**_as_request(new), NAME: name}
        tags = asked.pop("Tags", [])
        self.update(checked("UpdatePipeline", asked))
        self.tag(name, lambda known: _replace(known, by_key(tags)))
        return name, {}

    def _unmake(self, name: str, _properties: Record) -> None:
        self.remove(name)


def arn(name: str) -> str:
    """The ARN of a pipeline, given as its name or as its ARN."""
    return account.arn("sagemaker", f"pipeline/{name.rpartition('/')[2].lower()}")


def _replace(known: dict[str, str], tags: dict[str, str]) -> None:
    known.clear()
    known.update(tags)


def _as_request(properties: Record) -> Record:
    """A template's properties as the parameters of a request."""
    definition = properties["PipelineDefinition"]
    if not isinstance(definition, dict) or "PipelineDefinitionBody" not in definition:
        raise InvalidRecord("The laptop takes a pipeline's definition as PipelineDefinitionBody only.")
    asked = {**properties, BODY: definition["PipelineDefinitionBody"]}
    if parallel := properties.get("ParallelismConfiguration"):
        asked["ParallelismConfiguration"] = {name: int(value) for name, value in parallel.items()}
    return asked


def _summary(detail: Record) -> Record:
    last = {"LastExecutionTime": detail["LastRunTime"]} if "LastRunTime" in detail else {}
    return {**{name: detail[name] for name in _SUMMARY if name in detail}, **last}


def _wanted(detail: Record, ask: Record) -> bool:
    return fits(
        ask,
        {
            "PipelineNamePrefix": detail[NAME].startswith,
            "CreatedAfter": lambda at: detail["CreationTime"] > at,
            "CreatedBefore": lambda at: detail["CreationTime"] < at,
        },
    )
