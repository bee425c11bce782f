"""The platform on one screen: `cdk`, the laptop and the tests all start at `build`."""

import json
import sys
from dataclasses import replace
from pathlib import Path

from aws_cdk import App, Tags

from config import Config, UnknownEnvironment, config_for
from stacks.api import ApiStack
from stacks.archive import ArchiveStack
from stacks.model_build import ModelBuildStack
from stacks.ocr import OcrStack
from stacks.plate_runs import PlateRunsStack
from stacks.room_detection import RoomDetectionStack
from stacks.search import SearchStack
from stacks.storage import StorageStack


def build(config: Config, app: App) -> App:
    """Compose the platform of one environment."""
    storage = StorageStack(app, "Storage", config=config)
    rooms = RoomDetectionStack(app, "RoomDetection", config=config, storage=storage)
    OcrStack(app, "Ocr", config=config, storage=storage)
    PlateRunsStack(app, "PlateRuns", config=config, storage=storage)
    ArchiveStack(app, "Archive", config=config, storage=storage)
    ModelBuildStack(app, "ModelBuild", config=config, storage=storage)
    search = SearchStack(app, "Search", config=config, storage=storage)
    ApiStack(app, "Api", config=config, upload=rooms.upload, status=rooms.status, query=search.query)
    for name, value in config.tags.items():
        Tags.of(app).add(name, value)
    return app


def feature_flags() -> dict[str, object]:
    """The behaviour of the CDK that `cdk.json` fixes, for runs without the `cdk` command too."""
    flags: dict[str, object] = json.loads((Path(__file__).parent / "cdk.json").read_text())["context"]
    return flags


def main() -> None:
    app = App(context=feature_flags())
    try:
        config = config_for(app.node.try_get_context("env") or "dev")
    except UnknownEnvironment as error:
        sys.exit(str(error))
    image_uri = app.node.try_get_context("model_image_uri") or ""
    rooms = replace(config.room_detection, model_image_uri=image_uri)
    build(replace(config, room_detection=rooms), app).synth()


if __name__ == "__main__":
    main()
