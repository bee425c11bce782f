"""When a step may take over what it made earlier: the same signature, not too long ago."""

import hashlib
import json
import re
from typing import Any

from local.models import Record
from local.pipelines.kinds import MAKERS

_UNITS = {"Y": 365 * 86_400, "M": 30 * 86_400, "W": 7 * 86_400, "D": 86_400}
_TIME_UNITS = {"H": 3_600, "M": 60, "S": 1}
_DURATION = re.compile(r"P(?=.)((?:\d+[YMWD])*)(?:T((?:\d+[HMS])+))?")


def seconds(duration: str) -> float | None:
    """The length of an ISO 8601 duration such as PT1H or P30D; None for what is none."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return None
    days, hours = found[1] or "", found[2] or ""
    return float(_sum(days, _UNITS) + _sum(hours, _TIME_UNITS))


def signature(kind: str, arguments: Record) -> str:
    """What two runs of a step have in common if one may stand for the other; outputs do not count."""
    counted = {name: arguments[name] for name in MAKERS[kind].signature if name in arguments}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def why_not(kind: str, config: Any) -> str:
    """Why a cache configuration is none; nothing when it is one."""
    if kind not in MAKERS or not MAKERS[kind].signature:
        return f"steps of the type {kind} have no CacheConfig"
    if not isinstance(config, dict) or config.keys() - {"Enabled", "ExpireAfter"}:
        return f"{config} is no CacheConfig"
    if config.get("Enabled") and seconds(str(config.get("ExpireAfter", ""))) is None:
        return f"ExpireAfter must be an ISO 8601 duration, not {config.get('ExpireAfter')!r}"
    return ""


def _sum(text: str, units: dict[str, int]) -> int:
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(\D)", text))
