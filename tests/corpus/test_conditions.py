"""The one SQL function: it filters, and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from maskwright.corpus.conditions import Conditions, matching
from maskwright.errors import SettingError

ROWS = pa.table(
    {
        "id": ["a", "b", "c"],
        "qes": pa.array([0.1, 0.5, None], pa.float32()),
        "largest area": [1, 2, 3],
        "mask": pa.array(
            [{"bytes": b"x", "path": None}] * 3,
            pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
        ),
    }
).replace_schema_metadata({"kept": "yes"})


@pytest.mark.parametrize(
    ("condition", "ids"),
    [
        ("qes > 0.2", ["b"]),
        ("qes > 0.2 or id in ('a', 'c')", ["a", "b", "c"]),
        ('"largest area" >= 2', ["b", "c"]),
        ("qes is null -- and a comment", ["c"]),
        ("not true", []),
    ],
)
def test_a_condition_keeps_the_rows_it_is_true_for_in_order(condition: str, ids: list[str]) -> None:
    assert matching(ROWS, condition)["id"].to_pylist() == ids


def test_types_and_metadata_come_back_unchanged() -> None:
    assert matching(ROWS, "qes < 1").schema.equals(ROWS.schema, check_metadata=True)


def test_a_misspelt_column_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(SettingError) as caught:
        matching(ROWS, "qess > 0.5")
    assert str(caught.value) == "the condition 'qess > 0.5' cannot be used: there is no column 'qess'"
    assert caught.value.hint == "did you mean qes?"


def test_a_value_that_is_no_number_is_answered_with_the_way_around_it() -> None:
    for condition in ("id::double > 3", "id > 3"):
        with pytest.raises(SettingError) as caught:
            matching(ROWS, condition)
        assert "try_cast" in caught.value.hint
    assert matching(ROWS, "try_cast(id as double) is null").num_rows == 3


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "  ",
        "1=1; drop table x",
        "true) union select (1",
        "1=1 limit 1",
        "count(*) > 1",
        "id = 3",
        "PRAGMA version",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '/tmp/x.db'",
        "COPY t TO '/tmp/x'",
        "SET memory_limit = '1TB'",
        "id in (select id from ROWS)",
        "id in (select id from numbered)",
        'id in (select id from "table")',
        "id in (select extension_name from duckdb_extensions())",
        "id = getenv('HOME')",
        "id = '\ud800'",
    ],
)
def test_what_is_not_one_expression_over_the_columns_is_refused(condition: str) -> None:
    with pytest.raises(SettingError):
        matching(ROWS, condition)


@pytest.mark.parametrize(
    "question",
    [
        "id in (select column0 from read_csv('{}'))",
        "id in (select content from read_text('{}'))",
        "id in (select filename from read_blob('{}'))",
        "id in (select file from glob('{}'))",
        "id in (select * from '{}')",
        "exists (select 1 from parquet_metadata('{}'))",
    ],
)
def test_no_file_is_read(question: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nb\n")
    with pytest.raises(SettingError):
        matching(ROWS, question.format(secret))


def test_nothing_is_written_beside_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    matching(ROWS, "id in (select (r % 3)::varchar from range(100000) t(r) order by hash(r))")
    assert not list(tmp_path.iterdir())
    assert matching(ROWS, "current_setting('temp_directory') = ''").num_rows == 3


def test_conditions_are_answered_apart_for_one_batch_after_another() -> None:
    with Conditions(["qes > 0.2", "id <> 'b'"], ROWS.schema) as conditions:
        for batch in (ROWS, ROWS.slice(1, 1), ROWS.slice(0, 0)):
            sure, not_b = conditions.of(batch)
            assert sure.tolist() == [(row["qes"] or 0) > 0.2 for row in batch.to_pylist()]
            assert not_b.tolist() == [row["id"] != "b" for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ("QES > 0.5", {"qes"}),
        ('"Largest Area" > 1 and qes * 2 > 1', {"largest area", "qes"}),
        ("1 = 1", set()),
        ("COLUMNS('q.*') > 0.5", {"id", "qes", "largest area", "mask"}),
        ("#2 > 0.5", {"id", "qes", "largest area", "mask"}),
    ],
)
def test_only_columns_that_a_condition_can_mean_are_needed(condition: str, named: set[str]) -> None:
    with Conditions([condition], ROWS.schema) as conditions:
        assert set(conditions.columns) == named
        (fulfilled,) = conditions.of(ROWS.select(conditions.columns))
    assert ROWS.filter(pa.array(fulfilled)).equals(matching(ROWS, condition))


def test_a_column_with_quotes_in_its_name_is_found() -> None:
    table = pa.table({'a "b" c': [1, 2], "d": [3, 4]})
    with Conditions(['"a ""b"" c" > 1'], table.schema) as conditions:
        assert conditions.columns == ('a "b" c',)
        assert conditions.of(table)[0].tolist() == [False, True]


def test_what_is_null_is_told_from_what_is_false() -> None:
    with Conditions(["qes > 0.2 -- sure", "id > 'a'"], ROWS.schema) as conditions:
        assert conditions.unknown(0, ROWS).tolist() == [False, False, True]
        assert not conditions.unknown(1, ROWS).any()


def test_random_conditions_are_the_same_every_time() -> None:
    table = pa.table({"n": np.arange(1000)})
    first, second = (matching(table, "random() < 0.5") for _ in range(2))
    assert first.equals(second)
    assert 300 < first.num_rows < 700


def test_a_bad_condition_closes_its_connection_and_says_which_it_is() -> None:
    with pytest.raises(SettingError, match="'nothing > 1'"):
        Conditions(["qes > 0.5", "nothing > 1"], ROWS.schema)


@pytest.mark.parametrize("value", ["qes", "1", "area_frac + 1", "'yes'"])
def test_a_value_is_no_condition(value: str) -> None:
    rows = pa.table({"qes": [0.0, 0.2], "area_frac": [0.1, 0.2]})
    with pytest.raises(SettingError, match="is a value, not a condition"):
        matching(rows, value)
