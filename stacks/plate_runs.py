"""Plate runs: an archive of plates is measured in shards, each plate's run is sealed, the ledger told, the end too.

Somebody or the schedule → state machine → start → Processing jobs → ledger job → end → topic.
"""

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from config import Config
from lambdas.plate_runs.settings import CLAIMS, PLATES, EndSettings, StartSettings
from stacks.parts import grants
from stacks.parts.naming import parameter, stack_options
from stacks.parts.processing import LOG_GROUP
from stacks.parts.python_function import SliceFunctions
from stacks.plate_runs_jobs import PlateRunsJobs
from stacks.plate_runs_machine import PlateRunsMachine
from stacks.storage import StorageStack

_UNTIL_ENABLED = "rate(7 days)"


class PlateRunsStack(Stack):
    """Plates → sealed runs and their ledger."""

    def __init__(self, scope: Construct, construct_id: str, *, config: Config, storage: StorageStack) -> None:
        super().__init__(scope, construct_id, **stack_options(config, "plate-runs"))
        self._config, self._storage = config.plate_runs, storage
        self._functions = SliceFunctions(self, "plate_runs", config)
        self.notifications = sns.Topic(self, "Notifications", master_key=storage.key, enforce_ssl=True)
        self.jobs = PlateRunsJobs(self, "Jobs", config=config, storage=storage)
        self.start, self.end = self._start(), self._end()
        runs = PlateRunsMachine(self, "Runs", config=config, jobs=self.jobs, start=self.start, end=self.end)
        self.machine = runs.machine
        self._schedule()
        self._announce(config)

    def _start(self) -> lambda_.Function:
        """Claims run ids, and counts plates."""
        config, project = self._config, self._storage.project
        settings = StartSettings(
            project_bucket=project.bucket_name,
            models=",".join(config.models),
            shards=config.shards,
            most_shards=config.most_shards,
        )
        start = self._functions.add("start", settings, timeout_seconds=config.function_timeout_seconds)
        grants.read_objects(project, start, CLAIMS)
        grants.add_objects(project, start, CLAIMS)
        grants.list_keys_below(project, start, PLATES)
        return start

    def _end(self) -> lambda_.Function:
        settings = EndSettings(notification_topic=self.notifications.topic_arn)
        end = self._functions.add("end", settings, timeout_seconds=self._config.function_timeout_seconds)
        self.notifications.grant_publish(end)
        return end

    def _schedule(self) -> None:
        """Off unless the configuration says when; an enabled rule starts a new run each time."""
        when = events.Schedule.expression(self._config.schedule or _UNTIL_ENABLED)
        dataset = events.RuleTargetInput.from_object({"dataset": self._config.scheduled_dataset})
        target = targets.SfnStateMachine(self.machine, input=dataset)
        events.Rule(self, "Schedule", schedule=when, enabled=bool(self._config.schedule), targets=[target])

    def _announce(self, config: Config) -> None:
        told = {
            "state-machine": self.machine.state_machine_arn,
            "notification-topic": self.notifications.topic_arn,
            "log-group": LOG_GROUP,
        }
        for name, value in told.items():
            parameter(self, config, "plate_runs", name, value)
        CfnOutput(self, "StateMachineArn", value=self.machine.state_machine_arn)
        CfnOutput(self, "NotificationTopicArn", value=self.notifications.topic_arn)
