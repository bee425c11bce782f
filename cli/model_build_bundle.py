"""A commit → the code bundle that a pipeline runs: the same bytes whoever makes it, wherever, whenever."""

import hashlib
import io
import json
import struct
import subprocess
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from cli.trouble import Trouble

ROOT = Path(__file__).parents[1]
NAME = "pipeline_code.tar.gz"
FOLDER, ARCHIVES = "containers/model_build", "loupe/archives.py"
NEEDED = ("archives.py", "evaluate.py", "inference.py", "preprocess.py", "train.py")
_STORED_MOST = 0xFFFF


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """An archive, and the commit that it is of."""

    commit: str
    body: bytes

    @property
    def key(self) -> str:
        """Where it lies in the project bucket."""
        return f"pipeline/code/{self.commit}/{NAME}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def bundle(revision: str | None = None, *, repository: Path = ROOT) -> Bundle:
    """The bundle of a commit; of the one that is checked out, if nothing has been changed since."""
    if revision is None:
        _refuse_changes(repository)
    commit = _git(repository, "rev-parse", "--verify", "--quiet", f"{revision or 'HEAD'}^{{commit}}").decode().strip()
    files = {Path(name).name: body for name, body in _files(repository, commit)}
    if missing := [name for name in NEEDED if name not in files]:
        raise Trouble(f"Commit {commit} has no {', '.join(missing)} for a bundle: choose a later one.")
    told = {"commit": commit, "root": FOLDER, "files": {name: _sha256(body) for name, body in sorted(files.items())}}
    listed = json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"
    return Bundle(commit=commit, body=_gzipped(_tarred({**files, "bundle.json": listed})))


def _refuse_changes(repository: Path) -> None:
    told = _git(repository, "status", "--porcelain", "--untracked-files=all", "--", FOLDER, ARCHIVES).decode()
    if told:
        names = ", ".join(line[3:] for line in told.splitlines()[:5])
        raise Trouble(f"A bundle is of a commit, and this is in none: {names}. Commit it, or put it away.")


def _files(repository: Path, commit: str) -> list[tuple[str, bytes]]:
    """Path and bytes of each file of a bundle, as the commit has them."""
    listed = _git(repository, "ls-tree", "-r", "-z", commit, "--", FOLDER, ARCHIVES).decode()
    entries = [entry.split(None, 3) for entry in listed.split("\0") if entry]
    for mode, _, _, path in entries:
        if not mode.startswith("100") or Path(path).parent.as_posix() not in (FOLDER, Path(ARCHIVES).parent.as_posix()):
            raise Trouble(f"A bundle holds plain files in one folder, and {path} of commit {commit} is not one.")
    return [(path, _git(repository, "cat-file", "blob", blob)) for _, _, blob, path in entries]


def _tarred(files: dict[str, bytes]) -> bytes:
    """In order, of nobody, from 1970."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(body), 0o644
            archive.addfile(member, io.BytesIO(body))
    return buffer.getvalue()


def _gzipped(body: bytes) -> bytes:
    """Stored, not compressed: compressors differ between machines, and this is small."""
    parts = [body[at : at + _STORED_MOST] for at in range(0, len(body), _STORED_MOST)]
    blocks = [struct.pack("<BHH", part is parts[-1], len(part), len(part) ^ _STORED_MOST) + part for part in parts]
    header = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # gzip, deflate, no flags, no time, no system
    return header + b"".join(blocks) + struct.pack("<II", zlib.crc32(body), len(body))


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _git(repository: Path, *words: str) -> bytes:
    try:
        run = subprocess.run(["git", "-C", str(repository), *words], capture_output=True, check=False)  # noqa: S603, S607  # our own words
    except FileNotFoundError as error:
        raise Trouble("A bundle is of a commit, and git is not installed here.") from error
    if run.returncode:
        said = run.stderr.decode(errors="replace").strip().splitlines()
        raise Trouble(f"git {words[0]} in {repository}: {said[-1] if said else 'there is no such commit'}.")
    return run.stdout
