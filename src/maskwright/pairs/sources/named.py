"""Files that belong together by named groups of patterns: the layouts of published corpora."""

from __future__ import annotations

import functools
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

from maskwright.errors import InputError
from maskwright.pairs.opening import shown
from maskwright.pairs.presets.preset import Files, Texts
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, portable
from maskwright.pairs.sources.layouts import Layout

Group = Mapping[str, str]
"""Named group -> what it matched."""


def named_groups(pattern: str, key: str) -> Group | None:
    """The named groups of a pattern in a path; None where it does not match.

    The pattern is matched in any case against the end of the path, from the start of a name or folder on.

    >>> named_groups(r"(?P<n>\\d+)_x\\.png", "a/b/12_X.png")
    {'n': '12'}
    """
    match = _compiled(pattern).fullmatch(key)
    return None if match is None else {name: text or "" for name, text in match.groupdict().items()}


def arrange_named(files_of: Files, title: str, files: Sequence[str], where: str) -> Layout:
    """Pairs of a corpus of files.

    Args:
        files_of: its patterns.
        title: the corpus, for messages.
        files: as `list_files` gives them.

    Raises:
        InputError: no file is an edited picture of this corpus, or none is in a pair.
    """
    keys = [portable(file) for file in files if os.path.splitext(file)[1].lower() in PICTURE_SUFFIXES]
    edits = {key: groups for key in keys if (groups := named_groups(files_of.edited, key)) is not None}
    if not edits:
        raise InputError(
            f"{where} has no edited picture of {title}; for example it has {', '.join(keys[:4]) or 'none'}",
            hint="is it that corpus, unpacked as it comes? else leave --corpus out",
        )
    originals = Partners(files_of.edited, files_of.original, keys)
    masks = Partners(files_of.edited, files_of.mask, keys) if files_of.mask else None
    layout = Layout(why=dict.fromkeys(("original", "edited", "mask"), "its name"))
    for edited, groups in edits.items():
        found = originals.of(groups), masks.of(groups) if masks else []
        if len(found[0]) == 1 and len(found[1]) <= 1:
            layout.pairs.append((found[0][0], edited, found[1][0] if found[1] else None))
        elif not found[0]:
            layout.left[edited] = ("unmatched", f"there is no original picture for {said(groups)}")
        else:
            others = ", ".join([*found[0], *found[1]])
            layout.left[edited] = ("ambiguous", f"it could belong with any of {others}")
    if not layout.pairs:
        edited, (_, why) = next(iter(layout.left.items()))
        raise InputError(
            f"none of the {len(edits)} edited pictures of {title} in {where} is in a pair: {edited}: {why}",
            hint="are the folders of originals and of edited pictures both in it?",
        )
    used = {file for pair in layout.pairs for file in pair if file}
    for key in keys:
        if key not in used and key not in layout.left:
            layout.left[key] = left_over(key, files_of.spare, title)
    return layout


class Instructions:
    """The texts of a corpus of files, found by the named groups of an edited picture."""

    def __init__(self, texts: Texts, location: str, files: Sequence[str]) -> None:
        """Read all of them.

        Raises:
            InputError: a file is no JSON list of objects.
        """
        groups = {*_compiled(texts.files).groupindex, *_compiled(texts.named).groupindex}
        self._shared = sorted(groups)
        self._texts: dict[tuple[str, ...], str] = {}
        self.files = [file for file in files if named_groups(texts.files, portable(file)) is not None]
        for file in self.files:
            path = os.path.join(location, file)
            try:
                with open(path, encoding="utf-8") as opened:
                    entries = json.load(opened)
            except (OSError, ValueError, RecursionError) as error:
                raise InputError(f"{shown(path)}: the instructions cannot be read ({error})") from error
            if not isinstance(entries, list):
                raise InputError(f"{shown(path)}: the instructions are no list")
            known = named_groups(texts.files, portable(file)) or {}
            for entry in entries:
                name, text = (
                    (entry.get(texts.name), entry.get(texts.text)) if isinstance(entry, dict) else (0, 0)
                )
                found = named_groups(texts.named, name) if isinstance(name, str) else None
                if found is not None and isinstance(text, str) and text:
                    self._texts[self._join({**known, **found})] = text

    def of(self, groups: Group) -> str | None:
        """The text of the edited picture with these named groups."""
        return self._texts.get(self._join(groups))

    def _join(self, groups: Group) -> tuple[str, ...]:
        return tuple(groups.get(name, "") for name in self._shared)


class Partners:
    """The files of one pattern, found by the named groups they share with another pattern."""

    def __init__(self, mine: str, theirs: str, keys: Sequence[str]) -> None:
        self._shared = sorted(set(_compiled(mine).groupindex) & set(_compiled(theirs).groupindex))
        self._files: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for key in keys:
            groups = named_groups(theirs, key)
            if groups is not None:
                self._files[self._join(groups)].append(key)

    def of(self, groups: Group) -> list[str]:
        """The files that belong with these groups."""
        return self._files.get(self._join(groups), [])

    def _join(self, groups: Group) -> tuple[str, ...]:
        return tuple(groups[name] for name in self._shared)


def left_over(key: str, spare: Sequence[tuple[str, str]], title: str) -> tuple[str, str]:
    """(reason, detail) for a file that is in no pair."""
    for pattern, why in spare:
        if named_groups(pattern, key) is not None:
            return "skipped", why
    return "unmatched", f"it is no part of a pair of {title}"


def said(groups: Group) -> str:
    """Named groups for a message."""
    return ", ".join(f"{name} {text}" for name, text in groups.items())


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    # the folders before are optional and as few as will do, so a group may begin at the very start
    return re.compile(rf"(?:.*/)??(?:{pattern})", re.IGNORECASE | re.DOTALL)
