"""The one SQL function: it filters, and can do nothing else."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from maskwright.corpus.conditions import matching
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
    assert caught.value.hint == "did you mean qes?"


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
