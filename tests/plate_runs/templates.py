"""Values of templates, as tests compare them."""

from typing import Any


def text_of(value: Any) -> str:
    """A value with its references left out, as `*`."""
    if isinstance(value, dict):
        [(function, arguments)] = value.items()
        return "".join(text_of(one) for one in arguments[1]) if function == "Fn::Join" else "*"
    return str(value)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
