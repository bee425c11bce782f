"""Threads that work in the laptop's own account, and one that tells of what they changed, in order."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.seams import access


class Workers:
    """The threads of one service."""

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._teller = ThreadPoolExecutor(1, thread_name_prefix=f"{name}-events")

    def start(self, work: Callable[..., None], *arguments: Any) -> None:
        """Work on a thread of its own."""

        def run() -> None:
            with access.own_account():
                work(*arguments)
            with self._lock:
                self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=run, daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def tell(self, listener: Callable[..., None], *arguments: Any) -> None:
        """Call a listener soon, after everything that was told before."""

        def run() -> None:
            with access.own_account():
                listener(*arguments)

        self._teller.submit(run)

    def join(self) -> None:
        """Return once all work is done and has been told."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()
        self._teller.submit(int).result()
