import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bench_annotate.py"


def measured(*words: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words), "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_the_overhead_is_that_over_a_loop_of_the_same_pairs() -> None:
    found = measured("overhead", "--pairs", 24)
    (line,) = found["rounds"]
    assert found["pairs"] == 24
    assert all(line[what][kind] > 0 for what in ("loop", "annotate") for kind in ("cpu", "wall"))
    ratio = line["annotate"]["cpu"] / line["loop"]["cpu"]
    assert found["percent"]["cpu"] == [pytest.approx(100 * (ratio - 1))]


@pytest.mark.slow
def test_the_memory_of_a_run_is_watched_from_its_start_to_its_end(tmp_path: Path) -> None:
    found = measured("memory", "--rows", 600, "--svg", tmp_path / "curve.svg")
    moments = found["moments"]
    assert 0 < moments[-1]["rows"] <= 600
    assert moments[-1]["seconds"] <= found["seconds"]
    assert all(moment["main_mb"] > 20 for moment in moments)
    assert (tmp_path / "curve.svg").read_text().count("<polyline") == 2
