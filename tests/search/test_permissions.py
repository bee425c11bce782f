"""What the stack's roles may do is what queries and builds need: with one less, the engine names what is missing."""

import uuid
from contextlib import suppress
from fnmatch import fnmatch

import pytest

from cli import search_jobs
from cli.trouble import Trouble
from tests.permissions import denied, permissions, without
from tests.search import decks
from tests.search.platform import Search
from tests.waiting import happens

pytestmark = [pytest.mark.laptop, pytest.mark.denies]
UNSEEN = {
    "Query s3:ListBucket": "the engine says 404 of a missing key to everybody",
    "ecr:GetAuthorizationToken": "the engine asks for the image, not for a token",
    "cloudwatch:PutMetricData": "the engine publishes no metrics of jobs",
}


@pytest.fixture(scope="module")
def uploaded(search: Search, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a build job reads, in the project bucket; a version that answers besides."""
    inputs = decks.numbers(tmp_path_factory.mktemp("deck"))
    search.publish(inputs)
    files = {"embeddings": inputs.embeddings, "index-json": inputs.index_json, "metadata": inputs.metadata}
    return {flag: search.upload(path) for flag, path in files.items()}


def _asked(search: Search) -> None:
    """By an instance that has nothing in memory."""
    search.restart_function()
    search.ask(row=0)


def _built(search: Search, uploaded: dict[str, str]) -> None:
    """A version that is not there yet."""
    search_jobs.run(search.account, uploaded, ["--version", f"v-{uuid.uuid4().hex[:8]}", "--publish"])


@pytest.mark.parametrize(("role", "actions"), permissions("Search", unseen=UNSEEN))
def test_a_missing_permission_is_named_with_its_action_and_resource(
    search: Search, role: str, actions: list[str], uploaded: dict[str, str]
) -> None:
    before = search.laptop.denials()
    with without(search.laptop, "search", role, actions):
        with suppress(Trouble):
            if role == "QueryRole":
                _asked(search)
            else:
                _built(search, uploaded)
        assert happens(lambda: denied(search.laptop, before), 20)
        denial = next(iter(search.laptop.last_denials()[-1:]))
    assert role in denial["principal"]
    assert any(fnmatch(denial["action"], action) for action in actions)
    assert denial["resource"]
