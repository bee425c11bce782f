"""`loupe search`: what a person builds, publishes, asks and sees, in a stand-in for AWS and on the laptop."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli import search_queries, search_sheet
from cli.trouble import Trouble
from containers.search.assembly import Inputs
from examples import cards
from lambdas.search.settings import REFERENCE
from local.laptop import Laptop
from loupe import contracts
from tests.cli.commands import Slice
from tests.cli.plates import PROJECT
from tests.search import decks

SEARCH = Slice("search")
loupe, told, refusal = SEARCH.run, SEARCH.told, SEARCH.refusal


def files_of(inputs: Inputs) -> list[object]:
    """The words that a build of these files takes."""
    words: list[object] = [inputs.embeddings, "--index-json", inputs.index_json, "--metadata", inputs.metadata]
    more = ["--embedder", inputs.embedder, "--preprocessing", inputs.preprocessing]
    return words + (more if inputs.embedder else [])


@pytest.fixture
def dev(s3: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An environment without an API."""
    monkeypatch.setenv("LOUPE_ENV", "dev")
    return s3


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Inputs]:
    folder = tmp_path_factory.mktemp("decks")
    return {deck: decks.numbers(folder / deck, deck=deck) for deck in ("a", "b")}


def states() -> dict[str, str]:
    return {row["version"]: row["state"] for row in told("versions")}


def test_versions_are_built_published_listed_and_taken_back(dev: Any, two: dict[str, Inputs]) -> None:
    assert "There is no version yet" in loupe("versions").stdout
    [first] = told("build", *files_of(two["a"]))
    assert (first["rows"], first["dims"], first["images"], first["state"]) == (40, 32, False, "")
    assert [row["version"] for row in told("build", *files_of(two["a"]))] == [first["version"]]
    assert told("publish", first["version"])["previous"] is None
    [second] = told("build", *files_of(two["b"]), "--version", "second", "--publish")
    assert second["state"] == "published"
    assert states() == {"second": "published", first["version"]: "before it"}
    assert told("rollback")["version"] == first["version"]
    assert states() == {"second": "before it", first["version"]: "published"}
    assert told("rollback", "second")["version"] == "second"
    assert "second" in loupe("versions").stdout


def test_a_version_that_is_not_as_it_was_sealed_is_listed_and_not_published(dev: Any, two: dict[str, Inputs]) -> None:
    told("build", *files_of(two["a"]), "--version", "good")
    assert (loupe("verify", "good").exit_code, told("verify", "good")["findings"]) == (0, [])
    dev.put_object(Bucket=PROJECT, Key=f"{REFERENCE}good/index.json", Body=b"[]")
    ran = loupe("verify", "good", "--json")
    [finding] = json.loads(ran.stdout)["findings"]
    assert (ran.exit_code, finding["file"]) == (1, "index.json")
    assert "SHA-256" in finding["reason"]
    assert "1 findings" in loupe("verify", "good").stdout
    assert "index.json" in refusal("publish", "good")
    dev.delete_object(Bucket=PROJECT, Key=f"{REFERENCE}good/version.json")
    assert states() == {"good": "not built to its end"}


def test_what_cannot_be_built_or_published_is_one_sentence(dev: Any, two: dict[str, Inputs], tmp_path: Path) -> None:
    bad = decks.numbers(tmp_path / "bad")
    rows = np.load(bad.embeddings)
    rows[7, 3] = np.nan
    np.save(bad.embeddings, rows)
    assert "embeddings.npy, row 7: its number 3 is nan" in refusal("build", *files_of(bad))
    assert "There is no file" in refusal("build", "nowhere.npy", *files_of(two["a"])[1:])
    assert "s3:// files are for --in-account" in refusal("build", "s3://b/e.npy", *files_of(two["a"])[1:])
    assert "has no version never" in refusal("publish", "never")
    assert "is no name of a version" in refusal("verify", "../current")
    assert "publish a version first" in refusal("rollback")
    told("build", *files_of(two["a"]), "--version", "only", "--publish")
    assert "knows no version before" in refusal("rollback")
    assert "choose another name" in refusal("build", *files_of(two["b"]), "--version", "only")


def test_without_a_laptop_every_command_says_how_to_start_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, two: dict[str, Inputs]
) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path / "none"))
    for words in (["versions"], ["build", *files_of(two["a"])], ["query", "--row", 1], ["rollback"], ["verify", "a"]):
        assert "loupe local up" in refusal(*words)


def asked(**given: Any) -> dict[str, Any]:
    """A query that keeps its contract."""
    by = {"vector": None, "image": None, "row": None, **given}
    return dict(contracts.check("search/query", search_queries.query_of(environment="laptop", **by)))


@pytest.mark.parametrize(
    ("name", "text"),
    [("v.json", "[1, 2.5, -3]"), ("v.txt", "1 2.5 -3"), ("v.csv", "1,2.5,-3\n"), ("v.json", "[[1, 2.5, -3]]")],
)
def test_a_vector_is_read_from_a_file_of_any_usual_kind(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    assert asked(vector=tmp_path / name) == {"vector": [1, 2.5, -3]}


def test_a_vector_is_read_from_what_numpy_has_saved(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.asarray([[1, 2.5, -3]], np.float32))
    assert asked(vector=tmp_path / "v.npy", limit=3) == {"vector": [1, 2.5, -3], "limit": 3}


@pytest.mark.parametrize("text", ["", "words", "[1, 2", "[[1, 2], [3, 4]]", "[NaN]", "1 inf", "{}", '["a"]', "[null]"])
def test_a_file_without_a_vector_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(Trouble, match="has no vector"):
        asked(vector=tmp_path / "v.json")


@pytest.mark.parametrize("given", [{}, {"row": 1, "image": Path("a.png")}, {"vector": Path("a"), "image": Path("b")}])
def test_a_query_asks_by_one_thing(given: dict[str, Any]) -> None:
    with pytest.raises(Trouble, match="Ask by one thing"):
        asked(**given)


def test_row_zero_is_a_row_to_ask_by() -> None:
    assert asked(row=0) == {"row": 0}


def test_a_query_says_of_its_proof_only_what_was_said() -> None:
    told = [asked(row=3, exact=exact) for exact in (None, True, False)]
    assert told == [{"row": 3}, {"row": 3, "exact": True}, {"row": 3, "exact": False}]


def test_an_image_is_sent_as_it_is_and_a_larger_one_smaller(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    cards.card(1).save(small)
    noise = np.random.default_rng(1).integers(0, 256, (1300, 2600, 3), np.uint8)
    Image.fromarray(noise).save(large)
    assert base64.b64decode(asked(image=small)["image"]) == small.read_bytes()
    assert capsys.readouterr().err == ""
    sent = base64.b64decode(asked(image=large)["image"])
    with Image.open(io.BytesIO(sent)) as image:
        assert image.size == (2048, 1024)
    assert "is larger than 4 MiB" in capsys.readouterr().err
    with pytest.raises(Trouble, match="cannot be read"):
        asked(image=tmp_path / "nowhere.png")


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        (["set=Dusk"], {"set": "Dusk"}),
        (["set=Dusk", "set=Dawn", "number=7"], {"set": ["Dusk", "Dawn"], "number": 7}),
        (["foil=true", "name=a=b", 'code="7"', "none=null"], {"foil": True, "name": "a=b", "code": "7", "none": None}),
        (["list=[1]", "empty="], {"list": "[1]", "empty": ""}),
    ],
)
def test_filters_are_fields_and_values(pairs: list[str], found: dict[str, Any]) -> None:
    assert search_queries.filter_of(pairs) == found
    assert asked(row=1, filter=search_queries.filter_of(pairs))["filter"] == found


@pytest.mark.parametrize("pair", ["set", "=Dusk", ""])
def test_a_filter_without_field_or_value_is_said(pair: str) -> None:
    with pytest.raises(Trouble, match="is no filter"):
        search_queries.filter_of([pair])


def test_a_sheet_has_a_line_for_each_query_with_its_hits() -> None:
    shown = search_sheet.Shown(cards.card(1), ("name", "score"))
    one = search_sheet.draw("Cards", "about", [(shown, [shown] * 3)])
    two = search_sheet.draw("Cards", "about", [(shown, [shown] * 3), (shown, [shown])])
    assert two.width == one.width
    assert two.height > one.height


# The laptop


@pytest.fixture
def laptop(running_laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Laptop:
    monkeypatch.setenv("LOUPE_HOME", str(running_laptop.home))
    return running_laptop


@pytest.mark.laptop
def test_cards_are_built_published_and_found_by_photograph_vector_and_row(laptop: Laptop, tmp_path: Path) -> None:
    denials = laptop.denials()
    inputs = decks.drawn(tmp_path / "cards")
    [built] = told("build", *files_of(inputs), "--publish")
    assert (built["images"], built["state"]) == (True, "published")
    photograph, vector = tmp_path / "photograph.jpg", tmp_path / "vector.npy"
    photograph.write_bytes(cards.jpeg(cards.photograph(6)))
    np.save(vector, np.load(inputs.embeddings)[5])
    by = (["--image", photograph], ["--vector", vector], ["--row", 5])
    for words in by:
        answer = told("query", *words, "--limit", 3, "--version", built["version"])
        assert [answer["hits"][0]["card_id"], len(answer["hits"])] == ["card-0006", 3]
    [dusk] = told("query", "--row", 5, "--filter", "set=Noon", "--filter", "number=9")["hits"]
    assert dusk["card_id"] == "card-0009"
    shown = loupe("query", "--image", photograph, "--limit", 2).stdout
    assert ("card-0006" in shown, "proven" in shown, shown.count("card-")) == (True, True, 2)
    assert "There is no row 99" in refusal("query", "--row", 99)
    assert laptop.denials() == denials


@pytest.mark.laptop
def test_a_job_in_the_account_builds_from_what_the_bucket_has(laptop: Laptop, two: dict[str, Inputs]) -> None:
    s3 = laptop.client("s3")
    project = laptop.client("ssm").get_parameter(Name="/loupe/laptop/storage/project-bucket")["Parameter"]["Value"]
    paths = (two["a"].embeddings, two["a"].index_json, two["a"].metadata)
    for path in paths:
        s3.put_object(Bucket=project, Key=f"data/processed/deck/{path.name}", Body=path.read_bytes())
    url, index, metadata = (f"s3://{project}/data/processed/deck/{path.name}" for path in paths)
    words, denials = ["build", url, "--in-account", "--index-json", index, "--metadata"], laptop.denials()
    built = told(*words, metadata, "--version", "by-job", "--publish")
    assert {row["version"]: row["state"] for row in built}["by-job"] == "published"
    assert laptop.denials() == denials
    assert "has built nothing: metadata.json: it must be" in refusal(*words, index)
    assert "must begin with" in refusal(*words, "s3://elsewhere/metadata.json")
