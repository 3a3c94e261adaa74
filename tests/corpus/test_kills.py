"""Runs that are killed, stopped or started twice lose nothing and leave nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from maskwright.corpus.annotate import annotate
from maskwright.corpus.parts import parts_done
from maskwright.corpus.status import status
from tests.corpus.made import folder_of, parts_of

ROWS, PARTS = 80, 10
SLOW = "tests.corpus.made:Slow"
SCRIPT = """
import sys
from maskwright.corpus.annotate import annotate
from maskwright.errors import RunError
try:
    annotate(sys.argv[1], sys.argv[2], annotator=sys.argv[3], workers=int(sys.argv[4]))
except RunError as fault:
    sys.exit(f"{fault}\\nhint: {fault.hint}")
"""


def start(source: Path, out: Path, *, workers: int = 2) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(source), str(out), SLOW, str(workers)],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background jobs ignore SIGINT and hand that down
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def wait_for_parts(process: subprocess.Popen[str], out: Path, count: int) -> None:
    while len(parts_done(out)) < count:
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.005)


def wait_for_calm(out: Path) -> None:
    """Until the workers of a killed run have noticed that nobody listens."""
    while status(out).running:
        time.sleep(0.02)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder_of(tmp_path_factory.mktemp("eighty") / "source", ROWS)


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    annotate(source, out, annotator=SLOW, workers=2)
    parts = parts_of(out)
    assert len(parts) == PARTS + 1
    return parts


@pytest.mark.slow
@pytest.mark.parametrize("moment", [1, 2, 4, 6, 8])
def test_a_killed_run_resumes_to_the_same_bytes(
    source: Path, undisturbed: dict[str, bytes], tmp_path: Path, moment: int
) -> None:
    out = tmp_path / "out"
    process = start(source, out)
    wait_for_parts(process, out, moment)
    process.kill()
    process.communicate()
    assert moment <= len(parts_done(out)) < PARTS
    annotate(source, out, annotator=SLOW, workers=2)
    assert parts_of(out) == undisturbed
    assert len(list((out / "masks").iterdir())) == ROWS


@pytest.mark.slow
def test_what_a_killed_run_left_is_cleared_away_when_it_is_complete(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(source, out)
    wait_for_parts(process, out, 1)
    process.kill()
    process.communicate()
    wait_for_calm(out)
    left = out / "annotations" / f".tmp-part-00003-{'x'}-{process.pid}-0123abcd"
    left.touch()
    annotate(source, out, annotator=SLOW, workers=2)
    # The name of another machine is left alone for a day.
    assert [path.name for path in out.rglob(".tmp-*")] == [left.name]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_cleanly(source: Path, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    process = start(source, out)
    wait_for_parts(process, out, 2)
    process.send_signal(number)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 1
    assert f"stopped by {number.name}" in said
    assert f"hint: to go on: maskwright annotate --annotator {SLOW} {source} {out}" in said
    assert 2 <= len(parts_done(out)) < PARTS
    assert not list(out.rglob(".tmp-*"))
    assert not status(out).running


@pytest.mark.slow
def test_two_runs_on_one_folder_agree(source: Path, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    both = [start(source, out, workers=1) for _ in range(2)]
    for process in both:
        assert process.communicate(timeout=120)[1] == ""
        assert process.returncode == 0
    assert parts_of(out) == undisturbed
    assert not list(out.rglob(".tmp-*"))


@pytest.mark.slow
def test_status_follows_a_run(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(source, out)
    wait_for_parts(process, out, 5)
    seen = status(out)
    process.communicate()
    assert seen.running
    assert 40 <= seen.rows_done < ROWS
    assert seen.rows_per_s
    assert seen.eta_s
    after = status(out)
    assert (after.rows_done, after.running, after.eta_s, after.command) == (ROWS, False, None, "")
