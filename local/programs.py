"""Image assets of an assembly, kept by their hash, and the program that each image would run."""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from local import managed_images
from local.dockerfile import UnsupportedDockerfile, last_stage


class UnknownImage(ValueError):
    """An image that is no asset of the assembly, so the laptop has no program for it."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """A command with its folder and the environment that its image gives it."""

    directory: Path
    command: tuple[str, ...]
    environment: dict[str, str]


class Programs:
    """The kept image assets; they outlive the assembly that brought them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, image_hash: str, source: Path, dockerfile: str) -> None:
        """Copy an image asset once; its hash names its content."""
        kept = self._folder / image_hash
        if kept.exists():
            return
        draft = self._folder / f".{image_hash}.{os.getpid()}"
        shutil.copytree(source, draft / "context", symlinks=True)
        (draft / "dockerfile").write_text(dockerfile)
        draft.rename(kept)

    def program(
        self, image: str, arguments: tuple[str, ...], entrypoint: tuple[str, ...] = (), *, scratch: Path = Path()
    ) -> Program:
        """What `docker run [--entrypoint …] <image> <arguments>` would start, on this machine's Python.

        A managed image works in `scratch`; an image asset in its own folder.
        """
        if managed_images.managed(image):
            return _managed(image, arguments, entrypoint, scratch)
        kept = self._folder / image.rpartition(":")[2]
        if ":" not in image or not kept.is_dir():
            raise UnknownImage(f"The image {image} is not an image asset of this assembly: the laptop cannot run it.")
        context = kept / "context"
        try:
            stage = last_stage((context / (kept / "dockerfile").read_text()).read_text())
        except UnsupportedDockerfile as error:
            raise UnknownImage(f"The image {image} cannot run on the laptop: {error}") from error
        first, *rest = entrypoint or stage.entrypoint
        command = (_here(first), *rest, *(arguments or (() if entrypoint else stage.command)))
        environment = {name: value for name, value in stage.environment.items() if name != "PATH"}
        return Program(directory=context, command=command, environment=environment)


def _managed(image: str, arguments: tuple[str, ...], entrypoint: tuple[str, ...], scratch: Path) -> Program:
    if reason := managed_images.why_not(entrypoint, scratch):
        raise UnknownImage(f"The image {image} cannot run on the laptop: {reason}.")
    command = (_here(entrypoint[0]), *entrypoint[1:], *arguments)
    return Program(directory=scratch, command=command, environment=managed_images.ENVIRONMENT)


def machine_path() -> str:
    """Where programs are looked for: this Python's own first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _here(executable: str) -> str:
    """The image's executable on this machine: the same name, from this Python's environment first."""
    return shutil.which(Path(executable).name, path=machine_path()) or executable
