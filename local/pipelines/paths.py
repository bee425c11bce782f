"""Paths into what steps have made and into JSON files, such as `Outputs['train'].S3Output.S3Uri`."""

import re
from typing import Any

_PART = re.compile(r"(?:^|\.)([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^']*)'\]|\[\"([^\"]*)\"\]")


class BadPath(ValueError):
    """A path that is none, or that leads nowhere; the text says where."""


def parts(path: str) -> list[str | int]:
    """The names and numbers of a path."""
    place, found = 0, list[str | int]()
    path = path.removeprefix("$.")
    while place < len(path):
        part = _PART.match(path, place)
        if part is None:
            raise BadPath(f"{path!r} is no path from its character {place + 1} on.")
        name, number, *quoted = part.groups()
        found.append(int(number) if number else name or next((word for word in quoted if word is not None), ""))
        place = part.end()
    if not found:
        raise BadPath("A path is empty.")
    return found


def follow(content: Any, path: str) -> Any:
    """What is at a path; a name leads into a list to the one that is called so."""
    for part in parts(path):
        content = _step(content, part)
    return content


def called(items: list[Any], name: str) -> Any:
    """The item of a list that is called so, such as an output by its OutputName."""
    for item in items:
        if isinstance(item, dict) and name in (value for key, value in item.items() if key.endswith("Name")):
            return item
    raise BadPath(f"nothing is called {name!r}.")


def _step(content: Any, part: str | int) -> Any:
    if isinstance(content, list) and isinstance(part, str):
        return called(content, part)
    known = range(len(content)) if isinstance(content, list) else content if isinstance(content, dict) else ()
    if part not in known:
        raise BadPath(f"there is no {part!r}.")
    return content[part]
