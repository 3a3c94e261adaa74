"""A published corpus as a source: the rows or files of any source, read as its preset says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from maskwright.errors import InputError, SettingError
from maskwright.pairs.opening import shown
from maskwright.pairs.presets import find_pairs
from maskwright.pairs.presets.preset import Files, Preset, Table, Unfold, flag_of
from maskwright.pairs.sources.base import Chosen, Part, Reading, Roles, Source, portable
from maskwright.pairs.sources.folder import FolderSource
from maskwright.pairs.sources.known import Known
from maskwright.pairs.sources.named import Instructions, arrange_named, named_groups
from maskwright.pairs.sources.table import Reader
from maskwright.pairs.sources.unfold import KEY, TURN, UnfoldedReader, root_of
from maskwright.pairs.values import Encoded, Located, Pair, PictureLike, Rejection, RuledMask

ADDED = pa.schema(
    [
        ("corpus", pa.string()),
        ("key", pa.string()),
        ("turn", pa.int32()),
        ("original_is_authentic", pa.bool_()),
        ("whole_frame", pa.bool_()),
    ]
)
"""What every row of a preset carries beside the corpus's own columns; `turn` only where it has turns."""

_SPLIT = re.compile(r"(?:.*/)?([\w.]+?)-\d{5}-of-\d{5}\b.*|(?:.*/)?(train|dev|validation|val|test)\b.*")
"""How shards are named on the Hugging Face hub, or a folder or file named for its split."""


def preset_table(location: str, reader: Reader, roles: Roles, table: Callable[..., Source]) -> Source:
    """A table read as the preset `roles.corpus` says.

    Args:
        table: makes the source of a location, a reader and roles.

    Raises:
        SettingError: no such corpus, or roles were given beside it.
        InputError: the preset is not established, or the table has other columns than it.
    """
    preset = _preset_for(location, roles)
    given = _columns_of(preset, location)
    columns = reader.columns()
    if isinstance(preset.container, Unfold):
        wanted = [root_of(preset.container.edited).replace("{n}", "1")]
        unfolded: Reader = UnfoldedReader(reader, preset.container)
    else:
        wanted, unfolded = [given.original, given.edited], reader
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise InputError(
            f"{shown(location)} has no column {' and no '.join(map(repr, missing))}, which {preset.title} "
            f"has; its columns are {', '.join(map(repr, list(columns)[:12]))}",
            hint="is it that corpus? else leave --corpus out",
        )
    columns = unfolded.columns()
    # a column that is there need not hold anything: that of UltraEdit has the type null
    mask = given.mask if given.mask and columns.get(given.mask, ("",))[0] == "picture" else None
    instruction = next((name for name in given.instruction if name in columns), None)
    found = Roles(
        given.original, given.edited, mask, instruction=instruction, allow_remote=roles.allow_remote
    )
    return PresetSource(preset, table(location, unfolded, found), swap=roles.swap)


def preset_folder(location: str, files: Sequence[str], roles: Roles) -> Source:
    """A folder read as the preset `roles.corpus` says; raises as `preset_table`."""
    preset = _preset_for(location, roles)
    if not isinstance(preset.container, Files):
        raise _another_kind(preset, location, "a folder of pictures")
    layout = arrange_named(preset.container, preset.title, files, shown(location))
    texts = preset.container.texts
    instructions = Instructions(texts, location, files) if texts else None
    folder = FolderSource(location, files, Roles(), layout)
    return PresetSource(preset, folder, swap=roles.swap, instructions=instructions)


def comes_as_table(corpus: str | None) -> bool:
    """Whether a corpus of pairs is known to come as a table; False for none.

    Raises:
        SettingError, InputError: as `find_pairs`.
    """
    return corpus is not None and not isinstance(find_pairs(corpus).container, Files)


@dataclass(frozen=True, slots=True)
class SplitCount:
    """How many rows, or forged pictures, of a split are here, and how many the whole corpus has.

    Args:
        split: empty where the corpus has none.
        expected: None for a split the preset does not know.
    """

    split: str
    found: int
    expected: int | None


class PresetSource:
    """What another source reads, with what its corpus is known for: columns, masks' rules, rows left out."""

    def __init__(
        self, preset: Preset, source: Source, *, swap: bool, instructions: Instructions | None = None
    ) -> None:
        self.location = source.location
        self.preset = preset
        self._source, self._swap, self._instructions = source, swap, instructions
        self._table = None if isinstance(preset.container, Files) else _columns_of(preset, source.location)
        self._turn = self._table.turn if self._table else None
        added = [field for field in ADDED if field.name != "turn" or self._turn]
        own = [field for field in source.schema() if field.name not in (KEY, TURN)]
        self._names = {field.name: _free(field.name) for field in own}
        carried = [pa.field(self._names[field.name], field.type) for field in own]
        self._schema = pa.schema([*added, *carried])

    def schema(self) -> pa.Schema:
        return self._schema

    def reading(self) -> Reading:
        reading = self._source.reading()
        why = f"known of {self.preset.title}"
        masked = isinstance(self.preset.container, Table | Files) and self.preset.container.mask
        chosen = [replace(each, why=why) for each in reading.chosen if masked or each.role != "mask"]
        if self._instructions is not None and self._instructions.files:
            chosen.append(Chosen("instruction", portable(self._instructions.files[0]), why))
        if self._swap:
            places = {each.role: each.place for each in chosen}
            places["original"], places["edited"] = places["edited"], places["original"]
            chosen = [replace(each, place=places[each.role]) for each in chosen]
        own = [(self._names.get(name, name), use) for name, use in reading.columns if name not in (KEY, TURN)]
        added = [(name, "added, known of the corpus") for name in self._schema.names if name in ADDED.names]
        return replace(
            reading,
            kind=f"{self.preset.title}, {reading.kind}",
            chosen=tuple(chosen),
            columns=(*added, *own),
            carried=tuple(self._schema.names),
            swapped=self._swap,
        )

    def rows(self) -> int:
        return self._source.rows()

    def plan(self) -> list[Part]:
        return self._source.plan()

    def read(self, part: Part) -> Iterator[Pair | Rejection]:
        for row in self._source.read(part):
            yield self._row(row)

    def picture(self, key: str) -> PictureLike:
        return self._source.picture(key)

    def holds(self, part: Part) -> bool:
        return self._source.holds(part)

    def known(self) -> Known | None:
        return self._source.known()

    def counts(self) -> tuple[SplitCount, ...]:
        """What is here of every split, against what the whole corpus has."""
        found: Counter[str] = Counter()
        container = self.preset.container
        if isinstance(container, Files):
            for part in self.plan():
                for row in self._source.read(part):
                    groups = named_groups(container.edited, row.id)
                    if groups is not None:
                        found[groups.get("split", "")] += 1
        else:
            for part in self.plan():
                found[split_of(part.file)] += part.rows
        expected = self.preset.expected
        return tuple(
            SplitCount(name, found.get(name, 0), expected.get(name)) for name in {**expected, **found}
        )

    def _row(self, row: Pair | Rejection) -> Pair | Rejection:
        values = self._values(row)
        known = self._known(values)
        carried = {self._names[name]: value for name, value in row.columns.items() if name in self._names}
        columns = {**known, **carried}
        if isinstance(row, Rejection):
            return replace(row, columns=columns)
        if why := self.preset.why_skipped(values):
            return Rejection(row.id, "skipped", why, columns)
        instruction = self._instruction(row, values)
        pair = replace(row, columns=columns, mask=self._ruled(row), instruction=instruction)
        return replace(pair, original=row.edited, edited=row.original) if self._swap else pair

    def _values(self, row: Pair | Rejection) -> Mapping[str, Any]:
        """What conditions may ask for: the row's own columns, or what its file's name says."""
        if isinstance(self.preset.container, Files):
            return named_groups(self.preset.container.edited, row.id) or {}
        return row.columns

    def _known(self, values: Mapping[str, Any]) -> dict[str, Any]:
        container = self._table or self.preset.container
        names = container.key if isinstance(container, Table | Files) else ()
        key = ":".join(str(values[name]) for name in names if values.get(name) is not None)
        known: dict[str, Any] = {"corpus": self.preset.name, "key": key or None}
        if self._turn:
            turn = values.get(self._turn)
            known["turn"] = turn if isinstance(turn, int) else None
        authentic = flag_of(self.preset.authentic, values)
        known["original_is_authentic"] = None if self._swap else authentic
        known["whole_frame"] = flag_of(self.preset.whole_frame, values)
        return known

    def _ruled(self, row: Pair) -> RuledMask | None:
        has_masks = self.preset.container.mask if isinstance(self.preset.container, Table | Files) else None
        if not has_masks or not isinstance(row.mask, Encoded | Located):
            return None
        return RuledMask(row.mask, self.preset.mask_rule, self.preset.mask_fit)

    def _instruction(self, row: Pair, values: Mapping[str, Any]) -> str | None:
        if self._instructions is not None:
            return self._instructions.of(values)
        if row.instruction or self._table is None:
            return row.instruction
        texts = (row.columns.get(name) for name in self._table.instruction)
        return next((text for text in texts if isinstance(text, str) and text), None)


def split_of(file: str) -> str:
    """The split a shard is of, by its name or its folder's; empty where they do not say."""
    match = _SPLIT.fullmatch(file)
    return (match[1] or match[2]) if match else ""


def _preset_for(location: str, roles: Roles) -> Preset:
    preset = find_pairs(roles.corpus or "")
    if roles.original or roles.edited or roles.mask or roles.region or roles.instruction:
        raise SettingError(
            f"--corpus {preset.name} says which columns of {shown(location)} hold what",
            hint="leave out --corpus, or --original, --edited, --mask, --region and --instruction",
        )
    return preset


def _columns_of(preset: Preset, location: str) -> Table:
    """Which columns hold what, once rows are unfolded."""
    if isinstance(preset.container, Table):
        return preset.container
    if isinstance(preset.container, Unfold):
        turn = TURN if preset.container.has_turns else None
        return Table("original", "edited", ("instruction",), key=(KEY,), turn=turn)
    raise _another_kind(preset, location, "a table")


def _another_kind(preset: Preset, location: str, found: str) -> InputError:
    wanted = "a folder of pictures" if isinstance(preset.container, Files) else "a table"
    return InputError(
        f"{preset.title} is {wanted}, {shown(location)} is {found}",
        hint=f"SOURCE of --corpus {preset.name} is {preset.source}; its home is {preset.home}",
    )


def _free(name: str) -> str:
    """A name beside ours; alike in all but case is the same to SQL."""
    return f"source_{name}" if name.lower() in ADDED.names else name
