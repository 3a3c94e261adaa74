"""JSON Lines and JSON arrays: types of columns, and every line that is no object."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Source, open_source
from tests.contracts.source import SourceContract, everything
from tests.pairs.tables import opened, rows_of


class TestJsonLines(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        rows = [{**row, "tags": ["x", str(i)], "box": {"w": i}} for i, row in enumerate(rows_of(600))]
        path = tmp_path / "pairs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "\n\nnot json\n")
        return lambda: open_source(path)


class TestJsonArray(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        path = tmp_path / "pairs.json"
        path.write_text(json.dumps(rows_of(40)))
        return lambda: open_source(path)


def test_values_keep_their_types_and_mixed_ones_become_text(tmp_path: Path) -> None:
    extra: list[dict[str, Any]] = [
        {"n": 1, "x": 1, "tags": ["a"], "box": {"w": 1}, "odd": 5, "flag": True, "big": 2**70, "none": None},
        {"n": None, "x": 0.5, "tags": [], "box": {"h": 2.5}, "odd": "5", "flag": False, "big": 1},
        {"odd": {"a": [1]}, "deep": [[1], [2.5]], "long": [2**53 + 1, 0.5]},
    ]
    lines = [json.dumps({"original": "a.png", "edited": "b.png", **one}) for one in extra]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    source = open_source(tmp_path / "t.jsonl")
    types = {field.name: field.type for field in source.schema()}
    assert types == {
        "n": pa.int64(),
        "x": pa.float64(),
        "tags": pa.list_(pa.string()),
        "box": pa.struct({"w": pa.int64(), "h": pa.float64()}),
        "odd": pa.string(),
        "flag": pa.bool_(),
        "big": pa.string(),
        "deep": pa.list_(pa.list_(pa.float64())),
        "long": pa.string(),
    }
    rows = everything(source)
    assert [row.columns["odd"] for row in rows] == ["5", "5", '{"a": [1]}']
    assert [row.columns["big"] for row in rows] == [str(2**70), "1", None]
    assert rows[2].columns["long"] == "[9007199254740993, 0.5]"
    assert pa.Table.from_pylist([dict(row.columns) for row in rows], schema=source.schema()).num_rows == 3


def test_lines_that_are_no_objects_are_rejected_and_the_rest_is_read(tmp_path: Path) -> None:
    good = json.dumps({"original": "a.png", "edited": "b.png"}).encode()
    bad = [
        b"{",
        b"[1]",
        b"3",
        b'{"original": "a.png", "original": "b.png"}',
        b'{"x": "\\ud800"}',
        b'{"x": "\\u0000"}',
    ]
    bad += [b'{"original": "\xe9.png"}', b"[" * 50_000, b'{"x":' + b"[" * 40 + b"]" * 40 + b"}"]
    (tmp_path / "t.jsonl").write_bytes(b"\n".join([good, *bad, b"  ", good]))
    rows = opened(tmp_path / "t.jsonl")
    assert [getattr(row, "reason", "") for row in rows] == ["", *["bad_row"] * len(bad), ""]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("t.jsonl", b""),
        ("t.jsonl", b"\n\n"),
        ("t.jsonl", b"[1]\n[2]\n"),
        ("t.jsonl", "{}".encode("utf-16")),
        ("t.json", b"{}"),
        ("t.json", b"[1, 2]"),
        ("t.json", b'["{\\"original\\": 1}"]'),
        ("t.json", b"[]"),
        ("t.json", b"[" * 100_000),
        ("t.json", b"\xff"),
    ],
)
def test_json_without_rows_of_objects_is_refused(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError):
        open_source(tmp_path / name)
