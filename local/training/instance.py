"""The one instance of a training job: channels, then the script of its code until it ends, then its model."""

import time

from local.jobs.instance import Instance as JobInstance
from local.jobs.instance import NotStarted
from local.jobs.outcome import Outcome
from local.models import Record
from local.programs import Program, UnknownImage
from local.training import details, script
from local.training.tarball import pack
from local.training.transitions import entered
from loupe.archives import UnsafeArchive, unpack

FOLDERS = (script.CODE, script.MODEL, script.DATA)


class Instance(JobInstance):
    """One training job at work."""

    names = details.NAMES

    def _work(self) -> Outcome:
        program = self._program()
        self._layout.prepare(folders=FOLDERS, files=script.files(self._detail))
        objects = self._objects(self._detail["OutputDataConfig"].get("KmsKeyId"))
        self._enter("Downloading")
        for channel in self._detail["InputDataConfig"]:
            place = self._layout.path(script.folder(channel["ChannelName"]))
            objects.bring(channel["DataSource"]["S3DataSource"]["S3Uri"], place)
        self._enter("Training")
        self._bring_code()
        outcome = self._follow(program, self._layout.moved(script.environment(self._detail)))
        if outcome.status == "Completed" or (outcome.status == "Stopped" and self._has_model()):
            self._enter("Uploading")
            self._take_model()
        return outcome

    def _has_model(self) -> bool:
        return any(self._layout.path(script.MODEL).iterdir())

    def _program(self) -> Program:
        image = self._detail["AlgorithmSpecification"]["TrainingImage"]
        self._check_role(image)
        entrypoint = ("python3", "-m", script.module(self._detail))
        words = tuple(self._layout.moved(script.arguments(self._detail)))
        try:
            return self._here.programs.program(image, words, entrypoint, scratch=self._layout.path(script.CODE))
        except UnknownImage as error:
            raise NotStarted(f"ClientError: {error}") from error

    def _bring_code(self) -> None:
        """Fetch and unpack the code as the images' toolkit does: from within the container, as its role."""
        source, tarball = script.source(self._detail), self._layout.path("/opt/ml/code.tar.gz")
        if self._isolated:
            raise _toolkit_failed(f"{source} cannot be fetched under network isolation")
        self._objects(None).bring_one(source, tarball)
        code = self._layout.path(script.CODE)
        try:
            unpack(tarball, code)
        except UnsafeArchive as error:
            raise _toolkit_failed(f"{source}: {error}".rstrip(".")) from error
        if not (code / f"{script.module(self._detail)}.py").is_file():
            raise _toolkit_failed(f"{source} has no {script.module(self._detail)}.py at its root")
        if (code / "requirements.txt").exists():
            raise _toolkit_failed(f"{source} has a requirements.txt, which the laptop does not install")

    def _take_model(self) -> None:
        """Upload the model and, if the script left any, its other output."""
        output = self._detail["OutputDataConfig"]
        place = f"{output['S3OutputPath'].rstrip('/')}/{self._name}/output"
        objects = self._objects(output.get("KmsKeyId"))
        tarball = self._layout.path("/opt/ml/model.tar.gz")
        pack(self._layout.path(script.MODEL), tarball)
        objects.take_one(tarball, f"{place}/model.tar.gz")
        if any(self._layout.path(script.DATA).iterdir()):
            tarball = self._layout.path("/opt/ml/output.tar.gz")
            pack(self._layout.path("/opt/ml/output"), tarball)
            objects.take_one(tarball, f"{place}/output.tar.gz")
        self._tell(ModelArtifacts={"S3ModelArtifacts": f"{place}/model.tar.gz"})

    def _enter(self, status: str) -> None:
        self._detail.update(entered(self._detail, status, time.time()))
        told: Record = {name: self._detail[name] for name in ("SecondaryStatus", "SecondaryStatusTransitions")}
        self._tell(**told)

    @property
    def _isolated(self) -> bool:
        return bool(self._detail.get("EnableNetworkIsolation"))

    def _failure(self) -> str:
        command = " ".join(["python3", "-m", script.module(self._detail), *script.arguments(self._detail)])
        return self._layout.message("failure") or f'ExecuteUserScriptError:\nCommand "{command}"'


def _toolkit_failed(why: str) -> NotStarted:
    return NotStarted(f"AlgorithmError: framework error: {why}, exit code: 1")
