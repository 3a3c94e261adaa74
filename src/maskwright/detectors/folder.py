"""Every picture of a folder looked at alone: a row or a reason for each, masks, maps, one page."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shlex
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from maskwright.corpus import atomic
from maskwright.corpus.executors import Beat, Finished, Heard, Lost
from maskwright.corpus.executors.local import LocalExecutor, default_workers
from maskwright.corpus.frozen import check_place, freeze
from maskwright.corpus.names import file_name
from maskwright.corpus.parts import table_writer
from maskwright.detectors import DEFAULT, Detector, load_detector
from maskwright.detectors.findings import Threshold, judge, threshold_of
from maskwright.detectors.overview import HIGHEST, NOTHING, by_score, folder_sentence, save_overview
from maskwright.detectors.single import look
from maskwright.errors import InputError, RunError
from maskwright.masks.pipeline import one_line
from maskwright.pairs.picture import encode_png, read_picture
from maskwright.pairs.sources.base import PICTURE_SUFFIXES, listing_etag, native, portable, ranges
from maskwright.pairs.sources.folder import list_files, state_of
from maskwright.pairs.values import Card, Located

TABLE, PAGE, SETTINGS, PARTS = "pictures.parquet", "detect.html", "detections.json", ".parts"
MASKS, MAPS = "masks", "maps"
PICTURES_IN_PART = 16
"""What a kill costs at most."""
QUIET_S = 1800.0
"""Seconds one picture may take: a picture of 100 megapixels is some 400 tiles, on which a large network takes
seconds each."""
LOSSES = 2
"""Workers that may be lost on a picture before it is given up; once may be chance (design.md, section 4)."""

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("finding", pa.string()),
        ("score", pa.float64()),
        ("area_frac", pa.float64()),
        ("components", pa.int32()),
        ("largest_component_frac", pa.float64()),
        ("border_sharpness", pa.float64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("picture_read", pa.string()),
        ("file", pa.string()),
        ("detector", pa.string()),
        ("detector_digest", pa.string()),
    ]
)
"""Of the table; what a picture has none of is null. `file` names its mask and map."""

Row: TypeAlias = dict[str, Any]
Progress = Callable[[int, int], None]
"""(pictures done, of how many)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Pictures that are looked at one after another by one worker.

    Args:
        keys: of the pictures.
        lost: key -> reason and detail of those that took their worker with them.
    """

    number: int
    keys: tuple[str, ...]
    lost: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DetectedFolder:
    """What `detect_folder` wrote.

    Args:
        sentence: all pictures in a few words, and how many of the findings may be none.
        table, page: files in `out`.
        pictures: picture files in the folder; each has a row.
        passed_over: files that are no pictures by their name.
        by_status, by_finding, by_reason: pictures; what none has is left out.
        threshold: from which score on a picture counts as edited.
        card: of the detector.
        highest: (id, score, finding) of the pictures with the highest scores, highest first.
        pictures_per_s: in this sitting; None where all was there.
        command: the line that makes all this.
    """

    out: str
    source: str
    sentence: str
    table: str
    page: str
    pictures: int
    passed_over: int
    by_status: Mapping[str, int]
    by_finding: Mapping[str, int]
    by_reason: Mapping[str, int]
    threshold: Threshold
    card: Card
    highest: tuple[tuple[str, float, str], ...]
    pictures_per_s: float | None
    command: str

    def as_dict(self) -> dict[str, Any]:
        """As plain values; of the card its name, version and digest."""
        return {
            "out": self.out,
            "source": self.source,
            "sentence": self.sentence,
            "table": self.table,
            "page": self.page,
            "pictures": self.pictures,
            "passed_over": self.passed_over,
            "by_status": dict(self.by_status),
            "by_finding": dict(self.by_finding),
            "by_reason": dict(self.by_reason),
            "score_threshold": self.threshold.score,
            "false_alarms": self.threshold.false_alarms,
            "detector": self.card.name,
            "detector_version": self.card.version,
            "detector_digest": self.card.digest,
            "highest": [dict(zip(("id", "score", "finding"), each, strict=True)) for each in self.highest],
            "pictures_per_s": self.pictures_per_s,
        }


def detect_folder(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    detector: str = DEFAULT,
    workers: int | None = None,
    progress: Progress = lambda done, total: None,
) -> DetectedFolder:
    """Look at every picture of a folder alone; each ends in a row, with a finding or a reason.

    The same call again goes on where the last one stopped, and tries again what failed.

    Args:
        folder: with pictures in it and below it.
        out: a folder, new or of this very run. Will hold `pictures.parquet`, `masks/`, `maps/` and
            `detect.html`.
        detector: a name, the path of an .onnx file beside its card, or `package.module:Class`.
        workers: processes; None: the processors this process may use.
        progress: called now and then, in this thread.

    Raises:
        InputError: the folder is none, or has no pictures.
        SettingError, MissingExtraError: there is no such detector, or OUT is no place for a run.
        RunError: OUT belongs to another run or another detector, with the difference; the disk is full, or a
            signal stopped the run; finished pictures stay.
    """
    source, place = Path(folder), Path(out)
    card = load_detector(detector).card
    keys, passed_over, digest = _pictures(source)
    check_place(place, source, SETTINGS, "detections of a folder")
    places = [place, *(place / name for name in (PARTS, MASKS, MAPS))]
    with atomic.told(place):
        for each in places:
            each.mkdir(parents=True, exist_ok=True)
    freeze(
        place / SETTINGS,
        {
            "folder": str(source.resolve()),
            "pictures": len(keys),
            "pictures_digest": digest,
            "detector": card.name,
            "detector_version": card.version,
            "detector_digest": card.digest,
            "constants": dict(card.constants),
        },
        "detect",
    )
    command = detect_command(source, place, detector)
    parts = [
        Part(number, tuple(keys[start : start + length]))
        for number, (start, length) in enumerate(ranges(len(keys), PICTURES_IN_PART))
    ]
    todo = deque(part for part in parts if not _is_done(place, part.number))
    began = time.monotonic()
    work = functools.partial(_write_part, str(source), str(place), detector)
    executor = LocalExecutor(default_workers() if workers is None else workers, QUIET_S)
    waiting = sum(len(part.keys) for part in todo)
    try:
        for done in _worked(executor, work, todo, places):
            progress(len(keys) - waiting + done, len(keys))
    except KeyboardInterrupt as stop:
        finished = sum(len(part.keys) for part in parts if _part_path(place, part.number).exists())
        by = f" by {stop}" if str(stop) else ""
        raise RunError(
            f"stopped{by}: {finished} of {len(keys)} pictures are done and stay",
            hint=f"to go on: {command}",
        ) from stop
    finally:
        for each in places:
            atomic.remove_temporaries(each, of_pid=os.getpid())
            atomic.remove_stale(each)
    rate = waiting / max(time.monotonic() - began, 1e-9) if waiting else None
    rows = [row for part in parts for row in _rows_of(place, part.number)]
    return _finish(source, place, rows, card, passed_over, rate, command)


def detect_command(folder: Path, out: Path, detector: str) -> str:
    """The `maskwright detect` line for a folder, quoted for a shell."""
    options = [] if detector == DEFAULT else [f"--detector={detector}"]
    dashed = ["--"] if str(folder).startswith("-") else []
    return shlex.join(["maskwright", "detect", f"--out={out}", *options, *dashed, str(folder)])


def _pictures(folder: Path) -> tuple[list[str], int, str]:
    """Keys of the picture files, how many other files there are, and a digest of the listing."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder", hint="give a folder with pictures in it")
    files = list_files(str(folder))
    pictures = [file for file in files if os.path.splitext(file)[1].lower() in PICTURE_SUFFIXES]
    if not pictures:
        known = ", ".join(sorted(PICTURE_SUFFIXES))
        raise InputError(
            f"{folder} has no pictures among its {len(files)} files", hint=f"these are looked for: {known}"
        )
    entries = [(portable(file), *state_of(str(folder / file))) for file in pictures]
    return [key for key, *_ in entries], len(files) - len(pictures), listing_etag(iter(entries))


def _worked(
    executor: LocalExecutor, work: Callable[[Part, Beat], int], todo: deque[Part], places: list[Path]
) -> Iterator[int]:
    """Work the parts off; gives how many pictures were begun so far, and lives with pictures that kill."""
    begun: set[str] = set()
    losses: Counter[str] = Counter()
    with contextlib.closing(executor.run(work, todo)) as events:  # type: ignore[type-var]
        for event in events:
            if isinstance(event, Heard) and event.note is not None:
                begun.add(event.note)
                yield len(begun) - 1
            elif isinstance(event, Finished):
                yield len(begun)
            elif isinstance(event, Lost):
                if event.note is None:
                    raise RunError(f"a worker was lost before it began: {event.detail}")
                for place in places:
                    atomic.remove_temporaries(place, of_pid=event.pid)
                losses[event.note] += 1
                again: Part = event.task
                if losses[event.note] >= LOSSES:
                    reason = "timed_out" if event.why == "silent" else "worker_died"
                    again = replace(again, lost={**again.lost, event.note: (reason, event.detail)})
                todo.append(again)


def _part_path(out: Path, part: int) -> Path:
    return out / PARTS / f"part-{part:05d}.json"


def _rows_of(out: Path, part: int) -> list[Row]:
    path = _part_path(out, part)
    try:
        rows: list[Row] = json.loads(path.read_bytes())["rows"]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise RunError(
            f"{path} is damaged: {fault}", hint="delete that file, then type the same line again"
        ) from fault
    return rows


def _is_done(out: Path, part: int) -> bool:
    """Whether the part's rows are there and none of them failed: what failed may go well the next time."""
    there = _part_path(out, part).exists()
    return there and all(row["status"] != "failed" for row in _rows_of(out, part))


@functools.lru_cache(maxsize=1)
def _detector_of(spec: str) -> Detector:
    return load_detector(spec)


def _write_part(folder: str, out: str, spec: str, part: Part, beat: Beat) -> int:
    """Look at a part's pictures and write them, their rows last: a part whose rows are there is done."""
    detector, place = _detector_of(spec), Path(out)
    rows = []
    for key in part.keys:
        beat(key)
        row: Row = {"id": key, "file": file_name(key)}
        if key in part.lost:
            reason, detail = part.lost[key]
            row |= {"status": "failed", "reason": reason, "detail": one_line(detail)}
        else:
            row |= _looked_at(folder, place, key, row["file"], detector)
        rows.append(row | {"detector": detector.card.name, "detector_digest": detector.card.digest})
    beat(None)
    with atomic.replacing(_part_path(place, part.number)) as temporary:
        temporary.write_text(json.dumps({"rows": rows}))
    return len(rows)


def _looked_at(folder: str, out: Path, key: str, file: str, detector: Detector) -> Row:
    """What a picture becomes, its mask and map written; a fault of the picture is its row's."""
    try:
        decoded = read_picture(Located(os.path.join(folder, native(key)), key))
        detection = look(decoded, detector, key)
    except Exception as fault:  # one picture never stops a run
        reason = fault.reason if isinstance(fault, InputError) else ""
        told = str(fault) if reason else f"{type(fault).__name__}: {fault}"
        status = "rejected" if reason else "failed"
        return {"status": status, "reason": reason or "internal_error", "detail": one_line(told)}
    judged = judge(detection, threshold_of(detector.card))
    for name, stored in ((MAPS, judged.levels), (MASKS, judged.mask)):
        with atomic.replacing(out / name / f"{file}.png", durable=False) as temporary:
            temporary.write_bytes(encode_png(stored))
    height, width = judged.mask.shape
    return {
        "status": "ok",
        "reason": "",
        "detail": "",
        "finding": judged.finding,
        "score": detection.score,
        **judged.scores,
        "width": width,
        "height": height,
        "picture_read": ",".join(decoded.done),
    }


def _finish(
    source: Path,
    out: Path,
    rows: list[Row],
    card: Card,
    passed_over: int,
    pictures_per_s: float | None,
    command: str,
) -> DetectedFolder:
    """The table and the page, from the rows of all parts."""
    with table_writer(out / TABLE, SCHEMA, ()) as add:
        for row in rows:
            add(row)
    counts = {
        name: dict(Counter(filter(None, (row.get(name) for row in rows))).most_common())
        for name in ("status", "finding", "reason")
    }
    ok, threshold = counts["status"].get("ok", 0), threshold_of(card)
    edited = ok - counts["finding"].get(NOTHING, 0)
    detected = DetectedFolder(
        out=str(out),
        source=str(source),
        sentence=folder_sentence(ok, edited, len(rows) - ok, threshold),
        table=str(out / TABLE),
        page=str(out / PAGE),
        pictures=len(rows),
        passed_over=passed_over,
        by_status=counts["status"],
        by_finding=counts["finding"],
        by_reason=counts["reason"],
        threshold=threshold,
        card=card,
        highest=tuple((row["id"], row["score"], row["finding"]) for row in by_score(rows)[:HIGHEST]),
        pictures_per_s=pictures_per_s,
        command=command,
    )
    save_overview(detected, rows)
    return detected
