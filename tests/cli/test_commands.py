import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.cli import run
from maskwright.masks.annotators import DEFAULT
from maskwright.pairs.picture import read_mask
from tests.cli.conftest import write_pair
from tests.conftest import Command

REPOSITORY = Path(__file__).parents[2]


def test_compare_says_what_changed_and_where(command: Command, pair: tuple[Path, Path]) -> None:
    code, out, err = command("compare", *pair)
    assert (code, err) == (0, "")
    assert out.startswith("Part of the picture was changed")
    assert re.search(r"^1 +2\d x 1\d +(29|30),(39|40) ", out, re.MULTILINE), out


def test_compare_json_is_one_object_with_a_version(command: Command, pair: tuple[Path, Path]) -> None:
    code, out, _ = command("compare", *pair, "--json")
    told = json.loads(out)
    assert (code, told["version"], told["verdict"]) == (0, 1, "local_edit")
    assert told["area_frac"] == pytest.approx(20 * 16 / (96 * 80), rel=0.3)


def test_compare_takes_another_annotator_by_name(command: Command, pair: tuple[Path, Path]) -> None:
    code, out, _ = command("compare", *pair, "--annotator", "compact", "--json")
    told = json.loads(out)
    assert (code, told["annotator"]) == (0, "compact")
    assert 0 <= told["confidence"] <= 1


def test_compare_writes_page_mask_map_overlay_and_json(
    command: Command, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    code, out, _ = command("compare", *pair, "-o", tmp_path / "out")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert (code, written) == (0, {"compare.html", "mask.png", "change.png", "overlay.png", "compare.json"})
    mask = read_mask(tmp_path / "out" / "mask.png")
    assert mask.shape == (80, 96)
    assert mask[41:55, 31:49].all()
    assert str(tmp_path / "out") in out


def test_a_path_with_a_leading_dash_works_after_two_dashes(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pair(tmp_path, "-o")
    monkeypatch.chdir(tmp_path / "edited")
    code, out, _ = command("compare", "--", "../original/-o.png", "-o.png")
    assert code == 0
    assert "Part of the picture was changed" in out


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_picture_is_wrong_use_and_named(
    command: Command, pair: tuple[Path, Path], tmp_path: Path, content: bytes
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(content)
    code, out, err = command("compare", pair[0], broken)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "broken.png" in err
    assert "Traceback" not in err


def test_two_photographs_are_an_answer_and_not_an_error(command: Command, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    from PIL import Image

    for name in "ab":
        Image.fromarray(rng.integers(0, 256, (80, 80, 3)).astype(np.uint8)).save(tmp_path / f"{name}.png")
    code, out, _ = command("compare", tmp_path / "a.png", tmp_path / "b.png")
    assert code == 0
    assert out.startswith("These are different photographs")


def test_annotate_accounts_for_every_pair(command: Command, pairs: Path, tmp_path: Path) -> None:
    code, out, err = command("annotate", pairs, tmp_path / "out", "--workers", 1)
    assert code == 0  # a rejected pair is a result
    assert "3 of 3 rows" in out
    assert "truncated" in out
    assert "3 of 3 rows (100 %)" in err
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 2


def test_annotate_json_has_a_version_and_the_counts(command: Command, pairs: Path, tmp_path: Path) -> None:
    code, out, _ = command("annotate", pairs, tmp_path / "out", "--workers", 1, "--no-files", "--json")
    told = json.loads(out)
    assert (code, told["version"]) == (0, 1)
    assert told["by_status"] == {"ok": 2, "rejected": 1}
    assert told["by_reason"] == {"truncated": 1}
    assert not (tmp_path / "out" / "masks").exists()


def test_failed_pairs_leave_with_3_and_the_line_to_retry(
    command: Command, pairs: Path, tmp_path: Path
) -> None:
    words = ["annotate", pairs, tmp_path / "out", "--workers", 1, "--seed", 3, "--sample", 2]
    code, out, _ = command(*words, "--annotator", "tests.cli.annotators:Breaks")
    assert code == 3
    line = next(line for line in out.splitlines() if line.startswith("next: ")).removeprefix("next: ")
    assert "--retry failed" in line
    again, out, _ = command(*shlex.split(line)[1:])  # every word of it is understood
    assert again == 3
    assert "2 of 2 rows" in out


def test_status_says_the_same_as_the_end_of_the_run(command: Command, pairs: Path, tmp_path: Path) -> None:
    command("annotate", pairs, tmp_path / "out", "--workers", 1)
    _, out, _ = command("status", tmp_path / "out", "--json")
    told = json.loads(out)
    assert (told["rows_done"], told["by_status"]["rejected"], told["command"]) == (3, 1, "")
    code, out, err = command("status", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "the picture file ends early" in out


def test_a_run_that_is_done_says_how_to_look_at_it(command: Command, pairs: Path, tmp_path: Path) -> None:
    _, out, _ = command("annotate", pairs, tmp_path / "out", "--workers", 1)
    line = out.splitlines()[-1].removeprefix("next: maskwright ").split()
    assert line == ["report", str(tmp_path / "out"), "-o", "report.html"]


def test_unpack_writes_the_masks_a_run_left_out(command: Command, pairs: Path, tmp_path: Path) -> None:
    command("annotate", pairs, tmp_path / "out", "--workers", 1, "--no-files")
    code, out, _ = command("unpack", tmp_path / "out")
    assert code == 0
    assert out.startswith("wrote 4 files")
    assert len(list((tmp_path / "out" / "masks").iterdir())) == 2


def test_names_that_would_act_on_a_terminal_are_printed_without_control_characters(
    command: Command, tmp_path: Path
) -> None:
    write_pair(tmp_path / "pairs", "a\x1b[31m[bold]red\nb")
    code, out, err = command("annotate", tmp_path / "pairs", tmp_path / "out\x1b[2J", "--workers", 1)
    assert code == 0
    code, out2, err2 = command("compare", tmp_path / "no\x1b]0;title\x07such.png", tmp_path / "b.png")
    assert code == 2
    assert not {"\x1b", "\x07"} & set(out + err + out2 + err2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["annotat", "a", "b"], "did you mean"),
        (["compare", "a.png"], "missing argument"),
        (["compare", "a.png", "b.png", "--jsn"], "no such option"),
        (["annotate", "a", "b", "--workers", "0"], "--workers"),
        (["annotate", "no-such-folder", "b"], "no-such-folder"),
        (["status", "no-such-folder"], "no-such-folder"),
        (["unpack", "no-such-folder"], "no-such-folder"),
    ],
)
def test_wrong_use_says_what_to_type_and_shows_no_traceback(
    command: Command, words: list[str], said: str
) -> None:
    code, out, err = command(*words)
    assert code in (1, 2)
    assert out == ""
    assert err.startswith("error: ")
    assert said in err.lower()
    assert "Traceback" not in err


def test_debug_shows_where_an_error_arose(command: Command) -> None:
    code, _, err = command("--debug", "status", "no-such-folder")
    assert code in (1, 2)
    assert "Traceback" in err
    assert "error: " in err


def test_a_bug_shows_its_traceback_and_asks_for_a_report(
    command: Command, pairs: Path, tmp_path: Path
) -> None:
    words = ["annotate", pairs, tmp_path / "out", "--annotator", "tests.cli.annotators:CannotStart"]
    code, _, err = command(*words)
    assert code == 1
    assert "Traceback" in err
    assert "please report" in err


def test_version_is_printed(command: Command) -> None:
    import maskwright

    assert command("--version") == (0, f"maskwright {maskwright.__version__}\n", "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_ends_a_run_cleanly_and_says_how_to_go_on(tmp_path: Path, name: str) -> None:
    for number in range(10):
        write_pair(tmp_path / "pairs", f"p{number}", seed=number)
    words = ["annotate", "pairs", "out", "--workers", "1", "--annotator", "tests.cli.annotators:Dawdles"]
    at_work = subprocess.Popen(
        [sys.executable, "-m", "maskwright", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background jobs ignore SIGINT and hand that down
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/annotations/.tmp-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    at_work.send_signal(signal.Signals[name])
    _, err = at_work.communicate(timeout=60)
    assert at_work.returncode == 1
    assert f"error: stopped by {name}" in err
    assert "to go on: maskwright annotate" in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("out/annotations/.tmp-*"))


def test_on_a_terminal_progress_is_drawn_with_its_rate(pairs: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "maskwright", "annotate", pairs, tmp_path / "out", "--workers", "1"],
        stderr=theirs,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        timeout=60,
    )
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "3 of 3 rows (100 %)" in drawn
    assert "rows/s" in drawn


def test_a_reader_that_goes_away_causes_no_complaint(pairs: Path, tmp_path: Path) -> None:
    assert run(["annotate", str(pairs), str(tmp_path / "out"), "--workers", "1"]) == 0
    at_work = subprocess.Popen(
        [sys.executable, "-m", "maskwright", "status", str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert at_work.stdout is not None
    assert at_work.stderr is not None
    at_work.stdout.close()
    err = at_work.stderr.read()
    at_work.stderr.close()
    at_work.wait(timeout=60)
    assert err == b""


def test_a_terminal_that_lacks_letters_still_shows_the_answer(tmp_path: Path) -> None:
    original, edited = write_pair(tmp_path, "Büro–事")
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "utf8=0",
            "-m",
            "maskwright",
            "compare",
            original,
            edited,
            "-o",
            tmp_path / "aus–",
        ],
        env={**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert rb"aus\u2013" in done.stdout or b"aus" in done.stdout


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_color_is_respected(no_color: str, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    surroundings = {**os.environ, "TERM": "xterm-256color", "NO_COLOR": no_color}
    subprocess.run(
        [sys.executable, "-m", "maskwright", "status", "nowhere"], stderr=theirs, env=surroundings, timeout=60
    )
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "error: " in drawn
    assert ("\x1b[1;31m" in drawn) == coloured


def test_bench_prints_annotator_and_baselines_side_by_side(command: Command, tmp_path: Path) -> None:
    table = write_table(tmp_path)
    code, out, err = command("bench", "annotators", table, "--by", "kind")
    assert code == 0
    assert "3 pairs" in out
    assert out.index(DEFAULT) < out.index("everything marked") < out.index("worst pairs")
    assert "pairs: 3 of 3" in err


def test_bench_json_has_a_version_and_a_condition_leaves_rows_out(command: Command, tmp_path: Path) -> None:
    table = write_table(tmp_path)
    code, out, _ = command("bench", "annotators", table, "--where", "kind = 'a'", "--json")
    told = json.loads(out)
    assert (code, told["version"], told["n"]) == (0, 2, 2)


def test_a_condition_that_is_none_is_wrong_use(command: Command, tmp_path: Path) -> None:
    code, out, err = command("bench", "annotators", write_table(tmp_path), "--where", "kind = ")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "Traceback" not in err


def write_table(folder: Path) -> Path:
    """Three pairs with their known masks, two of kind a and one of kind b."""
    lines = ["original,edited,mask,kind"]
    mask = np.zeros((80, 96), np.uint8)
    mask[40:56, 30:50] = 255
    (folder / "mask.png").write_bytes(cv2.imencode(".png", mask)[1].tobytes())
    for seed, (name, kind) in enumerate([("p", "a"), ("q", "a"), ("r", "b")]):
        write_pair(folder, name, seed=seed)
        lines.append(f"original/{name}.png,edited/{name}.png,mask.png,{kind}")
    (folder / "pairs.csv").write_text("\n".join(lines) + "\n")
    return folder / "pairs.csv"
