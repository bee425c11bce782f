"""`loupe room-detection` against a stand-in of the HTTP API: what it sends, says and writes."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from cli import blueprints, room_detection
from cli.blueprints import safe_name
from cli.connection import Connection, connect
from cli.main import app, main
from cli.room_detection import printable
from cli.trouble import Trouble

API, S3 = "https://api.example.com", "https://bucket.example.com/"
AT = "2026-01-02T03:04:05.678Z"
Commands = Callable[..., Result]


def job(number: int, state: str = "SUCCEEDED", **more: Any) -> dict[str, Any]:
    name = {"job_id": f"{number:032x}", "file_name": f"{number}.png"}
    return {**name, "state": state, "created_at": AT, "updated_at": AT, **more}


@pytest.fixture
def api() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as stand_in:
        yield stand_in


@pytest.fixture
def loupe(monkeypatch: pytest.MonkeyPatch, api: responses.RequestsMock) -> Commands:
    """Run a command against the stand-in; trouble that it meets is in `.exception`."""
    session = boto3.Session("key", "secret", region_name="us-east-1")
    monkeypatch.setattr(room_detection, "connect", lambda _: Connection("test", API, session))
    return lambda *words: CliRunner().invoke(app, ["room-detection", *map(str, words)])


def takes_uploads(api: responses.RequestsMock) -> None:
    """Every request for a form gets one, with the number in the file's name as job id."""

    def form(request: Any) -> tuple[int, dict[str, str], str]:
        number = int(json.loads(request.body)["file_name"].split(".")[0])
        fields = {"key": f"blueprints/{number:032x}/plan.png"}
        return 201, {}, json.dumps({"job_id": f"{number:032x}", "url": S3, "fields": fields, "expires_at": AT})

    api.add_callback("POST", f"{API}/blueprints", form)
    api.add("POST", S3, status=204)


def plans(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.png" for number in range(1, count + 1)]
    for file in files:
        file.write_bytes(b"plan")
    return files


def words_of_help() -> list[list[str]]:
    return [["submit"], ["status"], ["list"], ["download"], ["detect"]]


@pytest.mark.parametrize("words", words_of_help(), ids=lambda words: words[0])
def test_every_command_explains_itself_with_an_example(words: list[str]) -> None:
    shown = CliRunner().invoke(app, ["room-detection", *words, "--help"])
    assert shown.exit_code == 0
    assert f"Example: loupe room-detection {words[0]}" in " ".join(shown.output.split())


def test_submitted_files_become_jobs_in_the_order_of_the_files(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    takes_uploads(api)
    ran = loupe("submit", *plans(tmp_path, 9), "--json")
    assert ran.exit_code == 0
    assert [sent["file_name"] for sent in json.loads(ran.stdout)] == [f"{number}.png" for number in range(1, 10)]


def test_every_request_is_signed(loupe: Commands, api: responses.RequestsMock) -> None:
    api.add("GET", f"{API}/blueprints", json={"jobs": []})
    loupe("list")
    assert "AWS4-HMAC-SHA256 Credential=key/" in str(api.calls[0].request.headers["Authorization"])


def test_a_file_that_is_no_blueprint_is_refused_before_anything_is_sent_and_the_others_go(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    takes_uploads(api)
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty.png").touch()
    bad = [tmp_path / "notes.txt", tmp_path / "empty.png", tmp_path / "missing.png"]
    ran = loupe("submit", *bad, *plans(tmp_path, 1), "--json")
    assert ran.exit_code == 1
    assert [sent["state"] for sent in json.loads(ran.stdout)] == ["REFUSED"] * 3 + ["UPLOADING"]
    assert len([call for call in api.calls if call.request.url == f"{API}/blueprints"]) == 1


def test_an_upload_that_s3_refuses_is_said_and_fails(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    takes_uploads(api)
    api.replace("POST", S3, status=403, body="<Code>AccessDenied</Code>")
    ran = loupe("submit", *plans(tmp_path, 1), "--json")
    assert ran.exit_code == 1
    assert "S3 refused the upload (HTTP 403)" in json.loads(ran.stdout)[0]["reason"]


@pytest.mark.parametrize(("state", "code"), [("SUCCEEDED", 0), ("FAILED", 1)])
def test_waiting_ends_with_the_jobs_and_tells_by_its_exit_code(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path, state: str, code: int
) -> None:
    takes_uploads(api)
    api.add("GET", f"{API}/blueprints/{1:032x}", json=job(1, "RUNNING"))
    api.add("GET", f"{API}/blueprints/{1:032x}", json=job(1, state))
    ran = loupe("submit", *plans(tmp_path, 1), "--wait", "--json")
    assert (ran.exit_code, json.loads(ran.stdout)[0]["state"]) == (code, state)


def test_waiting_gives_up_after_its_time(loupe: Commands, api: responses.RequestsMock, tmp_path: Path) -> None:
    takes_uploads(api)
    api.add("GET", f"{API}/blueprints/{1:032x}", json=job(1, "RUNNING"))
    ran = loupe("submit", *plans(tmp_path, 1), "--wait", "--timeout", "0", "--json")
    assert (ran.exit_code, json.loads(ran.stdout)[0]["state"]) == (1, "RUNNING")


def test_a_list_goes_on_to_the_next_page_until_it_has_enough(loupe: Commands, api: responses.RequestsMock) -> None:
    api.add("GET", f"{API}/blueprints", json={"jobs": [job(1), job(2)], "next": "more"})
    api.add("GET", f"{API}/blueprints", json={"jobs": [job(3), job(4)]})
    ran = loupe("list", "--limit", "3", "--json")
    assert [found["file_name"] for found in json.loads(ran.stdout)] == ["1.png", "2.png", "3.png"]
    assert "next=more" in str(api.calls[1].request.url)


def test_an_answer_of_the_api_that_breaks_its_contract_is_not_believed(
    loupe: Commands, api: responses.RequestsMock
) -> None:
    api.add("GET", f"{API}/blueprints/{1:032x}", json={"state": "DONE"})
    assert "room_detection/job" in str(loupe("status", f"{1:032x}").exception)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            {"json": {"error": {"code": "job_not_found", "message": "You have no job x."}}},
            "You have no job x. (HTTP 404)",
        ),
        ({"json": {"message": "Forbidden"}}, "Forbidden (HTTP 404)"),
        ({"body": "<html>"}, "<html> (HTTP 404)"),
    ],
)
def test_a_refusal_of_the_api_is_one_sentence(
    loupe: Commands, api: responses.RequestsMock, answer: dict[str, Any], sentence: str
) -> None:
    api.add("GET", f"{API}/blueprints/x", status=404, **answer)
    ran = loupe("status", "x")
    assert isinstance(ran.exception, Trouble)
    assert str(ran.exception) == sentence


def test_a_download_never_replaces_a_file_unless_forced(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    api.add("GET", f"{API}/blueprints/{1:032x}", json=job(1))
    api.add("GET", f"{API}/blueprints/{1:032x}/rooms", body="{}")
    words = ("download", f"{1:032x}", "--out", tmp_path / "new" / "folder")
    assert loupe(*words).exit_code == 0
    assert "--force" in str(loupe(*words).exception)
    assert loupe(*words, "--force").exit_code == 0


@given(name=st.text(max_size=300))
def test_a_download_stays_in_its_folder_whatever_the_blueprint_is_called(name: str) -> None:
    safe = safe_name(name, "0" * 32, "rooms.json")
    assert Path(safe).name == safe
    assert safe.isprintable()
    assert not safe.startswith(".")
    assert len(safe) < 120


@given(name=st.text())
def test_a_strangers_name_cannot_steer_the_terminal(name: str) -> None:
    assert printable(name).isprintable()


def test_a_format_that_is_none_is_said_before_anything_is_asked(loupe: Commands, api: responses.RequestsMock) -> None:
    assert "choose one of json, geojson, csv, svg" in str(loupe("download", "x", "--format", "dwg").exception)
    assert len(api.calls) == 0


def test_an_environment_that_is_none_is_said() -> None:
    with pytest.raises(Trouble, match="choose one of laptop, dev, staging, prod"):
        connect("qa")


def test_a_laptop_that_does_not_run_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path))
    with pytest.raises(Trouble, match="start it with `loupe local up`"):
        connect(None)


def test_an_api_that_does_not_answer_is_said() -> None:
    session = boto3.Session("key", "secret", region_name="us-east-1")
    dead = Connection("test", "http://127.0.0.1:9", session)
    with pytest.raises(Trouble, match=r"The API of test does not answer at http://127\.0\.0\.1:9"):
        blueprints.upload(dead, Path(__file__).parents[2] / "examples" / "listing.png")


def test_trouble_is_one_line_on_stderr_and_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("LOUPE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["loupe", "room-detection", "list"])
    with pytest.raises(SystemExit) as left:
        main()
    said = capsys.readouterr()
    assert (left.value.code, said.out) == (1, "")
    assert re.fullmatch(r"Loupe does not run on this laptop: [^\n]+\n", said.err)
