"""Which files `ops push` takes (ops/dagpush/files.go)."""

import pathlib


def is_pushed(path: pathlib.Path, folder: pathlib.Path) -> bool:
    """Whether what lies below a pushed folder is: not tests/ at its top, what Python leaves behind, and hidden files but .airflowignore."""
    parts = path.relative_to(folder).parts
    hidden = any(part.startswith(".") and part != ".airflowignore" for part in parts)
    return not hidden and parts[0] != "tests" and "__pycache__" not in parts and path.suffix != ".pyc"
