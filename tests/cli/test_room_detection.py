"""`loupe room-detection` against a stand-in of the HTTP API: what it sends, says and writes."""

import json
import re
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
import responses
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from typer.testing import CliRunner
from urllib3.filepost import encode_multipart_formdata

from cli import blueprints
from cli.connection import Connection, connect
from cli.form import Form
from cli.main import app, main
from cli.tables import printable
from cli.trouble import Trouble
from tests.cli.jobs import API, AT, S3, Commands, job


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


@given(content=st.binary(max_size=5000), size=st.integers(1, 999), fields=st.dictionaries(st.text(), st.text()))
def test_the_form_is_one_that_s3_reads(content: bytes, size: int, fields: dict[str, str]) -> None:
    heard: list[int] = []
    form = Form(fields, BytesIO(content), len(content), heard.append)
    text = b"".join(iter(lambda: form.read(size), b""))
    assert len(text) == len(form) == sum(heard)
    plain, _ = encode_multipart_formdata([*fields.items(), ("file", ("blueprint", content))], boundary_of(form))
    assert text == plain


def boundary_of(form: Form) -> str:
    return form.content_type.partition("boundary=")[2]


def test_all_jobs_are_listed_when_all_are_wanted(loupe: Commands, api: responses.RequestsMock) -> None:
    for page in range(3):
        more = {"next": "more"} if page < 2 else {}
        api.add("GET", f"{API}/blueprints", json={"jobs": [job(page * 100 + n) for n in range(100)], **more})
    assert len(json.loads(loupe("list", "--all", "--json").stdout)) == 300


def test_a_netrc_does_not_take_the_signatures_place(
    loupe: Commands, api: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    api.add("GET", f"{API}/blueprints", json={"jobs": []})
    loupe("list")
    assert str(api.calls[0].request.headers["Authorization"]).startswith("AWS4-HMAC-SHA256")


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
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "back\\slash.png").write_bytes(b"plan")
    bad = [tmp_path / name for name in ("notes.txt", "empty.png", "missing.png", "folder.png", "back\\slash.png")]
    ran = loupe("submit", *bad, *plans(tmp_path, 1), "--json")
    assert ran.exit_code == 1
    assert [sent["state"] for sent in json.loads(ran.stdout)] == ["REFUSED"] * 5 + ["UPLOADING"]
    assert len([call for call in api.calls if call.request.url == f"{API}/blueprints"]) == 1


def test_an_upload_that_s3_refuses_is_said_and_fails(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    takes_uploads(api)
    api.replace("POST", S3, status=403, body="<Error><Message>Too old.</Message></Error>")
    ran = loupe("submit", *plans(tmp_path, 1), "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)[0]["reason"] == "S3 refused the upload: Too old. (HTTP 403)"


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
    assert "1 jobs have not ended" in ran.stderr


def test_a_job_is_said_before_anything_is_waited_for(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    takes_uploads(api)
    api.add("GET", f"{API}/blueprints/{1:032x}", status=403, json={"message": "The security token is expired"})
    ran = loupe("submit", *plans(tmp_path, 1), "--wait", "--json")
    assert f"job {1:032x}" in ran.stderr
    assert str(ran.exception) == "The security token is expired (HTTP 403)"


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
    ran = loupe("status", f"{1:032x}")
    assert ran.exit_code == 1
    assert "room_detection/job" in ran.stderr


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
    assert (ran.exit_code, ran.stderr) == (1, f"{sentence}\n")


@given(name=st.text())
def test_a_strangers_name_cannot_steer_the_terminal(name: str) -> None:
    assert printable(name).isprintable()


def test_an_environment_that_is_none_is_said() -> None:
    with pytest.raises(Trouble, match="choose one of laptop, dev, staging, prod"):
        connect("qa")


def test_a_profile_that_is_none_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Trouble, match=r"nobody.* choose an account and region with AWS_PROFILE"):
        connect("dev")


@mock_aws
def test_an_account_without_loupe_is_said_with_what_to_do() -> None:
    with pytest.raises(Trouble, match="Deploy it to this account and region"):
        connect("dev")


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
