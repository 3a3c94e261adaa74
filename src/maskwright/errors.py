"""One family of errors, so that a caller can catch everything of ours at once.

    MaskwrightError            the parent; carries `hint` and `exit_code`
    ├── InputError             a file or source cannot be what it was said to be
    │   └── GridError          two pictures or masks that must share a grid do not
    ├── SettingError           an option out of range, an unknown name (also a ValueError)
    ├── MissingExtraError      a package or a weights file is not here (also an ImportError)
    └── RunError               output belongs to another run, a part is damaged, the disk is full

A fault of the caller is raised. A fault of one pair is a row with a status and a
reason; `InputError.reason` names that reason where the fault is a picture's.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MaskwrightError(Exception):
    """The parent of every error this package raises on purpose.

    Args:
        message: what is wrong, where, what was expected and found.
        hint: what to type or do next; may be empty.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(MaskwrightError):
    """A file or source cannot be what it was said to be.

    Args:
        reason: a key of `maskwright.pairs.values.REASONS`; empty when no row is meant.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "", reason: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason


class GridError(InputError):
    """Two pictures or masks that must have the same size do not."""


class SettingError(MaskwrightError, ValueError):
    """An option is out of its range, or a name is unknown."""

    exit_code = 2


class MissingExtraError(MaskwrightError, ImportError):
    """A package or a weights file that this job needs is not installed."""

    exit_code = 2


class RunError(MaskwrightError):
    """The output belongs to another run, a part is damaged, or the disk is full."""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> SettingError:
    """The error for a name nobody knows, with the nearest known ones.

    >>> print(unknown_name("annotator", "diference", ["difference"]).hint)
    did you mean difference?
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3)
    shown = ", ".join(near or names[:8])
    hint = f"did you mean {shown}?" if near else f"known: {shown}" + (", ..." if len(names) > 8 else "")
    return SettingError(f"there is no {kind} named {name!r}", hint=hint)
