"""A CDK cloud assembly folder in, its stacks out: templates, file and image assets, and what depends on what."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

_ENVIRONMENT = {"AWS::AccountId": "000000000000", "AWS::Region": "us-east-1", "AWS::Partition": "aws"}


class UnreadableAssembly(ValueError):
    """A folder that is no cloud assembly, or one that the laptop cannot deploy; the text says why."""


@dataclass(frozen=True, kw_only=True)
class FileAsset:
    """A file or folder and the object that the templates expect it to be."""

    source: Path
    folder: bool
    bucket: str
    key: str


@dataclass(frozen=True, kw_only=True)
class ImageAsset:
    """A folder that would be built into an image, and the tag that names it in templates."""

    source: Path
    dockerfile: str
    tag: str


@dataclass(frozen=True, kw_only=True)
class StackArtifact:
    """One stack of the assembly."""

    name: str
    template_file: Path
    needs: frozenset[str]
    files: tuple[FileAsset, ...]
    images: tuple[ImageAsset, ...]

    @cached_property
    def template(self) -> dict[str, Any]:
        """The template as CDK wrote it."""
        loaded: dict[str, Any] = json.loads(self.template_file.read_text())
        return loaded

    @cached_property
    def template_location(self) -> tuple[str, str]:
        """Bucket and key of the template's own asset."""
        return next((file.bucket, file.key) for file in self.files if file.source == self.template_file)


def read_assembly(folder: Path) -> list[StackArtifact]:
    """The stacks of an assembly, in any order."""
    manifest_file = folder / "manifest.json"
    if not manifest_file.exists():
        raise UnreadableAssembly(f"{folder} has no manifest.json: it is no cloud assembly.")
    artifacts = json.loads(manifest_file.read_text())["artifacts"]
    nested = sorted(name for name, artifact in artifacts.items() if artifact["type"] == "cdk:cloud-assembly")
    if nested:
        raise UnreadableAssembly(f"{folder} nests its stacks in {', '.join(nested)}: stacks must be at the top.")
    stacks = {name: artifact for name, artifact in artifacts.items() if artifact["type"] == "aws:cloudformation:stack"}
    return [_stack(folder, name, artifacts, frozenset(stacks)) for name in stacks]


def _stack(folder: Path, artifact_name: str, artifacts: dict[str, Any], stacks: frozenset[str]) -> StackArtifact:
    artifact = artifacts[artifact_name]
    needs = artifact.get("dependencies", [])
    assets = [
        artifacts[name]["properties"]["file"] for name in needs if artifacts[name]["type"] == "cdk:asset-manifest"
    ]
    files, images = _assets(folder, assets)
    return StackArtifact(
        name=artifact["properties"].get("stackName", artifact_name),
        template_file=folder / artifact["properties"]["templateFile"],
        needs=frozenset(artifacts[name]["properties"].get("stackName", name) for name in needs if name in stacks),
        files=files,
        images=images,
    )


def _assets(folder: Path, manifests: list[str]) -> tuple[tuple[FileAsset, ...], tuple[ImageAsset, ...]]:
    files: list[FileAsset] = []
    images: list[ImageAsset] = []
    for manifest in manifests:
        listed = json.loads((folder / manifest).read_text())
        for asset in listed.get("files", {}).values():
            files += [_file(folder, asset["source"], place) for place in asset["destinations"].values()]
        for asset in listed.get("dockerImages", {}).values():
            images += [_image(folder, asset["source"], place) for place in asset["destinations"].values()]
    return tuple(files), tuple(images)


def _file(folder: Path, source: dict[str, Any], place: dict[str, Any]) -> FileAsset:
    return FileAsset(
        source=folder / source["path"],
        folder=source.get("packaging") == "zip",
        bucket=_resolved(place["bucketName"]),
        key=_resolved(place["objectKey"]),
    )


def _image(folder: Path, source: dict[str, Any], place: dict[str, Any]) -> ImageAsset:
    return ImageAsset(
        source=folder / source["directory"],
        dockerfile=source.get("dockerFile", "Dockerfile"),
        tag=place["imageTag"],
    )


def _resolved(text: str) -> str:
    for name, value in _ENVIRONMENT.items():
        text = text.replace(f"${{{name}}}", value)
    return text
