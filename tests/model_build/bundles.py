"""Repositories of a test's own that bundles are made from: this one's files, as they are now, and as they could be."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cli.model_build_bundle import ARCHIVES, FOLDER, ROOT, Bundle, bundle


class Repository:
    """A git repository with what a bundle is made from, committed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.code = folder, folder / FOLDER
        self.code.mkdir(parents=True)
        (folder / ARCHIVES).parent.mkdir(parents=True)
        shutil.copy(ROOT / ARCHIVES, folder / ARCHIVES)
        for file in (ROOT / FOLDER).glob("*.py"):
            shutil.copy(file, self.code)
        self.git("init", "--quiet")
        self.commit()

    def replace(self, changes: Mapping[str, tuple[str, str]]) -> "Repository":
        """Commit other words in some of the programs."""
        for name, (old, new) in changes.items():
            text = (self.code / name).read_text()
            assert text.count(old) == 1
            (self.code / name).write_text(text.replace(old, new))
        return self.commit()

    def write(self, files: Mapping[str, str]) -> "Repository":
        """Commit whole other programs."""
        for name, text in files.items():
            (self.code / name).write_text(text)
        return self.commit()

    def commit(self) -> "Repository":
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "as it is")
        return self

    def bundle(self, revision: str | None = None) -> Bundle:
        return bundle(revision, repository=self.folder)

    def git(self, *words: str) -> None:
        somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", "-C", str(self.folder), *somebody, *words], check=True)
