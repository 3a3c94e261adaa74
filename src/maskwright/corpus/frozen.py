"""What a run's output depends on, frozen in its folder: the same line goes on, another one is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwright.corpus import atomic
from maskwright.errors import RunError, SettingError


def check_place(out: Path, source: Path, settings: str, what: str) -> None:
    """Refuse an output folder that is none: it may be new, empty, or of an earlier run.

    Args:
        source: what is read; OUT may not lie inside, since it would change what is found there.
        settings: the name of the file that marks a run's folder.
        what: that such a folder holds, for the message.

    Raises:
        SettingError: it is a file, lies inside the source, or holds something else.
    """
    if out.exists() and not out.is_dir():
        raise SettingError(f"{out} is a file; the output is a folder", hint="give another name")
    inside = source.resolve()
    if inside.is_dir() and inside in (out.resolve(), *out.resolve().parents):
        raise SettingError(f"the output {out} lies inside {source}", hint="choose a folder beside it")
    if out.is_dir() and not (out / settings).exists() and any(out.iterdir()):
        raise SettingError(
            f"{out} is not empty and holds no {what}",
            hint="give a new folder; nothing there was touched",
        )


def freeze(path: Path, settings: Mapping[str, Any], verb: str) -> None:
    """Write the settings of a new run; refuse those that differ from what is there.

    Args:
        settings: what the output depends on, as JSON has it.
        verb: the command, for the hint.

    Raises:
        RunError: the folder belongs to another run, with the differences; or the file is damaged.
    """
    atomic.create(path, json.dumps(settings, indent=1).encode())
    try:
        there = json.loads(path.read_bytes())
        differs = [name for name, value in settings.items() if there[name] != value]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise RunError(f"{path} is damaged: {fault}", hint=f"{verb} into a new folder") from fault
    if differs:
        told = "; ".join(f"its {name} is {there[name]}, not {settings[name]}" for name in differs)
        raise RunError(f"{path.parent} belongs to another run: {told}", hint="give a new folder")
