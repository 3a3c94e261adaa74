import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.cli.progress import LineReporter, line_of
from maskwright.cli.terminal import answer_json, answer_table
from maskwright.corpus.annotate import RowsDone
from maskwright.pages.words import cleaned


@given(st.text())
def test_cleaned_text_has_nothing_that_acts_on_a_terminal(text: str) -> None:
    assert cleaned(text).isprintable()


@given(st.text(alphabet=st.characters(categories=("L", "N", "P"))))
def test_letters_of_any_language_stay_as_they_are(text: str) -> None:
    assert cleaned(text) == text


def test_json_has_null_where_a_figure_is_not_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    answer_json({"f1": float("nan"), "rows": [{"qes": float("inf")}]})
    assert json.loads(capsys.readouterr().out) == {"version": 1, "f1": None, "rows": [{"qes": None}]}


def test_columns_line_up_also_with_letters_of_double_width(capsys: pytest.CaptureFixture[str]) -> None:
    answer_table([["事故", "1"], ["abcde", "20"]])
    assert capsys.readouterr().out == "事故    1\nabcde  20\n"


def test_a_progress_line_says_how_far_how_fast_and_how_long() -> None:
    done = RowsDone(120, 2000, {"ok": 117, "rejected": 3}, 12.34, 152.0)
    assert line_of(done) == "120 of 2,000 rows (6.0 %), 12.3 rows/s, 2 min 32 s left, 3 rejected"


def test_a_log_file_gets_few_lines_and_always_the_last(capsys: pytest.CaptureFixture[str]) -> None:
    with LineReporter() as reporter:
        for rows in range(1, 101):
            reporter.rows(RowsDone(rows, 100, {"ok": rows}, None, None))
    assert capsys.readouterr().err == "100 of 100 rows (100 %)\n"


def test_a_log_file_gets_a_line_when_it_is_time(capsys: pytest.CaptureFixture[str]) -> None:
    with LineReporter(every_s=0) as reporter:
        for rows in range(1, 4):
            reporter.rows(RowsDone(rows, 3, {}, None, None))
    assert len(capsys.readouterr().err.splitlines()) == 3
