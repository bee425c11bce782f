"""Everything that the engine adds to ministack, composed."""

import threading
from functools import partial
from pathlib import Path
from typing import Any

from local import logs, properties
from local.admin import Admin
from local.batch.jobs import Jobs
from local.batch.queues import Queues
from local.batch.service import Batch
from local.denials import Denials
from local.executions import Executions
from local.faults import Faults
from local.invocations import Invocations
from local.machine_learning import MachineLearning
from local.models import Models
from local.programs import Programs
from local.scaling import Scaling
from local.seams import access, deliveries, functions, objects, state
from local.seams.platform import Platform
from local.stand_ins import NAMES, StandIn
from local.surroundings import Surroundings


class Services:
    """The AWS of one laptop."""

    def __init__(self, home: Path, *, port: int) -> None:
        self._saving = threading.Lock()
        denials, faults = Denials(home / "denials.jsonl"), Faults()
        platform = Platform(denials.record)
        programs, url = Programs(home / "programs"), f"http://127.0.0.1:{port}"
        self._models = Models(home=home, programs=programs, may_pull=platform.may_pull, url=url)
        queues = Queues(home / "batch.json", programs)
        here = Surroundings(home=home, url=url, programs=programs, platform=platform)
        self._jobs = Jobs(queues, here, emit=partial(self._emit, "aws.batch"))
        self._learning = MachineLearning(here, self._models, emit=self._emit)
        faults.strikes = {"ecs:StopTask": self._jobs.stop_tasks, **self._learning.strikes}
        self._executions = Executions(here, self._learning.processing, on_change=self._note_change)
        self._stand_ins = [StandIn(name, home=home, engine=url) for name in NAMES]
        self.application = Admin(
            home=str(home),
            models=self._models,
            stand_ins=self._stand_ins,
            denials=denials,
            faults=faults,
            save=self.save,
        )
        _answer_as_aws_does()
        deliveries.check_policies(denials.record, platform.may)
        denials.watch()
        self._learning.install()
        Batch(queues, self._jobs).install()
        self._executions.install()
        Scaling(home / "scaling.json").install()
        Invocations().install()
        properties.install()
        platform.install()
        logs.install()
        faults.install()

    def resume(self) -> None:
        """Go on where the last engine ended."""
        self._models.resume()
        for stand_in in self._stand_ins:
            stand_in.start()
        self._jobs.resume()
        self._learning.resume()

    def save(self) -> None:
        """Write all state, one writer at a time."""
        with self._saving:
            self.application.changed = False
            state.save_state()

    def save_changes(self) -> None:
        """Write all state if a request may have changed it."""
        if self.application.changed:
            self.save()

    def interrupt(self) -> None:
        """Stop the jobs that run, while the engine still answers what they write."""
        self._executions.freeze()
        stops = [threading.Thread(target=stop) for stop in (self._jobs.stop, self._learning.interrupt)]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()

    def stop(self) -> None:
        """End every process that was started for a stack."""
        held = [self._models.stop, *(stand_in.stop for stand_in in self._stand_ins)]
        stops = [threading.Thread(target=stop) for stop in held]
        for stop in stops:
            stop.start()
        for stop in stops:
            stop.join()
        functions.stop_functions()

    def _emit(self, source: str, kind: str, detail: dict[str, Any], about: list[str]) -> None:
        deliveries.send_event(source, kind, detail, about)
        self._note_change()

    def _note_change(self) -> None:
        self.application.changed = True


def _answer_as_aws_does() -> None:
    objects.serve_ranges_of_versions()
    objects.keep_conditions_of_copies()
    deliveries.name_object_versions()
    access.trust_loopback()
    access.require_keys()
    access.know_conditional_writes()
    access.know_roles_of_sessions()
    access.know_log_streams()
    access.match_line_breaks()
    access.name_resources()
