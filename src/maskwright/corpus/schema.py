"""The columns of a corpus: one table, from which the Arrow schema and the manual's page come."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from maskwright.errors import SettingError
from maskwright.masks.scores import SCORES


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the key of `TYPES`, and a sentence for people."""

    name: str
    type: str
    says: str


TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "whole": pa.int32(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "bytes": pa.binary(),
    "picture": pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
}

_WORDS = (
    Column("id", "text", "Unique in the source by construction: a relative path, or shard and row."),
    Column("original", "text", "Where the picture before the edit is: a key that `pictures(id)` opens."),
    Column("edited", "text", "Where the picture after the edit is: a key that `pictures(id)` opens."),
    Column("instruction", "text", "The words the editor was given; empty where the source has none."),
    Column(
        "action",
        "text",
        "What the instruction asks for: add, remove, ..., or unparsed; null without an instruction.",
    ),
    Column(
        "original_concept",
        "text",
        "What the instruction acts on, in its words; empty where nothing is named, null as action.",
    ),
    Column(
        "edited_concept",
        "text",
        "What is there after the edit, in the instruction's words; empty and null as original_concept.",
    ),
    Column("width", "whole", "Width of the edited picture in pixels, 0 where it could not be read."),
    Column("height", "whole", "Height of the edited picture in pixels, 0 where it could not be read."),
    Column("status", "text", "ok, rejected (the input has no answer) or failed (may be retried)."),
    Column("reason", "text", "Why it is rejected or failed, a word from the list below; empty when ok."),
    Column("detail", "text", "What was seen when it was rejected or failed, for people; empty when ok."),
    Column("verdict", "text", "What was found, a word from the list below; empty where nobody looked."),
    Column(
        "group", "text", "shared-probe, shared-donor or unrelated; null where the annotator does not say."
    ),
    Column("annotator", "text", "The name on the annotator's card."),
    Column("annotator_digest", "text", "sha256 of the annotator's weights or constants."),
    Column("file", "text", "The name of this row's files in `masks/`, `change/`, ..., without extension."),
    Column("original_read", "text", "What decoding the original did beyond the plain case, comma-separated."),
    Column(
        "edited_read", "text", "What decoding the edited picture did beyond the plain case, comma-separated."
    ),
    Column(
        "kind",
        "text",
        "How the original, or the object taken of it, lies on the edited picture's grid: identity, ...",
    ),
    Column("background", "text", "How the pixels outside compare: identical, resaved, regenerated, redrawn."),
    Column(
        "grounding",
        "text",
        "What told where the edit was meant to be: region, whole, or a grounding's name; null where nothing.",
    ),
)
_FOR_SPLITS = (
    Column(
        "original_phash",
        "text",
        "Perceptual hash of the original, 16 hex digits; null where it could not be read.",
    ),
    Column("descriptor", "bytes", "What the original looks like, 64 bytes; null where it could not be read."),
    Column(
        "edited_descriptor",
        "bytes",
        "What the edited picture looks like, 64 bytes; null where either could not be read.",
    ),
)
_PICTURES = (
    Column("mask", "picture", "8-bit grey PNG, 0 or 255, on the edited picture's grid; null unless ok."),
    Column("ignore", "picture", "8-bit grey PNG, 255 where nobody can say; null where there is none."),
    Column("change", "picture", "8-bit grey PNG of the change map, level / 255; the mask is level >= 128."),
)
_TYPE_OF = {"components": "whole", "mirrored": "flag"}

COLUMNS: tuple[Column, ...] = (
    *_WORDS,
    *(
        Column(name, _TYPE_OF.get(name, "number"), f"{says[:1].upper()}{says[1:]}.")
        for name, says in SCORES.items()
    ),
    *_FOR_SPLITS,
    *_PICTURES,
)
"""Every column of a row, in order; layers follow, then the source's own columns."""

CARRIED_AS_THEY_ARE = ("key", "turn")
"""Columns of the source that design.md names; they are there only when the source has them."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """The schema of a run.

    Args:
        arrow: of every part; pictures are marked so that Hugging Face `datasets` reads them.
        carried: the source's column names -> ours.
        pictures: the columns that hold pictures: mask, ignore, change and layers.
    """

    arrow: pa.Schema
    carried: Mapping[str, str]
    pictures: tuple[str, ...]


def freeze(source: pa.Schema, layers: Iterable[str]) -> Frozen:
    """The schema of a run over a source with these columns and an annotator with these layers.

    A source column whose name is taken gets `source_` before it; names that differ only in case are the
    same to SQL, so they are taken, too.

    Raises:
        SettingError: a layer has the name of a column.
    """
    fields = {column.name: TYPES[column.type] for column in COLUMNS}
    for layer in layers:
        if layer in fields or not layer.isidentifier():
            raise SettingError(f"a layer cannot be named {layer!r}", hint="use letters, digits and _")
        fields[layer] = TYPES["picture"]
    pictures = tuple(name for name, kind in fields.items() if kind == TYPES["picture"])
    carried = {}
    taken = {name.lower() for name in fields}
    for field in source:
        name = field.name
        while name.lower() in taken:
            name = f"source_{name}"
        taken.add(name.lower())
        fields[name] = field.type
        carried[field.name] = name
    features = {name: {"_type": "Image"} for name in pictures}
    metadata = {"huggingface": json.dumps({"info": {"features": features}}, sort_keys=True)}
    return Frozen(pa.schema(list(fields.items()), metadata=metadata), carried, pictures)


def misfits(frozen: Frozen, columns: Mapping[str, Any]) -> dict[str, str]:
    """Which of a row's source values do not fit the frozen schema, and why; empty if all do."""
    problems = {}
    for name, value in columns.items():
        if name not in frozen.carried:
            problems[name] = f"column {name!r} was not there when this run began"
            continue
        kind = frozen.arrow.field(frozen.carried[name]).type
        try:
            if pa.types.is_integer(kind) and isinstance(value, float) and not value.is_integer():
                raise ValueError(f"{value} is not whole")  # Arrow would cut it
            pa.array([value], kind)
        except (pa.ArrowException, ValueError, TypeError, OverflowError) as fault:
            problems[name] = f"column {name!r} holds {kind} in this run, this row does not: {fault}"
    return problems


def fitted(kind: pa.DataType, value: Any) -> Any:
    """A score as the type of its column; a number that is none is not known, so null."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if kind == TYPES["flag"]:
        return bool(value)
    if kind == TYPES["whole"]:
        return round(value)
    return float(value) if kind == TYPES["number"] else value
