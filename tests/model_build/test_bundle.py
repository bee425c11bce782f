"""A bundle is of a commit: the same bytes for everybody, all its files, and nothing that is in no commit."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from cli.account import Account
from cli.model_build_bundle import FOLDER, NEEDED, bundle
from cli.model_build_project import Project
from cli.trouble import Trouble
from loupe import archives, contracts
from tests.model_build.bundles import Repository

BUCKET = "loupe-project"


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> "Project":
    monkeypatch.setattr(Account, "parameter", lambda _self, _name: BUCKET)
    return Project(Account("dev", boto3.Session(region_name="us-east-1")))


def unpacked(body: bytes, folder: Path) -> dict[str, bytes]:
    (folder / "pipeline_code.tar.gz").write_bytes(body)
    names = archives.unpack(folder / "pipeline_code.tar.gz", folder / "code")
    return {name: (folder / "code" / name).read_bytes() for name in names}


def test_a_commit_makes_the_same_bytes_wherever_and_whenever(repository: Repository, tmp_path: Path) -> None:
    made = repository.bundle()
    shutil.copytree(repository.folder, tmp_path / "elsewhere")
    for file in (tmp_path / "elsewhere" / FOLDER).iterdir():
        file.touch()
        file.chmod(0o600)
    assert bundle(repository=tmp_path / "elsewhere") == repository.bundle() == made


def test_nothing_in_it_depends_on_clock_person_or_compressor(repository: Repository) -> None:
    body = repository.bundle().body
    assert body[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    tar = gzip.decompress(body)
    assert len(body) == 10 + len(tar) + 5 * -(-len(tar) // 0xFFFF) + 8
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        members = archive.getmembers()
    assert [one.name for one in members] == sorted(one.name for one in members)
    assert {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in members} == {
        (0, 0, 0, "", "", 0o644)
    }


def test_it_holds_the_commits_files_flat_and_a_list_of_them(repository: Repository, tmp_path: Path) -> None:
    made = repository.bundle()
    found = unpacked(made.body, tmp_path)
    told = contracts.check("model_build/bundle", json.loads(found.pop("bundle.json")))
    assert told["commit"] == made.commit
    assert {name: hashlib.sha256(body).hexdigest() for name, body in found.items()} == told["files"]
    assert set(NEEDED) < set(found)
    assert made.key == f"pipeline/code/{made.commit}/pipeline_code.tar.gz"


def test_an_earlier_commit_makes_its_own_bundle(repository: Repository) -> None:
    first = repository.bundle()
    second = repository.replace({"boosting.py": ("ROUNDS = 200", "ROUNDS = 7")}).bundle()
    assert second.commit != first.commit
    assert repository.bundle("HEAD~1") == first
    assert repository.bundle(first.commit[:12]) == first


def test_what_is_in_no_commit_is_refused_by_name(repository: Repository) -> None:
    (repository.code / "train.py").write_text("# other")
    with pytest.raises(Trouble, match=r"containers/model_build/train\.py"):
        repository.bundle()
    repository.git("checkout", "--quiet", ".")
    (repository.code / "notes.txt").write_text("new")
    with pytest.raises(Trouble, match=r"containers/model_build/notes\.txt"):
        repository.bundle()
    (repository.code / "notes.txt").unlink()
    (repository.code / "train.py").unlink()
    with pytest.raises(Trouble, match=r"containers/model_build/train\.py"):
        repository.bundle()


def test_changes_elsewhere_do_not_matter(repository: Repository) -> None:
    (repository.folder / "README.md").write_text("new")
    assert repository.bundle()


@pytest.mark.parametrize("name", NEEDED)
def test_a_commit_without_one_of_the_programs_is_refused(repository: Repository, name: str) -> None:
    folder = "loupe" if name == "archives.py" else FOLDER
    (repository.folder / folder / name).unlink()
    with pytest.raises(Trouble, match=rf"has no {name}"):
        repository.commit().bundle()


def test_links_and_folders_are_refused(repository: Repository) -> None:
    (repository.code / "link.py").symlink_to("/etc/passwd")
    with pytest.raises(Trouble, match=r"link\.py of commit"):
        repository.commit().bundle()
    (repository.code / "link.py").unlink()
    (repository.code / "more").mkdir()
    (repository.code / "more" / "train.py").write_text("")
    with pytest.raises(Trouble, match=r"more/train\.py of commit"):
        repository.commit().bundle()


def test_what_is_no_commit_or_no_repository_is_said_in_a_sentence(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="no such commit"):
        repository.bundle("v9")
    (tmp_path / "empty").mkdir()
    with pytest.raises(Trouble, match="not a git repository"):
        bundle(repository=tmp_path / "empty")


def test_it_is_published_once_and_the_same_again_changes_nothing(repository: Repository, project: Project) -> None:
    made = repository.bundle()
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        published = project.publish(made)
        assert project.publish(made) == published
        assert published.uri == f"s3://{BUCKET}/{made.key}"
        assert project.published(made.commit) == published


def test_other_bytes_under_its_key_are_refused_and_stay(repository: Repository, project: Project) -> None:
    made = repository.bundle()
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key=made.key, Body=b"other")
        with pytest.raises(Trouble, match=rf"{made.key} is there already.*published once"):
            project.publish(made)
        assert s3.get_object(Bucket=BUCKET, Key=made.key)["Body"].read() == b"other"


def test_a_bundle_that_is_not_published_is_missed_with_what_to_do(project: Project) -> None:
    with mock_aws():
        boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
        with pytest.raises(Trouble, match=r"There is no s3://.*publish it with `loupe model-build publish`"):
            project.published("0" * 40)
