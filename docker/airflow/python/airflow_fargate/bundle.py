"""The DAG bundle of the trees that dagsync publishes (docs/dagsync.md, docs/adr/0046).

Its path in the settings is dagsync's link. Whoever reads through the link sees
one tree now and the next a moment later; a bundle resolves it once, for a parse
of all files or for a task, and names the tree as its version, so that a run stays
with the tree that it began with.
"""

import logging
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
        if not self.version:
            return present
        asked = (present.parent / self.version).resolve()
        if asked.parent == present.parent and asked.is_dir():
            return asked
        log.warning("Bundle '%s': the tree %s is no longer kept; using %s", self.name, self.version, present.name)
        return present
