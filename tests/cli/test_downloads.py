"""`loupe room-detection download` against a stand-in of the HTTP API: whole files, where they belong, or none."""

import json
from pathlib import Path

import requests
import responses
from hypothesis import given
from hypothesis import strategies as st

from cli.blueprints import safe_name
from tests.cli.jobs import API, S3, Commands, job


def has_rooms(api: responses.RequestsMock, *numbers: int, body: bytes = b"{}") -> None:
    for number in numbers:
        link = f"{S3}{number}.json"
        api.add("GET", f"{API}/blueprints/{number:032x}", json=job(number, results={"json": link}))
        api.add("GET", link, body=body)


def test_a_download_never_replaces_a_file_unless_forced(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    has_rooms(api, 1)
    words = ("download", f"{1:032x}", "--out", tmp_path / "new" / "folder")
    assert loupe(*words).exit_code == 0
    [file] = (tmp_path / "new" / "folder").iterdir()
    file.write_text("mine")
    refused = loupe(*words)
    assert (refused.exit_code, file.read_text()) == (1, "mine")
    assert "--force" in refused.stderr
    assert loupe(*words, "--force").exit_code == 0
    assert file.read_text() == "{}"


def test_an_answer_of_any_size_comes_by_its_link_with_no_signature_but_the_links(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    has_rooms(api, 1, body=b"x" * (7 << 20))
    ran = loupe("download", f"{1:032x}", "--out", tmp_path, "--json")
    [file] = json.loads(ran.stdout)
    assert Path(file).stat().st_size == 7 << 20
    assert "Authorization" not in api.calls[1].request.headers


def test_what_one_job_lacks_does_not_keep_the_others_from_coming(
    loupe: Commands, api: responses.RequestsMock, tmp_path: Path
) -> None:
    api.add("GET", f"{API}/blueprints/{1:032x}", json=job(1, "FAILED", reason="No walls."))
    has_rooms(api, 2)
    ran = loupe("download", f"{1:032x}", f"{2:032x}", "--out", tmp_path)
    assert ran.exit_code == 1
    assert f"Job {1:032x} has no rooms, it is FAILED: No walls." in ran.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["2.00000000.rooms.json"]


def test_an_answer_that_breaks_off_leaves_no_file(loupe: Commands, api: responses.RequestsMock, tmp_path: Path) -> None:
    has_rooms(api, 1)
    api.replace("GET", f"{S3}1.json", body=requests.ConnectionError("cut"))
    assert "did not arrive" in loupe("download", f"{1:032x}", "--out", tmp_path).stderr
    assert list(tmp_path.iterdir()) == []


@given(name=st.text(max_size=300))
def test_a_download_stays_in_its_folder_whatever_the_blueprint_is_called(name: str) -> None:
    safe = safe_name(name, "0" * 32, "rooms.json")
    assert Path(safe).name == safe
    assert safe.isprintable()
    assert not safe.startswith(".")
    assert len(safe) < 120


def test_a_format_that_is_none_is_said_before_anything_is_asked(loupe: Commands, api: responses.RequestsMock) -> None:
    assert "choose one of json, geojson, csv, svg" in str(loupe("download", "x", "--format", "dwg").exception)
    assert len(api.calls) == 0
