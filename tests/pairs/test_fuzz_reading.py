"""Whatever bytes come in, nothing but a MaskwrightError comes out of a public function."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.errors import InputError, MaskwrightError
from maskwright.pairs.picture import decode_grey, encode_png, read_mask, read_picture
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.values import REASONS, Encoded, Located, Rejection
from tests.contracts.source import everything
from tests.strategies import broken_files, picture_file

FUZZ = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PNG = picture_file("PNG")


def attempt(data: bytes) -> None:
    """Read bytes as picture and as mask; both succeed, or say why not."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nor may a warning of a decoder get out where warnings are errors
        for read in (read_picture, read_mask):
            refusal = None
            try:
                found = read(data, max_pixels=1_000_000)
            except InputError as error:
                refusal = error
            if refusal is None:
                pixels = found if isinstance(found, np.ndarray) else found.pixels
                assert pixels.size
                assert pixels.dtype in (np.uint8, np.bool_)
            else:
                assert refusal.reason in set(REASONS) - {""}
                assert str(refusal).isprintable()


@FUZZ
@given(broken_files())
def test_broken_picture_files_are_read_or_refused(data: bytes) -> None:
    attempt(data)


MAGICS = [
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"RIFF\x40\0\0\0WEBPVP8 ",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"BM",
    b"GIF89a",
]
MAGICS += [b"\0\0\0\x20ftypavif", b"\0\0\0\x20ftypheic", b"\0\0\0\x20ftypmif1\0\0\0\0avif", b""]


@FUZZ
@given(st.sampled_from(MAGICS), st.binary(max_size=300))
def test_any_bytes_behind_a_known_beginning_are_read_or_refused(magic: bytes, rest: bytes) -> None:
    attempt(magic + rest)


@FUZZ
@given(
    st.binary(max_size=200)
    | st.binary(max_size=60).map(lambda cut: encode_png(np.zeros((9, 9), np.uint8))[:30] + cut)
)
def test_any_bytes_are_a_stored_map_or_refused(data: bytes) -> None:
    with contextlib.suppress(MaskwrightError):
        assert decode_grey(data).ndim == 2


# ---- tables ---------------------------------------------------------------------------------------------


def account(path: Path) -> None:
    """Open a table and read all of it: every row becomes a pair or a rejection, or the table is refused."""
    for roles in (Roles(), Roles(swap=True), Roles(original="a", edited="b", mask="c", instruction="d")):
        try:
            source = open_source(path, roles=roles)
        except MaskwrightError:
            continue
        rows = everything(source)
        assert len(rows) == source.rows() == sum(part.rows for part in source.plan())
        assert len({row.id for row in rows}) == len(rows)
        carried = []
        for row in rows:
            assert row.id.encode("utf-8")
            if isinstance(row, Rejection):
                assert row.detail.encode("utf-8") is not None
                continue
            carried.append(dict(row.columns))
            for side in (row.original, row.edited, row.mask):
                if isinstance(side, Encoded | Located):
                    assert source.picture(side.key) == side
        if source.schema().names:
            assert pa.Table.from_pylist(carried, schema=source.schema()).num_rows == len(carried)


CELLS = st.sampled_from(
    ["a.png", "b.jpg", "", " ", "http://x/y.png", "\0", '"', "é", "1", "0.5", "nan", "x,y", "\n", "/"]
)
NAMES = st.sampled_from(["original", "edited", "mask", "a", "b", "c", "d", "", "Original", "id"])
HEADERS = st.lists(NAMES, max_size=4).map(lambda more: ["original", "edited", *more]) | st.lists(
    NAMES, min_size=1
)


@FUZZ
@given(
    HEADERS,
    st.lists(st.lists(CELLS | st.text(max_size=6), max_size=7), max_size=30),
    st.sampled_from(["utf-8", "latin-1", "utf-16", "utf-8-sig"]),
)
def test_any_csv_is_accounted_for(
    tmp_path: Path, names: list[str], rows: list[list[str]], encoding: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(names)
    writer.writerows(rows)
    (tmp_path / "t.csv").write_bytes(stream.getvalue().encode(encoding, "replace"))
    account(tmp_path / "t.csv")


@FUZZ
@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(lambda rest: b"original,edited,n\na.png,b.png,1\n" + rest)
)
def test_any_bytes_as_csv_are_accounted_for(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    account(tmp_path / "t.csv")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | CELLS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


OBJECTS = st.dictionaries(NAMES, JSON, max_size=5).map(
    lambda more: {"original": "a.png", "edited": "b.png", **more}
)


@FUZZ
@given(
    st.lists(OBJECTS | JSON, max_size=12),
    st.sampled_from([".jsonl", ".json"]),
)
def test_any_json_is_accounted_for(tmp_path: Path, rows: list[Any], ending: str) -> None:
    path = tmp_path / f"t{ending}"
    path.write_text(json.dumps(rows) if ending == ".json" else "\n".join(map(json.dumps, rows)))
    account(path)


@FUZZ
@given(st.binary(max_size=200), st.sampled_from([".jsonl", ".json"]))
def test_any_bytes_as_json_are_accounted_for(tmp_path: Path, data: bytes, ending: str) -> None:
    path = tmp_path / f"t{ending}"
    path.write_bytes(b'{"original": "a.png", "edited": "b.png"}\n' + data if ending == ".jsonl" else data)
    account(path)


TYPES = st.sampled_from(
    [
        (pa.string(), st.none() | CELLS),
        (pa.large_string(), st.none() | CELLS),
        (pa.binary(), st.none() | st.just(PNG) | st.binary(max_size=5)),
        (pa.large_binary(), st.none() | st.just(PNG)),
        (pa.list_(pa.string()), st.none() | st.lists(CELLS | st.none(), max_size=2)),
        (pa.list_(pa.binary()), st.none() | st.lists(st.just(PNG) | st.none(), max_size=2)),
        (pa.int16(), st.none() | st.integers(-9, 9)),
        (pa.timestamp("ns"), st.none() | st.integers(0, 2**62)),
        (pa.time64("ns"), st.none() | st.integers(0, 86_399 * 10**9)),
        (pa.timestamp("s", "Nowhere/Else"), st.none() | st.just(0)),
        (pa.timestamp("s"), st.none() | st.integers(-(2**50), 2**50)),
        (pa.date32(), st.none() | st.integers(-(2**31), 2**31 - 1)),
        (pa.null(), st.none()),
        (pa.decimal128(20, 3), st.none()),
        (
            pa.map_(pa.string(), pa.int8()),
            st.none() | st.lists(st.tuples(CELLS, st.integers(0, 9)), max_size=2),
        ),
        (
            pa.struct({"bytes": pa.binary(), "path": pa.string()}),
            st.none() | st.fixed_dictionaries({"bytes": st.none() | st.just(PNG), "path": st.none() | CELLS}),
        ),
        (pa.struct({"w": pa.float32()}), st.none() | st.just({"w": 0.5})),
        (pa.dictionary(pa.int8(), pa.string()), st.none() | CELLS),
    ]
)


PICTURES = st.sampled_from(
    [(pa.binary(), st.none() | st.just(PNG)), (pa.string(), st.just("a.png") | st.none() | CELLS)]
)


@st.composite
def parquet_files(draw: st.DrawFn) -> bytes:
    """A Parquet file of odd types, whole or with some bytes changed or cut off."""
    rows, columns, fields = draw(st.integers(0, 12)), [], []
    for name in draw(HEADERS.map(dict.fromkeys) if draw(st.integers(0, 9)) else HEADERS):
        type_, values = draw(PICTURES if name in ("original", "edited") else TYPES)
        fields.append(pa.field(name, type_))
        columns.append(pa.array(draw(st.lists(values, min_size=rows, max_size=rows)), type_))
    stream = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(columns, schema=pa.schema(fields)),
        stream,
        row_group_size=draw(st.integers(1, 9)),
    )
    data = bytearray(stream.getvalue())
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(data)))
        if draw(st.booleans()):
            data[place : place + 3] = draw(st.binary(max_size=3))
        else:
            del data[place:]
    return bytes(data)


@FUZZ
@given(parquet_files())
def test_any_parquet_is_accounted_for(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.parquet").write_bytes(data)
    account(tmp_path / "t.parquet")


@FUZZ
@given(
    st.one_of(
        st.none(),
        st.integers(),
        st.text(max_size=9),
        st.binary(max_size=9),
        st.lists(st.integers()),
        st.floats(),
    )
)
def test_any_value_is_a_source_or_refused(value: Any) -> None:
    with pytest.raises(MaskwrightError):
        open_source(value)
