"""Draws cards and photographs of them, and lays out what a search is built from: `python -m examples.cards FOLDER`.

The same number gives the same card every time; a photograph is the card askew on a table, in uneven light.
"""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from cli.lettering import write_line
from examples.networks import PREPROCESSING, colour_layout

CARDS, SEED = 60, 19_051_207
WIDTH, HEIGHT = 300, 420
SETS = ("Dawn", "Noon", "Dusk", "Night")
PLACES = ("Harbour", "Orchard", "Lighthouse", "Quarry", "Meadow", "Glacier", "Bazaar", "Viaduct", "Island", "Forge")
MANNERS = ("Silent", "Copper", "Drowned", "Wandering", "Painted", "Hollow", "Burning", "Northern")
_INK, _PAPER = "#1c1c22", "#f3eddc"
_PICTURE = (22, 62, WIDTH - 22, 290)


def write(folder: Path, cards: int = CARDS) -> None:
    """Pictures, and the four files a reference version is built from; `loupe search build` says which is which."""
    # what embeds is the function's own code, and comes with its libraries
    from lambdas.search.embedding import Embedder  # noqa: PLC0415

    (folder / "cards").mkdir(parents=True, exist_ok=True)
    network, vectors = colour_layout(), []
    embedder = Embedder(network, PREPROCESSING)
    for number in range(1, cards + 1):
        drawn = card(number)
        drawn.save(folder / "cards" / f"{card_id(number)}.png")
        vectors.append(embedder.vector(drawn))
    np.save(folder / "embeddings.npy", np.asarray(vectors, np.float32))
    numbers = range(1, cards + 1)
    _write_json(folder / "index.json", {str(row): card_id(number) for row, number in enumerate(numbers)})
    _write_json(folder / "metadata.json", {card_id(number): metadata(number) for number in numbers})
    _write_json(folder / "preprocessing.json", PREPROCESSING)
    (folder / "embedder.onnx").write_bytes(network)


def card_id(number: int) -> str:
    return f"card-{number:04}"


def metadata(number: int) -> dict[str, Any]:
    """What a catalogue says of a card."""
    manner, place = MANNERS[number * 5 % len(MANNERS)], PLACES[number * 7 % len(PLACES)]
    return {"title": f"{manner} {place}", "set": SETS[number % len(SETS)], "number": number, "foil": number % 9 == 0}


def card(number: int) -> Image.Image:
    """A frame, a title, a landscape, two lines of text."""
    rng, about = np.random.default_rng([SEED, number]), metadata(number)
    frame = _colour(rng, 60, 190)
    image = Image.new("RGB", (WIDTH, HEIGHT), frame)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle([10, 10, WIDTH - 11, HEIGHT - 11], 12, fill=_PAPER, outline=_INK, width=2)
    write_line(pen, (22, 24), about["title"], size=24, width=WIDTH - 44, colour=_INK)
    image.paste(_landscape(rng), _PICTURE[:2])
    pen.rectangle(_PICTURE, outline=_INK, width=3)
    told = f"{about['set']} {number}/{CARDS}"
    write_line(pen, (22, 306), told, size=16, width=WIDTH - 44, colour=_INK)
    for line in range(3):
        end = WIDTH - 30 - int(rng.integers(0, 90))
        pen.line([22, 342 + 20 * line, end, 342 + 20 * line], fill="#8a8578", width=5)
    return image


def photograph(number: int, shot: int = 1) -> Image.Image:
    """The card as somebody's camera saw it."""
    rng = np.random.default_rng([SEED, number, shot])
    table = Image.new("RGB", (WIDTH + 24, HEIGHT + 34), _colour(rng, 50, 120))
    table.paste(card(number), (12 + int(rng.integers(-3, 4)), 17 + int(rng.integers(-4, 5))))
    askew = table.rotate(rng.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=table.getpixel((0, 0)))
    light = np.linspace(rng.uniform(0.75, 1.1), rng.uniform(0.75, 1.1), askew.width)[None, :, None]
    seen = np.asarray(askew, np.float32) * light + rng.normal(0, 7, (askew.height, askew.width, 1))
    return Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _landscape(rng: np.random.Generator) -> Image.Image:
    """A sky, a sun, hills before one another, some trees."""
    left, top, right, bottom = _PICTURE
    width, height = right - left, bottom - top
    image = Image.new("RGB", (width, height), _colour(rng, 90, 240))
    pen = ImageDraw.Draw(image)
    x, y, radius = rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.5) * height, rng.uniform(12, 60)
    pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=_colour(rng, 150, 255))
    across = np.linspace(0, width, 40)
    for hill in range(int(rng.integers(2, 5))):
        base, swing = height * (0.45 + 0.15 * hill), rng.uniform(8, 40)
        ridge = base + swing * np.sin(across / rng.uniform(15, 60) + rng.uniform(0, 6))
        points = [*zip(across.tolist(), ridge.tolist(), strict=True), (width, height), (0, height)]
        pen.polygon(points, fill=_colour(rng, 20, 200))
    for _ in range(int(rng.integers(0, 9))):
        x, y, size = rng.uniform(0, width), rng.uniform(0.5, 0.95) * height, rng.uniform(10, 45)
        pen.polygon([(x - size / 3, y), (x + size / 3, y), (x, y - size)], fill=_colour(rng, 10, 130))
    return image


def _colour(rng: np.random.Generator, low: int, high: int) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw cards, and what a search over them is built from.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cards", type=int, default=CARDS)
    flags = parser.parse_args()
    write(flags.folder, flags.cards)


if __name__ == "__main__":
    main()
