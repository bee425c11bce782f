"""Loopback ports that nothing listens on."""

import contextlib
import socket


def free_port(like: int = 0) -> int:
    """The port `like` if it is free, so that addresses stay; else any free one."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", like))
            return _port_of(probe)
        probe.bind(("127.0.0.1", 0))
        return _port_of(probe)


def _port_of(probe: socket.socket) -> int:
    port: int = probe.getsockname()[1]
    return port
