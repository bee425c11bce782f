"""What a person asks by (a file with a vector, an image, a row) → a query, and its answer from an environment's API."""

import base64
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cli.connection import Connection
from cli.thumbnails import thumbnail
from cli.trouble import Trouble, say
from config import config_for
from loupe import contracts

Query = dict[str, Any]
Answer = dict[str, Any]

_SENT_SIDE = 2048  # pixels of an image that is too large to be sent as it is


def ask(connection: Connection, query: Query) -> Answer:
    """The answer; Trouble where the API refuses."""
    return dict(contracts.check("search/answer", connection.call("POST", "/search", query).json()))


def query_of(*, vector: Path | None, image: Path | None, row: int | None, environment: str, **more: Any) -> Query:
    """A query by exactly one of the three; what is not said of the rest is left out."""
    if sum(given is not None for given in (vector, image, row)) != 1:
        raise Trouble("Ask by one thing: --vector FILE, --image FILE or --row N.")
    asked: Query = {name: value for name, value in more.items() if value or value is False}
    if vector:
        asked["vector"] = vector_in(vector)
    elif image:
        asked["image"] = image_in(image, most_mib=config_for(environment).search.max_image_mib)
    else:
        asked["row"] = row
    return asked


def vector_in(path: Path) -> list[float]:
    """The numbers in a .npy or .json file, or with spaces or commas between."""
    try:
        found = _numbers(path)
    except (OSError, ValueError) as error:
        raise Trouble(f"{path} has no vector: it is no .npy or .json of numbers, and no text of them.") from error
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise Trouble(
            f"{path} has no vector: numbers of the shape {found.shape} where one row of finite ones is needed."
        )
    return [float(value) for value in found]


def _numbers(path: Path) -> Any:
    if path.suffix == ".npy":
        return np.squeeze(np.asarray(np.load(path, allow_pickle=False), np.float64))
    text = path.read_text()
    listed = json.loads(text) if text.lstrip().startswith("[") else text.replace(",", " ").split()
    return np.squeeze(np.asarray(listed, np.float64))


def image_in(path: Path, *, most_mib: int) -> str:
    """The image in base64; one that is too large is sent smaller, and that is said."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > most_mib << 20:
        content = _smaller(content, path)
        say(f"{path} is larger than {most_mib} MiB: it is sent with at most {_SENT_SIDE} pixels along a side.")
    return base64.b64encode(content).decode()


def _smaller(content: bytes, path: Path) -> bytes:
    smaller, _ = thumbnail(content, _SENT_SIDE, name=str(path))
    out = io.BytesIO()
    smaller.save(out, "JPEG", quality=90)
    return out.getvalue()


def filter_of(pairs: Sequence[str]) -> dict[str, Any]:
    """`field=value` pairs; a field named again may have either value; numbers, true and false are no text."""
    found: dict[str, list[Any]] = {}
    for pair in pairs:
        field, equals, text = pair.partition("=")
        if not (field and equals):
            raise Trouble(f"{pair!r} is no filter: say --filter FIELD=VALUE.")
        found.setdefault(field, []).append(_value(text))
    return {field: values if len(values) > 1 else values[0] for field, values in found.items()}


def _value(text: str) -> Any:
    """What JSON has in one piece; all else is text."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, (list, dict)) else value
