"""Everything that the engine adds to ministack, composed."""

import threading
from pathlib import Path

from local import logs, properties
from local.admin import Admin
from local.denials import Denials
from local.faults import Faults
from local.invocations import Invocations
from local.models import Models
from local.programs import Programs
from local.sagemaker import SageMaker
from local.scaling import Scaling
from local.seams import access, deliveries, functions, state
from local.seams.platform import Platform


class Services:
    """The AWS of one laptop."""

    def __init__(self, home: Path, *, port: int) -> None:
        self._saving = threading.Lock()
        denials, faults = Denials(home / "denials.jsonl"), Faults()
        platform = Platform(denials.record)
        self._models = Models(
            home=home,
            programs=Programs(home / "programs"),
            may_pull=platform.may_pull,
            url=f"http://127.0.0.1:{port}",
        )
        self.application = Admin(home=str(home), models=self._models, denials=denials, faults=faults, save=self.save)
        access.trust_loopback()
        access.require_keys()
        access.know_conditional_writes()
        access.name_resources()
        deliveries.name_object_versions()
        deliveries.check_policies(denials.record)
        denials.watch()
        SageMaker(self._models).install()
        Scaling(home / "scaling.json").install()
        Invocations().install()
        properties.install()
        platform.install()
        logs.install()
        faults.install()

    def resume(self) -> None:
        """Go on where the last engine ended."""
        self._models.resume()

    def save(self) -> None:
        """Write all state, one writer at a time."""
        with self._saving:
            self.application.changed = False
            state.save_state()

    def save_changes(self) -> None:
        """Write all state if a request may have changed it."""
        if self.application.changed:
            self.save()

    def stop(self) -> None:
        """End every process that was started for a stack."""
        self._models.stop()
        functions.stop_functions()
