"""What the pipeline's role may do is what a build needs: with a statement less, the engine names what is missing."""

from pathlib import Path

import pytest

from tests.model_build.drills import evaluating
from tests.model_build.platform import Builds
from tests.permissions import assert_named, denied, permissions, without
from tests.waiting import happens

pytestmark = [pytest.mark.laptop, pytest.mark.denies]
UNSEEN = {
    "cloudwatch:PutMetricData": "the engine publishes no metrics of jobs",
    "ecr:GetAuthorizationToken": "the engine asks for the image, not for a token",
    "EndedEvents kms:Decrypt": "the engine does not ask for the key of a topic",
    "JudgedEvents kms:Decrypt": "as above",
}


@pytest.mark.parametrize(("role", "actions"), permissions("ModelBuild", unseen=UNSEEN))
def test_a_missing_permission_is_named_with_its_action_and_resource(
    builds: Builds, role: str, actions: list[str], tables: tuple[Path, Path], tmp_path: Path
) -> None:
    bundle = evaluating(tmp_path / "drill", '{"metrics": {"accuracy": {"value": 0.9}}}')
    before = builds.laptop.status().denials
    with without(builds.laptop, "model-build", role, actions):
        _, steps = builds.run(bundle, *tables)
        if steps["RegisterModel"].state == "Succeeded":
            builds.versions.judge(steps["RegisterModel"].said.removeprefix("version "), "Approved", "")
        assert happens(lambda: denied(builds.laptop, before), 60)
    assert_named(builds.laptop.status().last_denials[-1], role, actions)
