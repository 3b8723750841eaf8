"""The DAG bundle of the trees that dagsync publishes (docs/dagsync.md, docs/adr/0046).

Its path in the settings is dagsync's link. Whoever reads through the link sees
one tree now and the next a moment later; a bundle resolves it once, for a parse
of all files or for a task, and names the tree as its version, so that a run stays
with the tree that it began with. As long as the bundle lives it holds a shared
lock on the tree's record, by which dagsync keeps the tree; the DAG processor's holds
one for each run that hasn't ended as well, which between two of its tasks nobody else does.
"""

import fcntl
import logging
import os
import re
from pathlib import Path
from typing import IO

from airflow.dag_processing.bundles.base import BaseDagBundle

log = logging.getLogger(__name__)

# The commit in a tree's record, in front of its files, which a record of any size begins with.
COMMIT, BEGINNING = re.compile(rb'"commit":"([0-9a-f]{7,64})",'), 2048
SHOWN = 12  # characters of it


def named(version: str) -> str:
    """The tree that a version names."""
    return version.partition("+")[0]


class TreeBundle(BaseDagBundle):
    """path is dagsync's link, or a plain folder, which has no versions."""

    supports_versioning = True

    def __init__(self, *, path: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self._link = Path(path)
        self._tree: Path | None = None
        self._record = None  # of the tree, open and locked
        self._commit = ""
        self._runs: dict[str, IO] = {}  # the records of the trees that runs name, by their names
        # A link that isn't there yet is one that dagsync will make.
        self.supports_versioning = self._link.is_symlink() or not self._link.exists()

    def initialize(self) -> None:
        self._tree = self._resolve()
        super().initialize()

    def refresh(self) -> None:
        self._tree = self._resolve()
        self._hold_for_runs()

    def get_current_version(self) -> str | None:
        """The tree's name, and the commit if its push named one: tree-000042+1f0c9a6b2d3e; None before the first publication, and for a plain folder."""
        return self.path.name + self._commit if self.supports_versioning and self.path != self._link else None

    @property
    def path(self) -> Path:
        if self._tree is None:
            self._tree = self._resolve()
        return self._tree

    def _resolve(self) -> Path:
        """The tree that was asked for, while dagsync keeps it, else the one that the link shows."""
        if not self._link.is_symlink():
            return self._link
        present = self._link.resolve()
        if self.version:
            asked = (present.parent / named(self.version)).resolve()
            if asked.parent == present.parent and asked.is_dir() and self._hold(asked):
                return asked
            log.warning("Bundle '%s': the tree %s is no longer kept; using %s", self.name, self.version, present.name)
        # Between the two calls dagsync may have shown another tree and removed this one.
        while not self._hold(present) and present != self._link.resolve():
            present = self._link.resolve()
        return present

    def _hold_for_runs(self) -> None:
        """Holds the trees that queued and running runs name. The DAG processor alone refreshes a bundle, and may ask the database."""
        from airflow.models.dagrun import DagRun
        from airflow.utils.session import create_session
        from sqlalchemy import or_, select
        from sqlalchemy.exc import SQLAlchemyError

        try:
            # A session of its own: Airflow refreshes bundles within another. Not IN: each half has an index.
            with create_session(scoped=False) as session:
                query = select(DagRun.bundle_version).distinct().where(or_(DagRun.state == "running", DagRun.state == "queued"))
                wanted = {named(version) for version in session.scalars(query) if version}
        except SQLAlchemyError as error:
            log.warning("Bundle '%s': the runs can't be asked for, so the trees of before are held: %s", self.name, error)
            return
        for name in self._runs.keys() - wanted:
            self._runs.pop(name).close()
        home = self._link.resolve().parent
        for name in wanted - self._runs.keys():
            tree = (home / name).resolve()
            if tree.parent == home and (record := self._lock(tree)):
                self._runs[name] = record

    def _hold(self, tree: Path) -> bool:
        """Keeps a tree from being removed; False when it is gone, or just going."""
        record = self._lock(tree)
        if record is None:
            self._commit = ""
            return False
        if self._record:
            self._record.close()
        self._record = record
        commit = COMMIT.search(os.pread(record.fileno(), BEGINNING, 0))
        self._commit = f"+{commit[1][:SHOWN].decode()}" if commit else ""
        return True

    def _lock(self, tree: Path) -> IO | None:
        """The record of a tree, locked; None when the tree is gone, or just going."""
        path = tree.with_name(f"{tree.name}.manifest")
        try:
            record = path.open("rb")
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(record.fileno()), path.stat()):
                raise FileNotFoundError(path)
        except (BlockingIOError, FileNotFoundError):  # dagsync removes a tree's record first, under its own lock
            record.close()
            return None
        except OSError as error:
            log.warning("Bundle '%s': the tree %s can't be locked and stays by its age alone: %s", self.name, tree.name, error)
        return record
