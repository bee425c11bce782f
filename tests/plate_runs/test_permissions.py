"""What the stack's roles may do is what a run needs: with a statement less, the engine names what is missing."""

from pathlib import Path

import pytest

from tests.permissions import assert_named, denied, permissions, without
from tests.plate_runs.archives import archive
from tests.plate_runs.platform import Plates
from tests.waiting import happens

pytestmark = [pytest.mark.laptop, pytest.mark.denies]
UNSEEN = {
    "cloudwatch:PutMetricData": "the engine publishes no metrics of jobs",
    "ecr:GetAuthorizationToken": "the engine asks for the image, not for a token",
    "logs:CreateLogDelivery": "the engine keeps no logs and traces of executions",
    "End kms:Decrypt": "the engine does not ask for the key of a topic",
    "Runs events:DescribeRule": "asked for when the machine is made, not when it runs",
    "RunsMachineEvents states:StartExecution": "the schedule is off",
}


@pytest.mark.parametrize(("role", "actions"), permissions("PlateRuns", unseen=UNSEEN))
def test_a_missing_permission_is_named_with_its_action_and_resource(
    plates: Plates, role: str, actions: list[str], tmp_path: Path
) -> None:
    dataset = plates.arrives(archive(tmp_path / "plates", 1))
    before = plates.laptop.denials()
    with without(plates.laptop, "plate-runs", role, actions):
        execution = plates.start(dataset, models=["cpu-baseline-v1"], shards=1)
        assert happens(lambda: denied(plates.laptop, before), 60)
        denial = next(iter(plates.laptop.last_denials()[-1:]))
        plates.stop(execution)
    assert_named(denial, role, actions)
