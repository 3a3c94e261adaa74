"""What `maskwright select` prints: the funnel, the spread of the scores, and what to type next."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.cli.select import _bar
from maskwright.datasets.selecting.selection import load_selection
from tests.conftest import Command
from tests.datasets.grown import Grower
from tests.datasets.test_select import ROWS


@pytest.fixture(scope="module")
def grower(tmp_path_factory: pytest.TempPathFactory) -> Grower:
    return Grower(tmp_path_factory.mktemp("grower"))


@pytest.fixture
def out(grower: Grower, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    grower.grow(tmp_path / "out", ROWS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return Path("out")


def test_the_answer_is_the_funnel_the_spread_and_the_next_line(command: Command, out: Path) -> None:
    words = ("select", out, "--where", "qes > 0.5", "--where", "confidence > 0.5", "--name", "good")
    code, told, _ = command(*words)
    assert code == 0
    assert told.split("\n\nqes ")[0].splitlines() == [
        "2 of 7 rows chosen (29 %)",
        "",
        "                  drops alone  of them null  left",
        "rows                                            7",
        "status = 'ok'               2             0     5",
        "qes > 0.5                   2             0     3",
        "confidence > 0.5            3             2     2",
    ]
    assert "0.7–0.8 ################### 1 of 1    0.7–0.8                     0 of 0\n" in told
    assert told.endswith(
        "# chosen  . ok, but not chosen\n"
        "confidence is null in 2 of 5 ok rows\n"
        "\n"
        "wrote out/selections/good.parquet\n"
        "next: maskwright build DATASET --from out --selection good --format parquet\n"
    )


def test_chosen_rows_with_an_empty_mask_are_told(command: Command, out: Path) -> None:
    _, told, _ = command("select", out, "--where", "true", "--name", "all")
    assert told.splitlines()[1] == "1 of them with an empty mask (area_frac = 0): build leaves those out"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_but_the_last_ones_is_wider_than_the_terminal(
    command: Command, out: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    condition = "qes > 0.5 and area_frac <= 0.6 and status in ('ok', 'failed', 'rejected')"
    code, told, _ = command("select", out, "--where", condition, "--name", "good")
    assert code == 0
    drawn = told[: told.index("# chosen")].splitlines()
    assert max(map(len, drawn)) <= width
    assert any("#" in line for line in drawn)


def test_json_has_the_same_figures(command: Command, out: Path) -> None:
    code, told, _ = command("select", out, "--where", "qes > 0.5", "--name", "good", "--json")
    answer = json.loads(told)
    assert (code, answer["version"], answer["rows"], answer["threshold"]) == (0, 1, 3, None)
    assert answer["funnel"][-1] == {"what": "qes > 0.5", "alone": 2, "unknown": 0, "left": 3}
    assert answer["next"] == "maskwright build DATASET --from out --selection good --format parquet"


def test_several_corpora_are_told_one_by_one(command: Command, out: Path, grower: Grower) -> None:
    grower.grow(Path("other"), ROWS[:1])
    _, told, _ = command("select", out, "other", "--where", "qes > 0.5", "--name", "good")
    assert "  from out    3  of 7 rows\n  from other  1   of 1 row\n" in told
    assert told.endswith(
        "next: maskwright build DATASET --from out --from other --selection good --format parquet\n"
    )


def test_a_selection_that_is_replaced_and_a_corpus_that_is_not_finished_are_told(
    command: Command, out: Path, grower: Grower
) -> None:
    grower.grow(Path("half"), ROWS, missing=[1])
    command("select", "half", "--where", "qes > 0.5", "--name", "good")
    _, told, _ = command("select", "half", "--where", "qes > 0.4", "--name", "good")
    assert "not finished: half has 1 of 2 parts; select again when it has more" in told
    assert "replaced another good: half/selections/good.parquet" in told


def test_a_threshold_is_handed_on(command: Command, out: Path) -> None:
    code, told, said = command("select", out, "--where", "true", "--name", "t", "--threshold", "0.25")
    assert code == 0, said
    assert told.splitlines()[0] == "5 of 7 rows chosen (71 %), masks where the change map reaches 0.25"
    assert load_selection(out, "t").threshold == 0.25


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--where", "qess > 1", "--name", "x"], "did you mean qes?"),
        (["--where", "qes > 2", "--name", "x"], "qes > 2 drops the last 5"),
        (["--where", "true", "--name", "a/b"], "letters, digits"),
        (["--where", "true", "--name", "x", "--threshold", "1"], "above 0 and below 1"),
        (["--where", "true"], "--name"),
        (["--name", "x"], "--where"),
    ],
)
def test_wrong_use_leaves_with_2_and_says_what_to_do(
    command: Command, out: Path, words: list[str], said: str
) -> None:
    code, told, error = command("select", out, *words)
    assert (code, told) == (2, "")
    assert said in error
    assert not (out / "selections").exists()


def test_nothing_in_a_condition_acts_on_the_terminal(command: Command, out: Path) -> None:
    for condition in ("true -- \x1b[31m\x07\u202e", "qes > 2 -- \x1b[31m\x07\u202e", "\x1b[31m"):
        _, told, error = command("select", out, "--where", condition, "--name", "x")
        assert not {"\x1b", "\x07", "\u202e"} & set(told + error)


@given(
    ok=st.integers(0, 2_000_000),
    share=st.floats(0, 1),
    most=st.integers(1, 2_000_000),
    length=st.integers(2, 40),
)
def test_a_bar_shows_whatever_is_there_and_is_no_longer_than_the_longest(
    ok: int, share: float, most: int, length: int
) -> None:
    most = max(ok, most)
    kept = round(ok * share)
    bar = _bar(kept, ok, most, length)
    assert len(bar) <= length
    assert bar.strip("#.") == ""
    assert ("#" in bar) == (kept > 0)
    assert bar or not ok
    if len(bar) > 1:
        assert ("." in bar) == (kept < ok)
