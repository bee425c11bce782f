"""What survives a restart."""

import time

from ministack import app as gateway
from ministack.core import persistence


def save_state(*, attempts: int = 3) -> None:
    """Write every service's state; a state that changes while it is copied is copied again."""
    for service, state_of in gateway._build_persistence_save_dict().items():
        for _ in range(attempts):
            try:
                state = state_of()
            except RuntimeError:
                time.sleep(0.01)
                continue
            if state is not None:
                persistence.save_state(service, state)
            break
