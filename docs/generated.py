"""Pages of the manual that are made from values of the program."""

from __future__ import annotations

import sys
from pathlib import Path


def write_or_check(path: Path, text: str) -> int:
    """Write a page, or with --check only say whether it is current; the exit code of the script."""
    if "--check" not in sys.argv[1:]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return 0
    print(f"error: {path} is not what the program says\nhint:  make docs", file=sys.stderr)
    return 1
