"""What runs for a laptop's home, and where it listens: told by the machine, not by the engine."""

import contextlib
from pathlib import Path


def processes_of(home: Path) -> set[int]:
    """Every process whose command line or environment names this folder."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if str(home).encode() in words and "Z" not in (entry / "stat").read_text().rpartition(")")[2][:3]:
                found.add(int(entry.name))
    return found


def listening(pids: set[int]) -> list[str]:
    """The addresses, in the kernel's hexadecimal, that these processes listen on."""
    sockets = {str(link.readlink()) for pid in pids for link in Path(f"/proc/{pid}/fd").iterdir()}
    return [
        fields[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for fields in map(str.split, Path(table).read_text().splitlines()[1:])
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets
    ]
