"""`check`: every record looked at, then all of them set against each other; nothing is written."""

from __future__ import annotations

import contextlib
import functools
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from maskwright.corpus.executors import Beat, Finished, Heard, Lost
from maskwright.corpus.executors.local import LocalExecutor, default_workers
from maskwright.datasets.building.built import BUILD
from maskwright.datasets.check.copies import copies
from maskwright.datasets.check.exchanged import exchanged
from maskwright.datasets.check.fix import check_target
from maskwright.datasets.check.fix import fix as write_fixed
from maskwright.datasets.check.pairing import folder_defects, records_by_name
from maskwright.datasets.check.rows import LOST, look_at
from maskwright.datasets.check.seen import Seen, written
from maskwright.datasets.check.values import Checked, Defect
from maskwright.datasets.formats.columns import all_rows
from maskwright.datasets.leaks.confirm import SIDE
from maskwright.datasets.opened import Opened, open_dataset
from maskwright.datasets.values import Progress, Record
from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.pages.images import shrunk
from maskwright.pages.words import counted
from maskwright.pairs.opening import MAX_PIXELS, check_max_pixels
from maskwright.pairs.picture import read_picture
from maskwright.pairs.values import Picture, Rejection

ANNOTATOR = "compact"
"""Measures the change: of 160 moved masks it shows 141, `difference` 132, and fewer false ones."""
ROWS_IN_TASK = 8
TIMEOUT_S = 300.0
"""Seconds a row may take before its worker counts as hung."""
REJECTED = {"file_missing": "picture_missing", "unmatched": "pairing_broken", "ambiguous": "pairing_broken"}
"""Reason of a row that is no record -> kind of defect; `skipped` is none, all others are unreadable rows."""

Numbered = tuple[int, list[Record]]


def check(
    dataset: str | os.PathLike[str],
    *,
    corpus: str | None = None,
    fix: str | os.PathLike[str] | None = None,
    workers: int | None = 1,
    max_pixels: int = MAX_PIXELS,
    progress: Progress = lambda what, done, total: None,
) -> Checked:
    """The defects of a dataset; nothing is changed.

    Every picture and mask is decoded; where there is an original, the change is measured and the mask set
    against it. Of a row some 400 bytes are kept.

    Args:
        dataset: of ours, or another's: Tp and Gt, A and B and label, ImageFolder, Parquet, WebDataset, COCO,
            or pairs with masks.
        corpus: a published set by name, which then says how it is read.
        fix: a new folder for a repaired copy, with fixed.json in it: what was done to every row.
        workers: processes; None: the processors this process may use; 1: in this process.
        max_pixels: pictures with more count as unreadable.
        progress: called now and then, in this thread.

    Raises:
        InputError: it is no dataset that is known here, or holds no rows.
        SettingError: there is no such corpus, a setting is out of range, or there can be no copy there.
    """
    check_max_pixels(max_pixels)
    if workers is not None and workers < 1:
        raise SettingError(f"{workers} workers cannot work", hint="give 1 or more")
    opened = open_dataset(dataset, corpus=corpus)
    folder = Path(opened.location)
    if fix is not None:
        check_target(Path(fix), folder, opened.layout)
    defects = list(folder_defects(folder, opened.layout))
    rejected: list[Defect] = []
    records = _records(opened, rejected)
    work = functools.partial(_look, opened.layout != "masks", max_pixels)
    rows: list[Seen] = []
    for seen in _looked(work, records, default_workers() if workers is None else workers):
        rows.append(seen)
        progress("rows looked at", len(rows), max(opened.rows, len(rows)))
    if not rows and not rejected:
        raise InputError(f"{opened.location} holds no rows")
    defects += rejected
    reopened = functools.partial(_reopened, opened, max_pixels)
    by_rows = [*exchanged(rows, _written_down(folder)), *copies(rows, reopened)]
    swapped = {defect.id for defect in by_rows if defect.kind == "sides_swapped"}
    defects += [
        defect
        for row in rows
        for defect in row.defects
        if not (row.id in swapped and defect.kind == "mask_other_size")
    ]
    defects += by_rows
    checked = Checked(
        dataset=opened.location,
        layout=opened.layout,
        says=opened.says,
        rows=len(rows),
        splits=dict(Counter(row.split for row in rows)),
        labels=dict(Counter(row.label for row in rows)),
        forged=sum(row.forged for row in rows),
        originals=sum(row.compared for row in rows),
        defects=tuple(defects),
        not_looked=(*_lost(folder, len(rows) + len(rejected)), *_not_looked(opened, rows)),
    )
    if fix is None:
        return checked
    again = _records(opened, [])
    return replace(
        checked, fixed=write_fixed(again, checked, Path(fix), max_pixels=max_pixels, progress=progress)
    )


def _records(opened: Opened, rejected: list[Defect]) -> Iterator[Record]:
    """The records; rows that are none become defects."""
    if opened.layout == "imdlbenco":
        folder = Path(opened.location)
        yield from records_by_name(folder)
        yield from (record for record in opened.records() if record.label == "authentic")
        return
    for row in opened.read():
        if isinstance(row, Record):
            yield row
        elif row.reason != "skipped":
            rejected.append(_rejected(row))


def _reopened(opened: Opened, max_pixels: int, wanted: set[int]) -> dict[tuple[int, str], Picture]:
    """Pictures of rows by their places, reduced; what cannot be read is left out."""
    found = {}
    for place, record in enumerate(_records(opened, [])):
        if place not in wanted:
            continue
        for role in ("picture", "original"):
            stored = getattr(record, role)
            if stored is not None:
                with contextlib.suppress(InputError):
                    found[place, role] = shrunk(read_picture(stored, max_pixels=max_pixels).pixels, SIDE)
    return found


def _lost(folder: Path, rows: int) -> Iterator[str]:
    """That a dataset of ours once had more rows, as a damaged list of them makes it look smaller."""
    built = sum(1 for _ in all_rows(folder, ["label"])) if _is_ours(folder) else 0
    if built > rows:
        yield (
            f"{counted(built, 'row')} were built and {rows:,} are found: sha256sum -c checksums.sha256, "
            "typed in its folder, says which files changed."
        )


def _is_ours(folder: Path) -> bool:
    return (folder / BUILD).is_file()


def _written_down(folder: Path) -> dict[bytes, str]:
    """What a dataset of ours says of its forged rows' files: digest -> picture or original; else empty."""
    if not _is_ours(folder):
        return {}
    return {
        written(file["sha256"]): file["role"]
        for row in all_rows(folder, ["label", "files"])
        if row["label"] == "forged"
        for file in row["files"]
        if file["role"] in ("picture", "original")
    }


def _rejected(row: Rejection) -> Defect:
    kind = REJECTED.get(row.reason, "picture_unreadable")
    return Defect(row.id, "", kind, f"{row.reason}: {row.detail}")


def _looked(
    work: Callable[[Numbered, Beat], list[Seen]], records: Iterator[Record], workers: int
) -> Iterator[Seen]:
    """What the records showed, in their order."""
    if workers == 1:
        for number, part in _parts(records):
            yield from work((number, part), _unheard)
        return
    yield from _by_workers(work, records, workers)


def _by_workers(
    work: Callable[[Numbered, Beat], list[Seen]], records: Iterator[Record], workers: int
) -> Iterator[Seen]:
    parts = _parts(records)
    todo: deque[Numbered] = deque(islice(parts, 2 * workers))
    waiting: dict[int, list[Seen]] = {}
    due = 0
    with contextlib.closing(LocalExecutor(workers, TIMEOUT_S).run(work, todo)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Heard):
                continue
            number, part = event.task
            if isinstance(event, Lost):
                todo.append((number, _without(part, event)))
                continue
            assert isinstance(event, Finished)
            waiting[number] = event.value
            todo.extend(islice(parts, 1))
            while due in waiting:
                yield from waiting.pop(due)
                due += 1


def _without(part: list[Record], lost: Lost) -> list[Record]:
    """The part without the files of the row at which a worker was lost."""
    return [
        Record(each.id, each.split, each.label, None, row={LOST: f"{LOST}: {lost.detail}"})
        if each.id == lost.note
        else each
        for each in part
    ]


def _parts(records: Iterator[Record]) -> Iterator[Numbered]:
    number = 0
    while part := list(islice(records, ROWS_IN_TASK)):
        yield number, part
        number += 1


def _look(pictures: bool, max_pixels: int, task: Numbered, beat: Beat) -> list[Seen]:
    seen = []
    for record in task[1]:
        beat(record.id)
        seen.append(look_at(record, _annotator(), max_pixels=max_pixels, pictures=pictures))
    return seen


@functools.cache
def _annotator() -> Annotator:
    return load_annotator(ANNOTATOR)


def _unheard(note: object) -> None:
    """Nobody waits for a row of this process."""


def _not_looked(opened: Opened, rows: list[Seen]) -> Iterator[str]:
    with_original = sum(row.original is not None for row in rows)
    compared = sum(row.compared for row in rows)
    forged = sum(row.forged for row in rows)
    if forged and not with_original:
        yield (
            "There are no originals: inverted, turned and shifted masks and exchanged sides were not "
            "looked for; of inverted ones those that mark most of the picture are suspected."
        )
    elif compared < forged:
        yield (
            f"{forged - compared:,} of {forged:,} forged rows could not be set against an original (there is "
            "none, it cannot be read or aligned, or the mask has another size)."
        )
    if unsaid := sum(not (row.label or row.marked or row.defects) for row in rows):
        yield (
            f"{counted(unsaid, 'row')} {'has' if unsaid == 1 else 'have'} no mask, and nothing says whether "
            "anything is edited there: a mask that was lost would not be noticed."
        )
    if len({row.split for row in rows}) < 2:
        yield "There is one split: no leak between splits was looked for."
    if opened.layout == "masks":
        yield "Pictures are not in this dataset: only masks were looked at."
