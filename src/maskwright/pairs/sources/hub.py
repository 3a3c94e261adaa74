"""Data sets of the Hugging Face hub, by id: `datasets` says which files a split has, our readers read them.

So parts, etags, ids and keys are those of any table, and no picture is decoded on the way.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maskwright.errors import InputError, MissingExtraError
from maskwright.pairs.opening import shown, words
from maskwright.pairs.sources.remote import Remote, file_system, listed

_ID = re.compile(r"(hf:(?!//))?([\w.-]+/[\w.-]+)(?:@([\w./-]+))?(?::(?:([\w.-]+)/)?([\w.-]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class HubId:
    """`[hf:]OWNER/NAME[@REVISION][:[CONFIG/]SPLIT]`; None: the only one, or the default one.

    Args:
        repo: `OWNER/NAME`.
        sure: written with `hf:`, so that it cannot be meant as a path.
    """

    repo: str
    revision: str | None
    config: str | None
    split: str | None
    sure: bool


def hub_id(place: str) -> HubId | None:
    """What a location says, read as an id of the hub; None where it cannot be one.

    >>> hub_id("osunlp/MagicBrush:dev").split
    'dev'
    """
    found = _ID.fullmatch(place)
    if found is None or "." in found[2].split("/") or ".." in found[2].split("/"):
        return None
    return HubId(found[2], found[3], found[4], found[5], bool(found[1]))


def hub_files(asked: HubId) -> tuple[Remote, list[str]]:
    """The files of a split, in the order the data set has them.

    Raises:
        InputError: no such data set, or one that is not files; more than one split, or none of that name.
        MissingExtraError: `datasets` is not installed.
    """
    splits = _splits(asked)
    names = list(splits)
    if asked.split is None and len(names) > 1:
        raise InputError(
            f"{asked.repo} has the splits {', '.join(names[:12])}",
            hint=f"say which: hf:{asked.repo}:{names[0]}",
        )
    split = asked.split or names[0]
    if split not in splits:
        raise InputError(f"{asked.repo} has no split {split!r}; it has {', '.join(names[:12])}")
    urls = list(splits[split])
    pattern = re.compile(r"(hf://datasets/[^/]+/[^/]+)/(.+)")
    found = [pattern.fullmatch(url) for url in urls]
    roots = {one[1] for one in found if one}
    if len(roots) != 1 or None in found:
        raise InputError(f"{asked.repo} keeps its pictures elsewhere ({shown(urls[0])[:120]})")
    system, _ = file_system(urls[0])
    paths = {one[2]: system._strip_protocol(one[0]) for one in found if one}
    known: dict[str, Mapping[str, Any]] = {}
    for folder in sorted({posixpath.dirname(path) for path in paths.values()}):
        known |= {info["name"]: info for info in listed(system, folder)}
    return Remote(
        system, roots.pop(), paths, {file: known[path] for file, path in paths.items() if path in known}
    ), list(paths)


def _splits(asked: HubId) -> Mapping[str, Sequence[str]]:
    """Split -> URLs of its files; never empty."""
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError(
            f"{asked.repo} at the hub is read with `datasets`", hint="pip install 'maskwright[hub]'"
        ) from error
    try:
        builder = datasets.load_dataset_builder(asked.repo, name=asked.config, revision=asked.revision)
        splits = {str(split): list(urls) for split, urls in (builder.config.data_files or {}).items()}
    except Exception as error:  # no such name, no config of that name, no network: each has errors of its own
        raise InputError(
            f"{asked.repo} cannot be had from the Hugging Face hub: {words(error)}",
            hint="is the name right, and this machine online? a config is named hf:OWNER/NAME:CONFIG/SPLIT",
        ) from error
    splits = {split: urls for split, urls in splits.items() if urls}
    if not splits:
        raise InputError(f"{asked.repo} has no data files")
    return splits
