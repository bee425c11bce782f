"""The one instance of a processing job: inputs, then the program until it ends, then outputs."""

from local.jobs.instance import Instance as JobInstance
from local.jobs.instance import NotStarted
from local.jobs.outcome import Outcome
from local.models import Record
from local.processing import details
from local.processing.channels import Channels
from local.programs import Program, UnknownImage

FOLDERS = ("/opt/ml/config", "/opt/ml/processing")
CONFIGURATION = (
    "ProcessingJobArn",
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "NetworkConfig",
    "RoleArn",
    "StoppingCondition",
)


class Instance(JobInstance):
    """One processing job at work."""

    names = details.NAMES

    def _work(self) -> Outcome:
        program = self._program()
        self._layout.prepare(folders=FOLDERS, files=self._files())
        outputs = self._detail.get("ProcessingOutputConfig", {"Outputs": []})
        channels = Channels(self._detail, layout=self._layout, objects=self._objects(outputs.get("KmsKeyId")))
        channels.bring()
        outcome = self._follow(program, self._layout.moved(self._detail.get("Environment", {})))
        if outcome.status == "Completed":
            channels.take()
        return outcome

    def _program(self) -> Program:
        application = self._detail["AppSpecification"]
        image = application["ImageUri"]
        self._check_role(image)
        arguments, entrypoint = details.words(self._layout.moved(application))
        try:
            return self._here.programs.program(
                image, arguments, entrypoint, scratch=self._layout.path("/opt/ml/processing")
            )
        except UnknownImage as error:
            raise NotStarted(f"ClientError: {error}") from error

    def _files(self) -> dict[str, Record]:
        told = {name: self._detail[name] for name in CONFIGURATION if name in self._detail}
        hosts = {"current_host": "algo-1", "hosts": ["algo-1"]}
        return {"/opt/ml/config/processingjobconfig.json": told, "/opt/ml/config/resourceconfig.json": hosts}

    @property
    def _isolated(self) -> bool:
        return bool(self._detail.get("NetworkConfig", {}).get("EnableNetworkIsolation"))

    def _failure(self) -> str:
        return self._layout.message()
