"""What a job's program writes: to the engine's log folder and, as a role, to CloudWatch Logs."""

import os
import time
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from local.seams import account

BLOCK_BYTES = 1 << 16
LONGEST_LINE_BYTES = 1 << 17


class TaskLog:
    """The log stream of one program."""

    def __init__(self, client: Any, *, group: str, stream: str, file: Path) -> None:
        self._client = client
        self.group, self.stream, self._file = group, stream, file

    def open(self, *, create_group: bool) -> None:
        """Make the stream; raises what CloudWatch Logs answers."""
        try:
            self._create_stream()
        except self._client.exceptions.ResourceNotFoundException:
            if not create_group:
                raise
            self._create_group()
            self._create_stream()

    def keep_here(self) -> None:
        """Write to the engine's log folder only."""
        self._client = None

    def drain(self, output: IO[bytes]) -> None:
        """Pass on everything that a process writes, until it and its children have ended."""
        rest = b""
        with self._file.open("ab") as copy:
            while block := os.read(output.fileno(), BLOCK_BYTES):
                copy.write(block)
                copy.flush()
                *lines, rest = (rest + block).split(b"\n")
                if len(rest) > LONGEST_LINE_BYTES:
                    lines, rest = [*lines, rest], b""
                self._put(lines)
        self._put([rest])

    def _create_stream(self) -> None:
        self._client.create_log_stream(logGroupName=self.group, logStreamName=self.stream)

    def _create_group(self) -> None:
        """Make the group, unless another program does so at the same time."""
        try:
            self._client.create_log_group(logGroupName=self.group)
        except self._client.exceptions.ResourceAlreadyExistsException:
            account.log.debug("%s exists", self.group)

    def _put(self, lines: list[bytes]) -> None:
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line.decode(errors="replace")} for line in lines if line.strip()]
        if not self._client or not events:
            return
        try:
            self._client.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        except (BotoCoreError, ClientError) as error:
            account.log.warning("no more lines of %s reach CloudWatch Logs: %s", self.stream, error)
            self._client = None
