"""An upload form and its file as one stream: a blueprint is never in memory whole."""

from collections.abc import Callable
from io import BytesIO
from typing import BinaryIO

from urllib3.filepost import encode_multipart_formdata


class Form:
    """What is posted: the fields, then the file, as S3 wants them."""

    def __init__(self, fields: dict[str, str], file: BinaryIO, size: int, tell: Callable[[int], None]) -> None:
        empty, self.content_type = encode_multipart_formdata([*fields.items(), ("file", ("blueprint", b""))])
        end = empty.rindex(b"\r\n--")
        self._parts: list[BinaryIO] = [BytesIO(empty[:end]), file, BytesIO(empty[end:])]
        self._length = len(empty) + size
        self._tell = tell

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the form; none at its end."""
        while self._parts:
            if some := self._parts[0].read(size):
                self._tell(len(some))
                return some
            self._parts.pop(0)
        return b""
