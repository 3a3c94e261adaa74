"""What `maskwright build` prints, and how it refuses what cannot be meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.datasets.building import corpus_of, settings_of, table_of


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("command")
    return corpus_of(table_of(place / "source", range(5), edits=1, nothing=[2]), place / "out")


def words(dataset: Path, out: Path, *more: str) -> list[object]:
    given = ["--from", out, "--selection", "all", "--format", "imdlbenco", "--workers", "1"]
    return ["build", dataset, *given, *more]


def test_it_says_what_became_of_every_row_what_it_writes_and_what_to_type_next(
    out: Path, tmp_path: Path, command: Command
) -> None:
    more = ["--authentic", "2", "--originals-are-photographs", "--split", "0.6,0.2,0.2"]
    code, answer, err = command(*words(tmp_path / "d", out, *more))
    assert code == 0, err
    lines = [" ".join(line.split()) for line in answer.splitlines()]
    assert "rows 6" in lines
    assert "something is edited 5" in lines
    assert "all 5 5" in lines
    assert "train: 6 authentic pictures are wanted, all 3 there are will be taken" in lines
    assert "5 pictures table.csv CC BY 4.0" in lines
    assert any(line.startswith("to write: about") and "10 rows made on trial" in line for line in lines)
    assert lines[-1] == f"next: maskwright check {tmp_path / 'd'}"


def test_of_what_is_finished_it_says_that_nothing_is_to_write(
    out: Path, tmp_path: Path, command: Command
) -> None:
    command(*words(tmp_path / "d", out))
    code, answer, err = command(*words(tmp_path / "d", out))
    assert code == 0, err
    assert "to write: nothing, all of it is there" in answer.splitlines()


def test_it_prints_one_object_where_asked(out: Path, tmp_path: Path, command: Command) -> None:
    code, answer, _ = command(*words(tmp_path / "d", out, "--json"))
    told = json.loads(answer)
    assert code == 0
    assert sum(labels["forged"] for labels in told["counts"].values()) == 5
    assert told["announced"]["funnels"][0][1][-1] == ["not the same pair as another row", 5]


def test_options_reach_the_dataset(out: Path, tmp_path: Path, command: Command) -> None:
    more = ["--pictures", "jpeg", "--quality", "80", "--seed", "3", "--dataset-name", "five"]
    code, _, err = command(*words(tmp_path / "d", out, *more, "--licence", "CC BY 4.0"))
    assert code == 0, err
    built = settings_of(tmp_path / "d")
    assert [built[name] for name in ("encoding", "seed", "name", "licence")] == [
        "jpeg 80",
        3,
        "five",
        "CC BY 4.0",
    ]
    assert built["command"].endswith(
        "--seed 3 --licence 'CC BY 4.0' --dataset-name five --pictures jpeg --quality 80"
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--split", "0.8,0.2"], "is not three numbers"),
        (["--split", "a,b,c"], "is not three numbers"),
        (["--split", "0.5,0.1,0.1"], "together 0.7, not 1"),
        (["--quality", "90"], "a PNG has no quality"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    more: list[str], message: str, out: Path, tmp_path: Path, command: Command
) -> None:
    code, _, err = command(*words(tmp_path / "d", out, *more))
    assert code == 2
    assert message in err
    assert not (tmp_path / "d").exists()
