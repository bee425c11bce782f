"""`make demo-search [IMAGE=file]`: the synthesized stacks on this laptop; photographs in, the nearest cards drawn."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from rich.table import Table

from cli import search_queries
from cli.account import laptop_account
from cli.connection import connection_to
from cli.demonstration import CONSOLE, PICTURES, Phases, deployed, show
from cli.outputs import folder, new_file
from cli.search_queries import Answer
from cli.search_sheet import SIDE, Shown, draw
from cli.search_versions import Versions
from cli.tables import printable
from cli.thumbnails import thumbnail
from cli.trouble import Trouble
from containers.search.assembly import Inputs
from examples import cards
from local.laptop import Laptop

ASKED = (3, 14, 26, 41, 58)  # the cards that are photographed
HITS = 5
SHEET = "search.png"


def demo(given: list[Path]) -> None:
    """Draw cards, deploy, build a version of them, publish it, ask by photographs, draw what was found, stop."""
    if missing := [str(file) for file in given if not file.is_file()]:
        raise Trouble(f"There is no file {', '.join(missing)}.")
    phases = Phases()
    with tempfile.TemporaryDirectory(prefix="loupe-cards-") as name:
        drawn = Path(name)
        with phases.phase(f"Draw {cards.CARDS} cards"):
            cards.write(drawn)
        photographs = given or _photographs(drawn)
        with deployed(phases) as laptop:
            _through_the_platform(laptop, drawn, photographs, phases)
    CONSOLE.print(f"\nEach photograph is drawn beside the nearest cards in {PICTURES}/{SHEET}", highlight=False)


def _photographs(drawn: Path) -> list[Path]:
    """Of some of the cards, under their names."""
    files = [drawn / f"{cards.card_id(number)}.jpg" for number in ASKED]
    for number, file in zip(ASKED, files, strict=True):
        file.write_bytes(cards.jpeg(cards.photograph(number)))
    return files


def _through_the_platform(laptop: Laptop, drawn: Path, photographs: Sequence[Path], phases: Phases) -> None:
    account = laptop_account(laptop)
    versions, connection = Versions(account), connection_to(account)
    with phases.phase("Build a version and publish it"):
        version = versions.build(_inputs(drawn), None)["version"]
        versions.publish(version)
    with phases.phase(f"Ask by {len(photographs)} photographs"):
        found = []
        for file in photographs:
            asked = search_queries.query_of(
                vector=None, image=file, row=None, environment=account.environment, limit=HITS
            )
            found.append((file, search_queries.ask(connection, asked)))
    _draw(drawn, version, found)
    CONSOLE.print(_summary(found))


def _inputs(drawn: Path) -> Inputs:
    return Inputs(
        embeddings=drawn / "embeddings.npy",
        index_json=drawn / "index.json",
        metadata=drawn / "metadata.json",
        embedder=drawn / "embedder.onnx",
        preprocessing=drawn / "preprocessing.json",
    )


def _draw(drawn: Path, version: str, found: Sequence[tuple[Path, Answer]]) -> None:
    lines = [(_query(file), [_hit(drawn, hit) for hit in answer["hits"]]) for file, answer in found]
    about = "The embedder looks at where a card is light, coloured and striped; it has learned nothing."
    with new_file(folder(PICTURES) / SHEET, force=True) as out:
        draw(f"The nearest of {cards.CARDS} cards", f"{version}. {about}", lines).save(out, "PNG")


def _query(file: Path) -> Shown:
    return Shown(thumbnail(file, SIDE, name=file.name)[0], (file.name, "asked by"))


def _hit(drawn: Path, hit: Answer) -> Shown:
    with Image.open(drawn / "cards" / f"{hit['card_id']}.png") as picture:
        return Shown(picture.copy(), (str(hit["metadata"]["title"]), f"{hit['card_id']}  {hit['score']:.3f}"))


def _summary(found: Sequence[tuple[Path, Answer]]) -> Table:
    table = Table("photograph", "nearest", "score", "next", "score", "proven", "ms", box=None, title="Cards")
    for file, answer in found:
        scores = [(hit["card_id"], f"{hit['score']:.3f}") for hit in answer["hits"][:2]]
        told = (file.name, *(value for pair in scores for value in pair), answer["proven"], f"{answer['took_ms']:.1f}")
        table.add_row(*map(printable, told))
    return table


if __name__ == "__main__":
    show(demo)
