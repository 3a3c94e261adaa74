"""A part's output: one Parquet file that is there whole or not at all. A part that is there is done."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from maskwright.corpus import atomic
from maskwright.corpus.command import resume_command
from maskwright.corpus.names import file_name
from maskwright.corpus.plan import ANNOTATIONS, Run, load_run
from maskwright.corpus.schema import COLUMNS, TYPES, fitted
from maskwright.errors import RunError
from maskwright.masks.scores import stored_levels
from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import (
    Annotation,
    Encoded,
    Located,
    Pair,
    PictureLike,
    Rejection,
)

Row: TypeAlias = dict[str, Any]

CONCEPTS = ("action", "original_concept", "edited_concept")
"""What is known of the instruction."""

# One mask is read at the price of its row group. 100 is Hugging Face's advice for pictures in
# Parquet; the bytes keep a worker's memory flat when masks are large.
GROUP_ROWS = 100
GROUP_BYTES = 64 << 20


def part_path(out: Path, number: int) -> Path:
    """Where a part's output is, or will be."""
    return out / ANNOTATIONS / f"part-{number:05d}.parquet"


def parts_done(out: Path) -> list[int]:
    """Numbers of the finished parts, in order."""
    folder = out / ANNOTATIONS
    if not folder.is_dir():
        return []
    names = (re.fullmatch(r"part-(\d{5,})\.parquet", entry.name) for entry in folder.iterdir())
    return sorted(int(name[1]) for name in names if name)


def read_part(out: Path, number: int, columns: Sequence[str], *, group: int | None = None) -> pa.Table:
    """Some columns of a finished part, or of one of its row groups.

    Raises:
        RunError: the part is damaged; says which, and what to type.
    """
    with open_part(out, number) as file, _damage_told(out, number):
        if group is None:
            return file.read(columns=list(columns), use_threads=False)
        return file.read_row_group(group, columns=list(columns), use_threads=False)


def open_part(out: Path, number: int) -> pq.ParquetFile:
    """A finished part, to be closed by the caller; raises as `read_part`."""
    with _damage_told(out, number):
        return pq.ParquetFile(part_path(out, number), page_checksum_verification=True)


@contextlib.contextmanager
def _damage_told(out: Path, number: int) -> Iterator[None]:
    """Turn what Parquet says about broken bytes into a RunError."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as fault:
        path = part_path(out, number)
        raise RunError(
            f"{path} is damaged: {fault}",
            hint=f"delete that file, then make it again: {resume_command(load_run(out), out)}",
        ) from fault


def write_part(out: Path, run: Run, number: int, rows: Iterable[Row]) -> None:
    """Write a part, row group by row group; the same rows give the same bytes.

    Raises:
        RunError: the disk is full or OUT cannot be written; nothing is left behind.
    """
    with table_writer(part_path(out, number), run.frozen.arrow, run.frozen.pictures) as add:
        for row in rows:
            add(row)


@contextlib.contextmanager
def table_writer(path: Path, schema: pa.Schema, pictures: Sequence[str]) -> Iterator[Callable[[Row], None]]:
    """Write a Parquet file with pictures, row by row; it is there once all rows are.

    Args:
        pictures: the columns that hold pictures: structs of `bytes` and `path`.

    Returns:
        A function that takes the next row: column name -> value; what is missing is null.

    Raises:
        RunError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    plain = [name for name in schema.names if name not in pictures]
    with (
        atomic.replacing(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            version="2.6",
            use_dictionary=_dictionary_columns(schema),
            # PNG does not compress further, and its bytes make no useful statistics
            compression={
                **dict.fromkeys(_leaves(schema, plain), "zstd"),
                **dict.fromkeys(_leaves(schema, pictures), "none"),
            },
            write_statistics=_leaves(schema, plain),
            write_page_checksum=True,  # so that a flipped bit is a damaged part, not another mask
        ) as writer,
    ):
        group: list[Row] = []
        size = 0

        def flush() -> None:
            arrays = [pa.array([row.get(field.name) for row in group], field.type) for field in schema]
            writer.write_batch(pa.record_batch(arrays, schema=schema), row_group_size=len(group))
            group.clear()

        def add(row: Row) -> None:
            nonlocal size
            group.append(row)
            size += sum(len(row[name]["bytes"]) for name in pictures if row.get(name))
            if len(group) == GROUP_ROWS or size >= GROUP_BYTES:
                flush()
                size = 0

        yield add
        if group:
            flush()


def row_of(run: Run, pair: Pair | Rejection, annotation: Annotation) -> Row:
    """A pair and what became of it as one row: column name -> value, pictures as PNG bytes."""
    row: Row = {ours: pair.columns.get(theirs) for theirs, ours in run.frozen.carried.items()}
    if isinstance(pair, Pair):
        row["original"], row["edited"] = key_of(pair.original), key_of(pair.edited)
        row["instruction"] = pair.instruction
    for column in COLUMNS:
        if column.name in annotation.scores:
            row[column.name] = fitted(TYPES[column.type], annotation.scores[column.name])
    for name in (
        "status",
        "reason",
        "detail",
        "verdict",
        "group",
        "background",
        "grounding",
        "width",
        "height",
    ):
        row[name] = getattr(annotation, name)
    row["original_read"], row["edited_read"] = annotation.original_read, annotation.edited_read
    for name in ("original_phash", "descriptor", "edited_descriptor", *CONCEPTS):
        row[name] = getattr(annotation, name)
    if annotation.geometry is not None:
        row["kind"] = annotation.geometry.kind
    row["id"] = _storable(pair.id)
    row["file"] = file_name(row["id"])
    row["annotator"], row["annotator_digest"] = run.annotator_name, run.annotator_digest
    for name, levels in _pictures(run, annotation).items():
        row[name] = {"bytes": encode_png(levels), "path": f"{row['file']}.png"}
    for name in ("original", "edited", "instruction", "detail", *CONCEPTS):
        row[name] = _storable(row.get(name))
    return row


def key_of(picture: PictureLike) -> str | None:
    """The key a picture is found by again; None for one that only is in memory."""
    if isinstance(picture, Located | Encoded):
        return picture.key
    return str(picture) if isinstance(picture, str | Path) else None


def _pictures(run: Run, annotation: Annotation) -> Mapping[str, NDArray[Any]]:
    """Column name -> (H, W) bool or uint8, of those there are."""
    maps: dict[str, NDArray[Any]] = {}
    if annotation.status != "ok":
        return maps
    if annotation.mask is not None:
        maps["mask"] = annotation.mask
    if annotation.ignore is not None:
        maps["ignore"] = annotation.ignore
    if annotation.change is not None:
        maps["change"] = stored_levels(annotation.change)
    for name, layer in annotation.layers.items():
        if name in run.frozen.pictures:
            maps[name] = stored_levels(layer)
    return maps


def _storable(text: str | None) -> str | None:
    """Text without lone surrogates (file names that are not UTF-8 have them): they are spelled out."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode()


def _leaves(schema: pa.Schema, names: Iterable[str]) -> list[str]:
    """Parquet's paths of the columns: a struct has one a field."""
    paths = []
    for name in names:
        kind = schema.field(name).type
        paths += [f"{name}.{field.name}" for field in kind] if pa.types.is_struct(kind) else [name]
    return paths


def _dictionary_columns(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_string(field.type)]
