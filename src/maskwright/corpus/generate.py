"""Write pairs with known masks as a source: pictures, masks, what to ignore, and a table of what was done."""

from __future__ import annotations

import contextlib
import csv
import functools
import hashlib
import io
import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from maskwright.corpus import atomic
from maskwright.corpus.command import generate_command
from maskwright.corpus.executors import Beat, Finished, Heard
from maskwright.corpus.executors.local import LocalExecutor, default_workers
from maskwright.corpus.frozen import check_place, freeze
from maskwright.errors import InputError, RunError, SettingError
from maskwright.pages.sheet import Row, contact_sheet
from maskwright.pairs.picture import encode_png, read_mask, read_picture
from maskwright.pairs.values import Picture
from maskwright.synthesis.photos import Photo, read_photos
from maskwright.synthesis.roundtrip import KeptRoundtrip
from maskwright.synthesis.samples import RECIPE, Sample, draw_sample

TABLE, PAIRS, SETTINGS, SHEET, PARTS = "pairs.csv", "pairs", "generate.json", "sheet.jpg", ".parts"
PICTURES = ("original", "edited", "mask", "ignore")
"""Folders in `pairs`, and columns of the table that name files in them."""
COLUMNS = ("id", *PICTURES, "edits", "background", "corruptions", "photo", "donor", "licence")
PAIRS_IN_PART = 16
"""What a kill costs at most."""
TIMEOUT_S = 120.0
"""Seconds one pair may take: some thousand times what one takes of photographs of a megapixel."""
SHEET_PAIRS = 24

Progress = Callable[[int, int], None]
"""(pairs done, of how many)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What pairs depend on; the same settings give the same bytes.

    Args:
        photos: the folder or table of photographs.
        photos_digest: of its list of photographs, not of their pixels.
        autoencoder: path of an ONNX file, empty for none.
    """

    photos: str
    photos_digest: str
    split: str | None
    n: int
    seed: int
    autoencoder: str
    autoencoder_digest: str
    recipe: int = RECIPE


@dataclass(frozen=True, slots=True)
class Generated:
    """What a run of `generate` wrote.

    Args:
        table, sheet: files in `out`.
        photographs: how many could be drawn.
        edited: pairs whose mask is not empty.
        by_background, by_edit: pairs; a pair with two edits counts for both.
        unreadable: photographs drawn in vain, and why.
        pairs_per_s: in this sitting; None where all was there.
    """

    out: str
    table: str
    sheet: str
    photographs: int
    pairs: int
    edited: int
    by_background: Mapping[str, int]
    by_edit: Mapping[str, int]
    unreadable: tuple[str, ...]
    pairs_per_s: float | None


def generate(
    photos: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    n: int,
    seed: int = 0,
    split: str | None = None,
    workers: int | None = None,
    autoencoder: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress = lambda done, total: None,
) -> Generated:
    """Make pairs with known masks of photographs, and write them as a source.

    A pair depends on the photographs, the seed and its number only. The same call again goes on where the
    last one stopped.

    Args:
        photos: a folder, or a CSV file with a column path and perhaps labels, split, licence.
        out: a folder, new or of this very run.
        n: pairs.
        split: only photographs of this split.
        workers: processes; None: the processors this process may use.
        autoencoder: an ONNX file: a share of the regenerated pairs passes through it.
        cache: where its answers are kept; by default in `out`.
        progress: called now and then, in this thread.

    Raises:
        InputError: there are no such photographs, or too many cannot be read.
        SettingError: `n` is below 1, or OUT is no place for a run.
        RunError: OUT belongs to another run, the disk is full, a worker was lost or a signal stopped the
            run; finished pairs stay.
    """
    if n < 1:
        raise SettingError(f"{n} pairs are none", hint="give -n 1 or more")
    folder = Path(out)
    settings = _settings_of(photos, n, seed, split, autoencoder)
    check_place(folder, Path(photos), SETTINGS, "pairs of `generate`")
    with atomic.told(folder):
        for place in _places(folder):
            place.mkdir(parents=True, exist_ok=True)
    freeze(folder / SETTINGS, asdict(settings), "generate")
    kept = str(Path(cache).resolve() if cache is not None else folder.resolve() / ".kept")
    numbers = range(-(-n // PAIRS_IN_PART))
    todo = deque(number for number in numbers if not _part_path(folder, number).exists())
    executor = LocalExecutor(default_workers() if workers is None else workers, TIMEOUT_S)
    work = functools.partial(_write_part, str(folder), settings, kept)
    began, made = time.monotonic(), 0
    done = n - sum(len(_pairs_of(number, n)) for number in todo)
    before = done
    progress(done, n)
    try:
        with contextlib.closing(executor.run(work, todo)) as events:  # type: ignore[type-var]
            for event in events:
                if isinstance(event, Heard):
                    made += 1
                    progress(min(n, before + made), n)
                elif isinstance(event, Finished):
                    done += event.value
                else:
                    raise RunError(
                        f"a worker was lost at pair {event.note}: {event.detail}",
                        hint=f"to go on: {generate_command(asdict(settings), folder)}",
                    )
    except KeyboardInterrupt as stop:
        raise RunError(
            f"stopped{f' by {stop}' if str(stop) else ''}: {done} of {n} pairs are done and stay",
            hint=f"to go on: {generate_command(asdict(settings), folder)}",
        ) from stop
    finally:
        for place in _places(folder):
            atomic.remove_temporaries(place, of_pid=os.getpid())
            atomic.remove_stale(place)
    rate = made / max(time.monotonic() - began, 1e-9) if made else None
    return _finish(folder, settings, rate)


def _settings_of(
    photos: str | os.PathLike[str],
    n: int,
    seed: int,
    split: str | None,
    autoencoder: str | os.PathLike[str] | None,
) -> Settings:
    listed = read_photos(photos, split)
    root = _root(photos)
    names = [[_named(photo.path, root), _named(photo.labels, root), photo.licence] for photo in listed]
    digest = hashlib.sha256(json.dumps(names).encode()).hexdigest()[:16]
    network = "" if autoencoder is None else str(Path(autoencoder).resolve())
    try:
        network_digest = hashlib.sha256(Path(network).read_bytes()).hexdigest()[:16] if network else ""
    except OSError as error:
        raise InputError(f"{autoencoder} cannot be read: {error.strerror}") from error
    return Settings(str(Path(photos).resolve()), digest, split, n, seed, network, network_digest)


def _pairs_of(part: int, n: int) -> range:
    return range(part * PAIRS_IN_PART, min(n, (part + 1) * PAIRS_IN_PART))


def _places(folder: Path) -> list[Path]:
    """Every folder that is written to."""
    return [folder, folder / PARTS, *(folder / PAIRS / name for name in PICTURES)]


def _part_path(folder: Path, part: int) -> Path:
    return folder / PARTS / f"part-{part:05d}.json"


@functools.cache
def _photos_of(photos: str, split: str | None) -> list[Photo]:
    return read_photos(photos, split)


@functools.cache
def _again_of(autoencoder: str, kept: str) -> KeptRoundtrip | None:
    return KeptRoundtrip(autoencoder, kept) if autoencoder else None


def _write_part(folder: str, settings: Settings, kept: str, part: int, beat: Beat) -> int:
    """Make a part's pairs and write them, their rows last: a part whose rows are there is done."""
    photos, out = _photos_of(settings.photos, settings.split), Path(folder)
    again = _again_of(settings.autoencoder, kept)
    rows: list[dict[str, str]] = []
    unreadable: list[str] = []
    for number in _pairs_of(part, settings.n):
        sample = draw_sample(photos, np.random.default_rng([settings.seed, number]), again=again)
        rows.append(_write_pair(out, settings, number, sample))
        unreadable += sample.unreadable
        beat(number)
    with atomic.replacing(_part_path(out, part)) as temporary:
        temporary.write_text(json.dumps({"rows": rows, "unreadable": unreadable}))
    return len(rows)


def _write_pair(out: Path, settings: Settings, number: int, sample: Sample) -> dict[str, str]:
    name, made, root = f"{number:06d}.png", sample.told.made, _root(settings.photos)
    files = {
        "original": _png(made.original),
        "edited": _png(made.edited),
        "mask": encode_png(made.mask),
        "ignore": encode_png(made.ignore) if made.ignore.any() else b"",
    }
    for folder, data in files.items():
        if data:
            with atomic.replacing(out / PAIRS / folder / name, durable=False) as temporary:
                temporary.write_bytes(data)
    return {
        "id": f"{number:06d}",
        **{folder: f"{PAIRS}/{folder}/{name}" if data else "" for folder, data in files.items()},
        "edits": ", ".join(sample.told.edits),
        "background": sample.told.background,
        "corruptions": ", ".join(sample.told.corruptions),
        "photo": _named(sample.photo.path, root),
        "donor": "" if sample.donor is None else _named(sample.donor.path, root),
        "licence": _licence(sample),
        "mask_frac": f"{made.mask.mean():.6f}",
    }


def _finish(folder: Path, settings: Settings, pairs_per_s: float | None) -> Generated:
    """The table and the sheet, from the rows of all parts."""
    parts = [
        json.loads(_part_path(folder, number).read_bytes())
        for number in range(-(-settings.n // PAIRS_IN_PART))
    ]
    rows = [row for part in parts for row in part["rows"]]
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    sheet = folder / SHEET
    if not sheet.exists():
        page = _sheet(folder, rows[:SHEET_PAIRS])
        data = cv2.imencode(".jpg", page[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()
        with atomic.replacing(sheet, durable=False) as temporary:
            temporary.write_bytes(data)
    with atomic.replacing(folder / TABLE) as temporary:
        # Photographs may have names that are no UTF-8.
        temporary.write_text(lines.getvalue(), encoding="utf-8", errors="backslashreplace")
    edits = Counter(edit for row in rows for edit in filter(None, row["edits"].split(", ")))
    return Generated(
        out=str(folder),
        table=str(folder / TABLE),
        sheet=str(sheet),
        photographs=len(read_photos(settings.photos, settings.split)),
        pairs=len(rows),
        edited=sum(float(row["mask_frac"]) > 0 for row in rows),
        by_background=dict(Counter(row["background"] for row in rows).most_common()),
        by_edit=dict(edits.most_common()),
        unreadable=tuple(dict.fromkeys(line for part in parts for line in part["unreadable"])),
        pairs_per_s=pairs_per_s,
    )


def _sheet(folder: Path, rows: list[dict[str, Any]]) -> Picture:
    """Original, edited, and the mask in white on black with what is ignored in orange."""
    return contact_sheet(list(_sheet_rows(folder, rows)), tile_px=200, columns=2)


def _sheet_rows(folder: Path, rows: list[dict[str, Any]]) -> Iterator[Row]:
    for row in rows:
        original, edited = (read_picture(folder / row[name]).pixels for name in ("original", "edited"))
        truth = np.repeat(read_mask(folder / row["mask"])[..., None].astype(np.uint8) * 255, 3, axis=2)
        if row["ignore"]:
            truth[read_mask(folder / row["ignore"])] = (255, 120, 0)
        what = f"{row['id']}  {row['edits'] or 'no edit'}; {row['background']}: {row['corruptions']}"
        yield Row(what[:90], (original, edited, truth))


def _png(picture: Picture) -> bytes:
    """Quickly: level 1 costs a tenth more room than the default, and a third of its time."""
    settings = [cv2.IMWRITE_PNG_COMPRESSION, 1]
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)[1].tobytes()


def _root(photos: str | os.PathLike[str]) -> Path:
    place = Path(photos).resolve()
    return place if place.is_dir() else place.parent


def _named(path: str, root: Path) -> str:
    """A photograph by its path from the folder or table it was found in, whoever's machine that is."""
    return os.path.relpath(os.path.abspath(path), root) if path else ""


def _licence(sample: Sample) -> str:
    licences = [sample.photo.licence, sample.donor.licence if sample.donor else ""]
    return "; ".join(dict.fromkeys(filter(None, licences)))
