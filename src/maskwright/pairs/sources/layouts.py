"""How people lay out pairs in folders: a function a convention, and the choice between them.

A convention gets the relative paths of all picture files and says which are pairs and why others are not.
One that is not certain about a file says so; nothing is guessed.
"""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from maskwright.errors import InputError

SIDES: dict[str, str] = {
    name: role
    for role, names in {
        "original": "original originals orig source src before input inputs real authentic au a",
        "edited": "edited edit edits target tgt after output outputs fake tampered tp manipulated forged b",
        "mask": "mask masks label labels gt groundtruth ground_truth segmentation",
        "region": "region regions",
    }.items()
    for name in names.split()
}
"""Name of a folder, or ending of a name after `_` -> what it holds (research of 20 corpora's layouts)."""

ROLES = ("original", "edited", "mask", "region")

IGNORE_FOLDER = "ignore"
"""As `generate` writes it; its files belong to masks and are no pictures of a pair."""

MASK_ENDINGS = ("_mask", "_gt")
"""Endings that masks add to the stem of their picture: CocoGlide and IMD2020, CASIA."""


@dataclass
class Layout:
    """What a convention made of the files.

    Args:
        pairs: (original, edited, mask or None).
        regions: edited -> the picture of where the edit was meant to be, of the pairs that have one.
        left: file -> (reason, detail); files in none of these are unmatched.
        example: what the layout looks like; filled in by `arrange`.
        why: role -> what in a file's name decides it, in words; filled in by `arrange`.
    """

    pairs: list[tuple[str, str, str | None]] = field(default_factory=list)
    regions: dict[str, str] = field(default_factory=dict)
    left: dict[str, tuple[str, str]] = field(default_factory=dict)
    example: str = ""
    why: Mapping[str, str] = field(default_factory=dict)

    def add(self, group: Mapping[str, Sequence[str]]) -> None:
        """One pair of the files by role if there is exactly one way to make it, else reasons."""
        originals, edits, masks, regions = (group.get(role, ()) for role in ROLES)
        together = [*originals, *edits, *masks, *regions]
        if len(originals) == len(edits) == 1 and len(masks) <= 1 and len(regions) <= 1:
            self.pairs.append((originals[0], edits[0], masks[0] if masks else None))
            self.regions |= dict(zip(edits, regions, strict=False))
        elif max(map(len, (originals, edits, masks, regions))) > 1:
            for file in together:
                others = ", ".join(other for other in together if other != file)
                self.left[file] = ("ambiguous", f"it could belong with any of {others}")
        else:
            for file in together:
                self.left[file] = (
                    "unmatched",
                    f"there is no {'original' if not originals else 'edited'} picture",
                )


def by_folders(files: Sequence[str]) -> Layout:
    """`original/x.jpg edited/x.png mask/x.png`, and other names of `SIDES`, at any depth; equal stems."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    parents = _side_parents(files)
    for file in files:
        if place := _side_folder(file, parents):
            role, rest = place
            groups[_stem(rest)][role].append(file)
    for stem in list(groups):
        # a mask of another stem than its picture's: x_mask, x_gt
        base = _without_mask_ending(stem)
        if base and base in groups and set(groups[stem]) == {"mask"} and "mask" not in groups[base]:
            groups[base]["mask"] = groups.pop(stem)["mask"]
    layout = Layout()
    for group in groups.values():
        layout.add(group)
    return layout


def by_numbers(files: Sequence[str]) -> Layout:
    """`<dir>/0.jpg <dir>/1.jpg` or `x_0.jpg x_1.jpg`, with `mask.png` or `x_mask.png` beside them.

    Where the numbers go on, they count pictures and tell no sides.
    """
    counted = {
        match[1] for file in files if (match := re.fullmatch(r"((?:.*[/_])?)(?:[2-9]|[1-9]\d+)", _stem(file)))
    }
    paired = [file for file in files if re.sub(r"[^/_]*$", "", _stem(file)) not in counted]
    return _by_name(paired, re.compile(r"(.*_)?(0|1|mask|gt)"), {"0": "original", "1": "edited"})


def by_endings(files: Sequence[str]) -> Layout:
    """`x_original.jpg x_edited.jpg x_mask.png`, and other names of `SIDES` longer than a letter."""
    names = sorted((name for name in SIDES if len(name) > 1), key=len, reverse=True)
    return _by_name(files, re.compile(rf"(.*_)({'|'.join(names)})", re.IGNORECASE), {})


def by_suffixes(files: Sequence[str]) -> Layout:
    """`x.jpg x_<suffix>.jpg x_<suffix>.png` (DEAL-300K): any number of edits, a PNG mask for each."""
    stems: dict[str, list[str]] = defaultdict(list)
    for file in files:
        stems[_stem(file)].append(file)
    masks = {stem: base for stem in stems if (base := _without_mask_ending(stem)) in stems}
    parents = {stem: [p for p in _prefixes(stem) if p in stems and p not in masks] for stem in stems}
    layout, children = Layout(), defaultdict(list)
    for stem, above in parents.items():
        if stem not in masks and above:
            children[above[0]].append(stem)
    for stem, above in parents.items():
        if stem in masks or not above:
            continue
        edits, drawn = _edit_and_mask(stems[stem])
        drawn = drawn + [file for mask, base in masks.items() if base == stem for file in stems[mask]]
        if children[above[0]] == [stem]:  # x_mask.png can only mean this edit of x
            drawn = drawn + [file for mask, base in masks.items() if base == above[0] for file in stems[mask]]
        originals = [file for parent in above for file in stems[parent]]
        if len(originals) == len(edits) == 1 and len(drawn) <= 1:
            layout.pairs.append((originals[0], edits[0], drawn[0] if drawn else None))
        else:
            found = ", ".join([*originals, *edits, *drawn])
            layout.left |= dict.fromkeys([*edits, *drawn], ("ambiguous", f"more than one pair fits: {found}"))
    return layout


CONVENTIONS: dict[str, tuple[Callable[[Sequence[str]], Layout], str]] = {
    "folders": (by_folders, "original/x.jpg edited/x.jpg [mask/x.png]"),
    "numbers": (by_numbers, "x/0.jpg x/1.jpg [x/mask.png]"),
    "endings": (by_endings, "x_original.jpg x_edited.jpg [x_mask.png]"),
    "suffixes": (by_suffixes, "x.jpg x_<suffix>.jpg [x_<suffix>.png]"),
}
"""Name -> (function, what it looks like)."""


WHY: dict[str, dict[str, str]] = {
    name: dict(zip(ROLES, whys, strict=False))
    for name, whys in {
        "folders": [
            f"its folder's name means {what}" for what in ("originals", "edited pictures", "masks", "regions")
        ],
        "numbers": ["its name ends in 0", "its name ends in 1", "its name says mask or gt"],
        "endings": [
            f"the last word of its name means {what}" for what in ("original", "edited", "a mask", "a region")
        ],
        "suffixes": [
            "others have its name and a suffix",
            "it has another's name and a suffix",
            "it is the PNG beside an edited picture, or its name says mask or gt",
        ],
    }.items()
}
"""Convention -> role -> what in a file's name decides it, in words."""


def arrange(files: Sequence[str], where: str, tables: Sequence[str] = ()) -> Layout:
    """Read the files by the one convention that fits them.

    `tables` are files beside them that could be a table of the pairs; only for the message.

    Folders named for the sides are a plain statement: names inside them say nothing more.

    Raises:
        InputError: none fits, or more than one does; lists what was seen.
    """
    parents = _side_parents(files)
    files = [file for file in files if not _is_ignored(file, parents)]
    loose = [file for file in files if not _side_folder(file, parents)]
    fits = {}
    for name, (convention, _) in CONVENTIONS.items():
        layout = convention(files if name == "folders" else loose)
        if layout.pairs:
            fits[name] = layout
    if len(fits) != 1:
        raise _no_single_fit(files, fits, where, tables)
    ((name, layout),) = fits.items()
    layout.example, layout.why = CONVENTIONS[name][1], WHY[name]
    used = {file for pair in [*layout.pairs, layout.regions.values()] for file in pair if file}
    for file in files:
        if file not in used and file not in layout.left:
            layout.left[file] = ("unmatched", f"it is no part of a pair laid out as {layout.example}")
    return layout


def _no_single_fit(
    files: Sequence[str], fits: dict[str, Layout], where: str, tables: Sequence[str]
) -> InputError:
    looks = "; ".join(look for _, look in CONVENTIONS.values())
    hint = f"known layouts: {looks}; or write a table with the columns original,edited and give that"
    if tables:
        hint = f"there are tables in it, give one of them instead: {_some(tables, 4)}. " + hint
    if fits:
        counts = ", ".join(f"{len(fits[name].pairs)} pairs as {CONVENTIONS[name][1]}" for name in fits)
        return InputError(f"{where} can be read in more than one way: {counts}", hint=hint)
    folders = sorted({posixpath.dirname(file) or "." for file in files})
    seen = f"{len(files)} pictures in {_some(folders)}; for example {_some(files, 4)}"
    return InputError(f"{where} has no known layout: {seen if files else 'no pictures'}", hint=hint)


def _by_name(files: Sequence[str], pattern: re.Pattern[str], roles: dict[str, str]) -> Layout:
    """Pairs of files in one folder whose stems differ only in the word for the role."""
    groups: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for file in files:
        folder, stem = posixpath.split(_stem(file))
        if match := pattern.fullmatch(stem):
            word = match[2].lower()
            groups[posixpath.join(folder, match[1] or "")][roles.get(word) or SIDES[word]].append(file)
    layout = Layout()
    for group in groups.values():
        layout.add(group)
    return layout


def _side_role(folder: str) -> str | None:
    return SIDES.get(folder.lower().replace("-", "_").replace(" ", "_"))


def _side_parents(files: Sequence[str]) -> set[str]:
    """Folders that have both an original and an edited folder in them: there, names tell sides."""
    roles: dict[str, set[str | None]] = defaultdict(set)
    for folder in {posixpath.dirname(file) for file in files}:
        while folder:
            folder, name = posixpath.split(folder)
            roles[folder].add(_side_role(name))
    return {folder for folder, found in roles.items() if {"original", "edited"} <= found}


def _side_folder(file: str, parents: set[str]) -> tuple[str, str] | None:
    """(role, path without that folder) for a file in a folder named for a side; the outermost counts."""
    names = file.split("/")
    for i, folder in enumerate(names[:-1]):
        role = _side_role(folder)
        if role and "/".join(names[:i]) in parents:
            return role, "/".join([*names[:i], *names[i + 1 :]])
    return None


def _is_ignored(file: str, parents: set[str]) -> bool:
    """Whether a file lies in a folder `ignore` beside those of the sides: it says what nobody can say."""
    return any(file.startswith(posixpath.join(parent, IGNORE_FOLDER, "")) for parent in parents)


def _edit_and_mask(files: Iterable[str]) -> tuple[list[str], list[str]]:
    """Of the files of one stem: a PNG beside one other kind of picture is its mask."""
    files = list(files)
    png = [file for file in files if file.lower().endswith(".png")]
    return (
        ([file for file in files if file not in png], png)
        if len(files) == 2 and len(png) == 1
        else (files, [])
    )


def _prefixes(stem: str) -> list[str]:
    """`d/a_b_c` -> [d/a, d/a_b]: what is left before each `_` of the name."""
    folder, name = posixpath.split(stem)
    return [
        posixpath.join(folder, name[: match.start()]) for match in re.finditer("_", name) if match.start()
    ]


def _without_mask_ending(stem: str) -> str:
    return next((stem[: -len(ending)] for ending in MASK_ENDINGS if stem.lower().endswith(ending)), "")


def _stem(path: str) -> str:
    return posixpath.splitext(path)[0]


def _some(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
