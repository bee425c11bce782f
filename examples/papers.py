"""The papers that a business keeps, each filled in differently: a receipt, a form, an invoice, a letter."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from examples.paper import Paper

SHOPS = ("Corner Bakery", "Harbour Coffee", "Green Grocer", "Station Books", "Market Flowers")
STREETS = ("Mill Road", "Bridge Street", "Orchard Lane", "Castle Hill", "Garden Terrace", "Victoria Avenue")
TOWNS = ("Cambridge", "Bristol", "Oxford", "Leeds", "Norwich", "Exeter")
FIRST_NAMES = ("Alice", "Benjamin", "Charlotte", "Daniel", "Eleanor", "Frederick", "Hannah", "Jonathan")
LAST_NAMES = ("Archer", "Bennett", "Carter", "Dawson", "Fletcher", "Harrison", "Marshall", "Turner")
GOODS = (
    "Bread",
    "Butter",
    "Cheese",
    "Coffee",
    "Honey",
    "Lemonade",
    "Mushrooms",
    "Oranges",
    "Pepper",
    "Potatoes",
    "Tea",
)
SERVICES = (
    "Site survey",
    "Floor plans",
    "Building permit",
    "Paint and plaster",
    "New windows",
    "Roof repair",
    "Wiring",
)
MONTHS = ("January", "February", "March", "April", "June", "July", "August", "October", "November", "December")
SENTENCES = (
    "Thank you for sending the drawings of the second floor.",
    "We have checked every measurement against the original plan.",
    "The kitchen wall was moved after the first inspection.",
    "Please return one signed copy before the end of the month.",
    "Our engineer will visit the building on Thursday morning.",
    "All remaining work should be finished within three weeks.",
    "The new windows were delivered yesterday without any damage.",
    "You will find the complete list of materials on the next page.",
)


def receipt(rng: np.random.Generator) -> Paper:
    """A till's narrow strip."""
    goods = [str(name) for name in rng.choice(GOODS, 7, replace=False)]
    prices = [int(price) for price in rng.integers(95, 1900, len(goods))]
    paper = Paper(width=640, height=900)
    paper.write(320, 80, _one(rng, SHOPS), 40, align="centre")
    paper.write(320, 130, f"{rng.integers(1, 99)} {_one(rng, STREETS)}", 26, align="centre")
    paper.write(320, 170, _date(rng), 26, align="centre")
    paper.rule(40, 200, 600, 200)
    for row, (name, price) in enumerate(zip(goods, prices, strict=True)):
        paper.write(50, 250 + 52 * row, name, 28)
        paper.write(590, 250 + 52 * row, _money(price), 28, align="right")
    paper.rule(40, 610, 600, 610)
    paper.write(50, 670, "TOTAL", 36)
    paper.write(590, 670, _money(sum(prices)), 36, align="right")
    paper.write(50, 730, "Paid by card", 26)
    paper.write(320, 830, "Thank you for your visit", 26, align="centre")
    return paper


def form(rng: np.random.Generator) -> Paper:
    """Fields in frames, as an office hands them out."""
    paper = Paper(width=1000, height=1120)
    paper.write(70, 100, "Application for a parking permit", 42)
    paper.write(70, 150, "Please complete all sections in capital letters", 24)
    fields = {
        "First name": _one(rng, FIRST_NAMES).upper(),
        "Last name": _one(rng, LAST_NAMES).upper(),
        "Street": f"{rng.integers(1, 99)} {_one(rng, STREETS).upper()}",
        "Town": _one(rng, TOWNS).upper(),
        "Telephone": f"0{rng.integers(1000, 1999)} {rng.integers(100000, 999999)}",
        "Vehicle": f"{_one(rng, ('FORD', 'FIAT', 'VOLVO'))} {rng.integers(2004, 2026)}",
    }
    for row, (name, value) in enumerate(fields.items()):
        top = 200 + 120 * row
        paper.write(70, top + 50, name, 26)
        paper.frame(330, top, 930, top + 80)
        paper.write(350, top + 54, value, 34)
    paper.write(70, 990, f"Signed on {_date(rng)}", 26)
    paper.rule(560, 990, 930, 990)
    paper.write(560, 1030, "Signature", 22)
    return paper


def invoice(rng: np.random.Generator) -> Paper:
    """A table of work done and what it costs."""
    paper = Paper(width=1000, height=1200)
    paper.write(70, 110, "INVOICE", 56)
    paper.write(930, 90, f"Number {rng.integers(10000, 99999)}", 26, align="right")
    paper.write(930, 130, _date(rng), 26, align="right")
    paper.write(70, 220, _name(rng), 28)
    paper.write(70, 262, f"{rng.integers(1, 99)} {_one(rng, STREETS)}", 28)
    paper.write(70, 304, _one(rng, TOWNS), 28)
    _table(paper, rng, [str(service) for service in rng.choice(SERVICES, 5, replace=False)])
    paper.write(70, 1000, "Payment is due within thirty days", 26)
    paper.write(70, 1040, "Questions about this invoice are always welcome", 26)
    return paper


def letter(rng: np.random.Generator) -> Paper:
    """Running text."""
    paper = Paper(width=1000, height=1000)
    paper.write(930, 90, f"{_one(rng, TOWNS)}, {_date(rng)}", 26, align="right")
    paper.write(70, 190, f"Dear {_name(rng)},", 28)
    for row, sentence in enumerate(rng.permutation(SENTENCES)[:6]):
        paper.write(70, 260 + 64 * row + 24 * (row // 3), str(sentence), 27)
    paper.write(70, 760, "Yours sincerely,", 28)
    paper.write(70, 850, _name(rng), 28)
    return paper


def _table(paper: Paper, rng: np.random.Generator, services: Sequence[str]) -> None:
    rows = [370 + 70 * row for row in range(len(services) + 2)]
    prices = [int(price) for price in rng.integers(9_000, 480_000, len(services))]
    for top in rows:
        paper.rule(70, top, 930, top)
    for x in (70, 650, 930):
        paper.rule(x, rows[0], x, rows[-1])
    paper.write(90, rows[0] + 46, "Description", 28)
    paper.write(910, rows[0] + 46, "Amount", 28, align="right")
    for (top, _), service, price in zip(pairwise(rows[1:]), services, prices, strict=True):
        paper.write(90, top + 46, service, 28)
        paper.write(910, top + 46, _money(price), 28, align="right")
    paper.write(650, rows[-1] + 70, "Total due", 32, align="right")
    paper.write(910, rows[-1] + 70, _money(sum(prices)), 32, align="right")


def _one(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _name(rng: np.random.Generator) -> str:
    return f"{_one(rng, FIRST_NAMES)} {_one(rng, LAST_NAMES)}"


def _date(rng: np.random.Generator) -> str:
    return f"{rng.integers(1, 29)} {_one(rng, MONTHS)} {rng.integers(2019, 2027)}"


def _money(cents: int) -> str:
    return f"{cents / 100:.2f}"
