"""A repaired copy of a dataset in a new place; the dataset itself is not touched.

Only what is safe is repaired. A row with another certain defect is left out, a suspicion changes nothing, and
fixed.json says of every row what was done.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from maskwright.corpus import atomic
from maskwright.datasets.building.options import check_command
from maskwright.datasets.building.place import check_place
from maskwright.datasets.check.changes import undone
from maskwright.datasets.check.kinds import KINDS, LEFT_OUT, REPAIRED
from maskwright.datasets.check.places import REPAIRABLE, Places, check_repairable, files_in, key_of
from maskwright.datasets.check.values import Checked, Defect, Fixed
from maskwright.datasets.formats.columns import json_line
from maskwright.datasets.values import Progress, Record
from maskwright.errors import SettingError
from maskwright.pairs.opening import open_image, read_bytes
from maskwright.pairs.picture import encode_png, read_mask
from maskwright.pairs.sources.base import native
from maskwright.pairs.values import Mask, RuledMask

LEDGER = "fixed.json"
"""What was done, in the new dataset."""
ROLES = ("picture", "original", "mask", "ignore")
DROPPED = ("duplicate", "leak")
"""Repaired by taking the row out."""


def check_target(new: Path, source: Path, layout: str) -> None:
    """Refuse a place for the copy before any work is done.

    Raises:
        SettingError: the dataset is no folder of files, or `new` is not a new folder outside of it.
    """
    check_repairable(source, layout)
    check_place(new, [("the dataset", str(source))])
    if new.exists() and any(new.iterdir()):
        raise SettingError(f"{new} is not empty", hint="give a new folder; nothing there was touched")


def check_line(checked: Checked) -> str:
    """What to type about what was found: repair a copy where that can be done, else list the rows."""
    repairable = checked.layout in REPAIRABLE and os.path.isdir(checked.dataset)
    return check_command(checked.dataset, *(("--fix", "NEW") if repairable else ("--json",)))


def fix(
    records: Iterator[Record],
    checked: Checked,
    new: Path,
    *,
    max_pixels: int,
    progress: Progress = lambda what, done, total: None,
) -> Fixed:
    """Write the repaired copy.

    Args:
        records: of the dataset, as they were checked.
        new: a folder that `check_target` let pass; it is there whole or not at all.

    Raises:
        RunError: the disk is full, or the place cannot be written; nothing is left behind.
    """
    wrong: dict[str, list[Defect]] = defaultdict(list)
    for defect in checked.defects:
        wrong[defect.id].append(defect)
    temporary = atomic.temporary_path(new)
    try:
        with atomic.told(new):
            temporary.mkdir(parents=True)
            fixed = _write(records, checked, wrong, temporary, max_pixels, progress)
            if new.exists():
                new.rmdir()
            os.replace(temporary, new)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return Fixed(str(new), *fixed)


def _write(
    records: Iterator[Record],
    checked: Checked,
    wrong: Mapping[str, Sequence[Defect]],
    folder: Path,
    max_pixels: int,
    progress: Progress,
) -> tuple[int, Mapping[str, int], Mapping[str, int], int]:
    places = Places(folder, checked.layout)
    used: set[str] = set()
    copied, repaired, left_out = 0, Counter[str](), Counter[str]()
    with (folder / LEDGER).open("w", encoding="ascii") as ledger:
        head = {"dataset": os.path.basename(os.path.normpath(checked.dataset)), "layout": checked.layout}
        ledger.write(json.dumps(head)[:-1] + ',\n"rows": [')
        for number, record in enumerate(records, 1):
            found = list(wrong.get(record.id, ()))
            out = [defect for defect in found if leaves(defect)]
            mended = [] if out else [each for each in found if KINDS[each.kind].fix == REPAIRED]
            (left_out if out else repaired).update(defect.kind for defect in out or mended)
            copied += not out and not mended
            paths = {} if out else places.write(record, _files(record, mended, max_pixels))
            used.update(() if out else (native(key_of(record, role)) for role in ROLES))
            line = {
                "id": record.id,
                "done": "left out" if out else "repaired" if mended else "copied",
                "defects": [{"kind": each.kind, "detail": each.detail, "cure": each.cure} for each in found],
                "files": paths,
            }
            ledger.write(("\n" if number == 1 else ",\n") + json_line(line))
            progress("rows written", number, max(checked.rows, number))
        left = [name for name in files_in(Path(checked.dataset)) if name not in used]
        ledger.write('\n],\n"not_copied": ' + json.dumps(left, indent=0) + "}\n")
    places.finish()
    return copied, dict(repaired), dict(left_out), len(left)


def leaves(defect: Defect) -> bool:
    """Whether a row with this defect is left out."""
    kind = KINDS[defect.kind]
    if kind.fix == LEFT_OUT or defect.kind in DROPPED:
        return True
    return defect.kind in ("mask_other_size", "mask_turned") and not defect.cure


def _files(record: Record, mended: Sequence[Defect], max_pixels: int) -> dict[str, bytes]:
    """Role -> bytes of a record, repaired."""
    cures = {defect.kind: defect.cure for defect in mended}
    files = {}
    for role in ROLES:
        stored = getattr(record, role)
        if stored is not None:
            place = stored.picture if isinstance(stored, RuledMask) else stored
            files[role] = read_bytes(place, max_pixels=max_pixels)
    if "sides_swapped" in cures:
        files["picture"], files["original"] = files["original"], files["picture"]
    if record.mask is not None and any(kind.startswith("mask_") for kind in cures):
        mask = read_mask(record.mask, max_pixels=max_pixels)
        files["mask"] = encode_png(_mended(mask, cures, files["picture"], max_pixels))
    return files


def _mended(mask: Mask, cures: Mapping[str, str], picture: bytes, max_pixels: int) -> Mask:
    if cures.get("mask_inverted") == "inverted":
        mask = undone(mask, "inverted")
    if cure := cures.get("mask_turned"):
        mask = undone(mask, cure)
    if cures.get("mask_other_size"):
        width, height = open_image(picture, max_pixels=max_pixels).image.size
        sized = cv2.resize(mask.view(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
        mask = sized.astype(np.bool_)
    return mask
