"""What every source keeps. Inherit, and give a fixture `reopen` that opens the same source anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Part, Source
from maskwright.pairs.sources.base import rows_per_part
from maskwright.pairs.values import Encoded, Located, Pair, Rejection, RuledMask


def everything(source: Source) -> list[Pair | Rejection]:
    """All rows, part after part."""
    return [row for part in source.plan() for row in source.read(part)]


class SourceContract:
    @pytest.fixture
    def reopen(self) -> Callable[[], Source]:
        """Opens the source; at least 20 rows in at least three parts, at least one pair and one rejection."""
        raise NotImplementedError

    @pytest.fixture
    def source(self, reopen: Callable[[], Source]) -> Source:
        return reopen()

    def test_it_is_a_source_with_pairs_and_rejections(self, source: Source) -> None:
        assert isinstance(source, Source)
        rows = everything(source)
        assert len(source.plan()) >= 3
        assert {type(row) for row in rows} == {Pair, Rejection}

    def test_the_parts_together_are_all_rows_once(self, source: Source) -> None:
        rows = everything(source)
        assert len(rows) == source.rows() >= 20
        assert len({row.id for row in rows}) == len(rows)

    def test_every_part_has_the_rows_it_says(self, source: Source) -> None:
        for part in source.plan():
            assert len(list(source.read(part))) == part.rows

    def test_parts_are_numbered_and_cover_each_file_without_gaps(self, source: Source) -> None:
        plan = source.plan()
        assert [part.number for part in plan] == list(range(len(plan)))
        ends: dict[str, int] = {}
        for part in plan:
            assert part.start == ends.get(part.file, 0)
            assert 1 <= part.rows <= rows_per_part(source.rows())
            ends[part.file] = part.start + part.rows

    def test_a_part_reads_the_same_twice_and_in_any_order(self, source: Source) -> None:
        plan = source.plan()
        first = {part.number: list(source.read(part)) for part in plan}
        assert {part.number: list(source.read(part)) for part in reversed(plan)} == first

    def test_parts_can_be_read_by_turns(self, source: Source) -> None:
        alone = {part.number: list(source.read(part)) for part in source.plan()}
        before, first, second = source.plan()[-3:]
        assert list(source.read(before)) == alone[before.number]
        one, two, by_turns = source.read(first), source.read(second), ([], [])  # type: ignore[var-annotated]
        for _ in range(max(first.rows, second.rows)):
            by_turns[0].extend(row for row in [next(one, None)] if row)
            by_turns[1].extend(row for row in [next(two, None)] if row)
        assert by_turns == (alone[first.number], alone[second.number])

    def test_opened_again_it_is_the_same(self, source: Source, reopen: Callable[[], Source]) -> None:
        again = reopen()
        assert again.plan() == source.plan()
        assert again.schema() == source.schema()
        assert everything(again) == everything(source)

    def test_it_says_where_original_and_edited_come_from_and_why(self, source: Source) -> None:
        reading = source.reading()
        roles = [each.role for each in reading.chosen]
        assert reading.kind
        assert roles[:2] == ["original", "edited"]
        assert len(set(roles)) == len(roles)
        assert all(each.place and each.why for each in reading.chosen)

    def test_it_carries_what_it_says(self, source: Source) -> None:
        assert list(source.reading().carried) == source.schema().names

    def test_it_says_the_use_of_every_column_once(self, source: Source) -> None:
        reading = source.reading()
        uses = dict(reading.columns)
        assert len(uses) == len(reading.columns)
        places = {each.place for each in reading.chosen}
        assert places <= set(uses) or not places & set(uses)  # columns all of them, or files all of them
        assert set(reading.carried) <= set(uses)

    def test_the_roles_it_says_are_those_of_its_pairs(self, source: Source) -> None:
        places = {each.role: each.place for each in source.reading().chosen}
        pair = next(row for row in everything(source) if isinstance(row, Pair))
        for role in ("original", "edited"):
            picture = getattr(pair, role)
            assert isinstance(picture, Encoded | Located)
            # a folder names a file; a table's column is in the key of what it holds, or holds the path
            assert source.picture(picture.key) == picture
            if places["original"] not in dict(source.reading().columns):
                assert places[role] == picture.key
        if any(isinstance(row, Pair) and row.mask is not None for row in everything(source)):
            assert "mask" in places

    def test_reading_is_lazy(self, source: Source) -> None:
        rows = source.read(source.plan()[0])
        assert iter(rows) is rows

    def test_columns_are_those_of_the_schema_and_fit_it(self, source: Source) -> None:
        schema = source.schema()
        columns = [dict(row.columns) for row in everything(source) if isinstance(row, Pair)]
        assert all(list(one) == schema.names for one in columns)
        if schema.names:
            assert pa.Table.from_pylist(columns, schema=schema).num_rows == len(columns)

    def test_every_picture_is_found_again_by_its_key(self, source: Source) -> None:
        for row in everything(source):
            for picture in (row.original, row.edited, row.mask) if isinstance(row, Pair) else ():
                picture = picture.picture if isinstance(picture, RuledMask) else picture
                if picture is not None:
                    assert isinstance(picture, Encoded | Located)
                    assert source.picture(picture.key) == picture

    def test_ids_and_keys_can_be_stored_as_utf8(self, source: Source) -> None:
        for row in everything(source):
            texts: list[Any] = [row.id]
            if isinstance(row, Pair):
                texts += [getattr(side, "key", "") for side in (row.original, row.edited, row.mask)]
                texts += [row.mask.picture.key] if isinstance(row.mask, RuledMask) else []
            assert all(text.encode("utf-8") is not None for text in texts)

    def test_a_part_of_another_state_is_refused(self, source: Source) -> None:
        stale: Part = dataclasses.replace(source.plan()[0], etag="of another time")
        with pytest.raises(InputError, match="changed"):
            list(source.read(stale))

    def test_it_holds_the_parts_it_planned_and_none_of_another_state(self, source: Source) -> None:
        plan = source.plan()
        assert all(source.holds(part) for part in plan)
        assert not source.holds(dataclasses.replace(plan[0], etag="of another time"))
