"""What slices have done → what it cost, component by component, and what 1,000 inputs cost.

A formula is a list of terms: so many units of a price for each input, hour of a machine, or object written. What the
buckets do not tell, such as reads and the seconds of functions, is an assumption for each input, written down here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lambdas.archive.prices import GIB, Price, Prices
from lambdas.archive.storage import Storage
from lambdas.archive.traces import Use

COUNTED, FORMULA, UNKNOWN = "counted", "formula", "unknown"
_TRAINING = "ml.m5.xlarge"  # what a pipeline's steps run on


@dataclass(frozen=True, kw_only=True)
class Machines:
    """What slices run on, and what one page costs at the OCR service."""

    endpoint: str
    processing: str
    ocr_vcpu: float
    ocr_memory_gib: float
    usd_per_page: float


@dataclass(frozen=True)
class Term:
    """So many units of a price for each input, hour or write."""

    component: str
    price: str | Price
    per: Literal["input", "hour", "write"]
    times: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Line:
    """One component of a slice's cost."""

    slice: str
    component: str
    quantity: float
    price: Price

    @property
    def usd(self) -> float:
        return self.quantity * self.price.usd

    def row(self) -> dict[str, Any]:
        """As cost_breakdown.csv has it."""
        price = self.price
        return {
            "slice": self.slice,
            "component": self.component,
            "quantity": self.quantity,
            "unit": price.unit,
            "usd_per_unit": price.usd,
            "usd": self.usd,
            "price": price.name,
            "price_region": price.region,
            "price_date": price.date,
            "price_source": price.source,
        }


def formulas(machines: Machines) -> dict[str, tuple[Term, ...]]:
    """What each slice's work costs; storage comes besides."""
    written = Term("objects written", "s3_put", "write")
    return {
        "room_detection": (
            Term("endpoint", machines.endpoint, "hour"),
            written,
            _objects_read(4),
            Term("functions called", "lambda_request", "input", 2),
            Term("functions' seconds", "lambda_arm_gb_second", "input", 2 * 0.5),  # two of 512 MiB, one second each
            Term("messages", "sns_publish", "input", 2),
            Term("queues", "sqs_request", "input", 6),
            Term("job table", "dynamodb_write", "input", 5),
        ),
        "ocr": (
            Term("OCR service", _ocr_page(machines.usd_per_page), "input"),
            Term("vCPUs", "fargate_spot_vcpu_hour", "hour", machines.ocr_vcpu),
            Term("memory", "fargate_spot_gb_hour", "hour", machines.ocr_memory_gib),
            written,
            _objects_read(1),
        ),
        "search": (
            Term("requests", "http_api_request", "input"),
            Term("functions called", "lambda_request", "input"),
            Term("functions' seconds", "lambda_arm_gb_second", "input", 0.05),  # 1 GiB for 50 ms
        ),
        "plate_runs": (Term("processing jobs", machines.processing, "hour"), written, _objects_read(4)),
        "model_build": (Term("pipeline steps", _TRAINING, "hour"), written, _objects_read(10)),
        "archive": (
            Term("lists", "s3_put", "input", 2 * 30 / 1000),  # two functions, each night, 1,000 keys a request
            Term("functions' seconds", "lambda_arm_gb_second", "input", 30 * 1.73 / 3000),  # 3,000 objects a second
            written,
        ),
    }


def _objects_read(times: float) -> Term:
    return Term("objects read", "s3_get", "input", times)


def _ocr_page(usd: float) -> Price:
    return Price(name="ocr_page", usd=usd, unit="page", region="any", date="", source="config.py: usd_per_page")


def worked(uses: Mapping[str, Use], machines: Machines, prices: Prices) -> list[Line]:
    """What the slices' work cost."""
    return [
        line
        for name, terms in formulas(machines).items()
        for line in _lines(name, terms, uses.get(name, Use()), prices)
    ]


def kept(storage: Storage, prices: Prices) -> list[Line]:
    """What storage costs in a month, by slice and class."""
    held = dict[tuple[str, str], int]()
    for shelf, one in storage.shelves():
        place = (shelf.slice or "(no slice)", shelf.storage_class)
        held[place] = held.get(place, 0) + one.bytes
    return [
        Line(slice=name, component=f"storage {kind}", quantity=count / GIB, price=prices.of_storage(kind))
        for (name, kind), count in sorted(held.items())
    ]


def fixed(prices: Prices) -> list[Line]:
    """What a month costs in which nothing happens."""
    key, secret = prices.of("kms_key"), prices.of("secret")
    return [
        Line(slice="storage", component="key", quantity=1, price=key),
        Line(slice="ocr", component="secret", quantity=1, price=secret),
    ]


def per_1000_inputs(uses: Mapping[str, Use], machines: Machines, prices: Prices) -> dict[str, dict[str, Any]]:
    """For each slice what 1,000 inputs cost, and whether that was counted or is its formula's without any."""
    return {name: _per_1000(terms, uses.get(name, Use()), prices) for name, terms in formulas(machines).items()}


def _per_1000(terms: tuple[Term, ...], use: Use, prices: Prices) -> dict[str, Any]:
    if use.inputs:
        usd = sum(_price(term, prices).usd * _quantity(term, use) for term in terms)
        return {"inputs": use.inputs, "usd_per_1000_inputs": 1000 * usd / use.inputs, "basis": COUNTED}
    if any(term.per == "hour" for term in terms):
        return {"inputs": use.inputs, "usd_per_1000_inputs": None, "basis": UNKNOWN}
    usd = sum(_price(term, prices).usd * term.times for term in terms if term.per == "input")
    return {"inputs": use.inputs, "usd_per_1000_inputs": 1000 * usd, "basis": FORMULA}


def _quantity(term: Term, use: Use) -> float:
    return term.times * {"input": use.inputs or 0, "hour": use.hours, "write": use.writes}[term.per]


def _lines(name: str, terms: tuple[Term, ...], use: Use, prices: Prices) -> list[Line]:
    return [
        Line(slice=name, component=term.component, quantity=_quantity(term, use), price=_price(term, prices))
        for term in terms
    ]


def _price(term: Term, prices: Prices) -> Price:
    return term.price if isinstance(term.price, Price) else prices.of(term.price)
