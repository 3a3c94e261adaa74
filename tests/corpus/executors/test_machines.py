"""Executors by name, and what is said where other machines or their cluster are not as they must be."""

from __future__ import annotations

import json
import shutil
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maskwright.corpus import atomic
from maskwright.corpus.annotate import annotate
from maskwright.corpus.executors import DEFAULT, EXECUTORS, Event, Finished, Work, load_executor
from maskwright.corpus.parts import parts_done
from maskwright.corpus.plan import load_plan
from maskwright.corpus.sitting import Sitting
from maskwright.corpus.work import PartTask, annotate_part
from maskwright.errors import MissingExtraError, RunError, SettingError
from tests.corpus.made import folder_of


def silent(note: Any) -> None:
    pass


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A run of two parts of which the second is not done."""
    out = tmp_path / "out"
    annotate(folder_of(tmp_path / "source", 9), out, workers=1)
    (out / "annotations" / "part-00001.parquet").unlink()
    return out


def test_a_machine_that_does_not_see_the_output_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"does not see .*nowhere") as caught:
        annotate_part(str(tmp_path / "nowhere"), PartTask(0, False), silent)
    assert "every machine sees" in caught.value.hint


def test_a_machine_with_another_version_is_told(begun: Path) -> None:
    run = json.loads((begun / "run.json").read_text())
    run["versions"]["maskwright"] = "0.0.1"
    (begun / "run.json").write_text(json.dumps(run))
    with pytest.raises(RunError, match=r"the run is of 0\.0\.1"):
        annotate_part(str(begun), PartTask(1, False), silent)


class Elsewhere:
    """An executor whose one machine has its own folder where OUT should be."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, work: Work, tasks: deque[Any]) -> Iterator[Event]:
        while tasks:
            task = tasks.popleft()
            yield Finished(task, partial(annotate_part, str(self.folder))(task, silent))


def test_a_part_that_was_written_to_another_folder_is_missed(
    begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maskwright.corpus.sitting._SEEN_S", 0.2)
    shutil.copytree(begun, tmp_path / "elsewhere")
    sitting = Sitting(begun, load_plan(begun), None, retry_failed=False)
    with pytest.raises(RunError, match=r"finished part 1, but .*part-00001\.parquet is not there"):
        sitting.work_off(Elsewhere(tmp_path / "elsewhere"), False, 0)
    assert parts_done(tmp_path / "elsewhere") == [0, 1]


def test_what_a_dead_process_of_another_machine_left_is_removed_by_its_name(tmp_path: Path) -> None:
    theirs = tmp_path / ".tmp-part-00003-node_7-4711-0123abcd"
    for path in (theirs, tmp_path / ".tmp-part-00003-node_8-4711-0123abcd"):
        path.touch()
    atomic.remove_temporaries(tmp_path, of_pid=4711, of_host="node-7")
    assert [path.name for path in tmp_path.iterdir()] == [".tmp-part-00003-node_8-4711-0123abcd"]


def test_an_unknown_executor_is_told_with_the_nearest_name() -> None:
    with pytest.raises(SettingError, match="no executor named 'rai'") as caught:
        load_executor("rai", 1, 60.0)
    assert caught.value.hint == "did you mean ray?"


def test_the_default_is_an_executor() -> None:
    assert DEFAULT in EXECUTORS


def test_without_ray_the_line_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match="needs the package 'ray'") as caught:
        load_executor("ray", 1, 60.0)
    assert caught.value.hint == "pip install 'maskwright[ray]'"


def test_a_cluster_that_does_not_answer_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(RunError, match=r"cannot be reached at 127\.0\.0\.1:1"):
        list(load_executor("ray", 1, 60.0).run(print, deque([1])))
