"""The DAG bundle of the trees that dagsync publishes (docs/dagsync.md, docs/adr/0046).

Its path in the settings is dagsync's link. Whoever reads through the link sees
one tree now and the next a moment later; a bundle resolves it once, for a parse
of all files or for a task, and names the tree as its version, so that a run stays
with the tree that it began with. As long as the bundle lives it holds a shared
lock on the tree's record, by which dagsync keeps the tree.
"""

import fcntl
import logging
import os
from pathlib import Path

from airflow.dag_processing.bundles.base import BaseDagBundle

log = logging.getLogger(__name__)


class TreeBundle(BaseDagBundle):
    """path is dagsync's link, or a plain folder, which has no versions."""

    supports_versioning = True

    def __init__(self, *, path: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self._link = Path(path)
        self._tree: Path | None = None
        self._record = None  # of the tree, open and locked
        # A link that isn't there yet is one that dagsync will make.
        self.supports_versioning = self._link.is_symlink() or not self._link.exists()

    def initialize(self) -> None:
        self._tree = self._resolve()
        super().initialize()

    def refresh(self) -> None:
        self._tree = self._resolve()

    def get_current_version(self) -> str | None:
        """The tree's name, tree-000042; None before the first publication, and for a plain folder."""
        return self.path.name if self.supports_versioning and self.path != self._link else None

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
            asked = (present.parent / self.version).resolve()
            if asked.parent == present.parent and asked.is_dir() and self._hold(asked):
                return asked
            log.warning("Bundle '%s': the tree %s is no longer kept; using %s", self.name, self.version, present.name)
        # Between the two calls dagsync may have shown another tree and removed this one.
        while not self._hold(present) and present != self._link.resolve():
            present = self._link.resolve()
        return present

    def _hold(self, tree: Path) -> bool:
        """Keeps a tree from being removed; False when it is gone, or just going."""
        path = tree.with_name(f"{tree.name}.manifest")
        try:
            record = path.open("rb")
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(record.fileno()), path.stat()):
                raise FileNotFoundError(path)
        except (BlockingIOError, FileNotFoundError):  # dagsync removes a tree's record first, under its own lock
            record.close()
            return False
        except OSError as error:
            log.warning("Bundle '%s': the tree %s can't be locked and stays by its age alone: %s", self.name, tree.name, error)
        if self._record:
            self._record.close()
        self._record = record
        return True
