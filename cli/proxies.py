"""Proxies are for what lies outside: what answers on this machine is asked directly."""

import os

_LOOPBACK = ("127.0.0.1", "localhost")


def ask_loopback_directly() -> None:
    """Add this machine to NO_PROXY where the environment names a proxy."""
    if not any(name.lower() in {"http_proxy", "https_proxy", "all_proxy"} for name in os.environ):
        return
    for name in ("no_proxy", "NO_PROXY"):
        os.environ[name] = ",".join([*filter(None, [os.environ.get(name)]), *_LOOPBACK])
