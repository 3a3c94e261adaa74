"""A folder looked at: a row or a reason for every picture, whatever they are called, and nothing twice."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import maskwright
from maskwright.corpus.names import file_name
from maskwright.detectors.folder import PICTURES_IN_PART, SCHEMA
from maskwright.errors import InputError, RunError, SettingError
from maskwright.pairs.picture import decode_grey, read_mask
from maskwright.pairs.sources.base import portable
from tests.conftest import Command
from tests.detectors.looked import BOX, detector, picture, png

HOSTILE = [
    "=1+1.png",
    "-o.png",
    "\x1b[31mred\u202e.png",
    "<img src=x onerror=alert(1)>.png",
    "two\nlines.png",
    os.fsdecode(b"no utf-8 \xff.png"),
    "{{ 7*7 }}.png",
]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("detector")
    return str(detector(place / "bright.onnx", score_threshold=0.5, false_alarms=0.05))


def fill(folder: Path) -> Path:
    """Edited and untouched pictures, some below, and files that have no answer."""
    (folder / "below").mkdir(parents=True)
    (folder / "box.png").write_bytes(png(picture()))
    (folder / "below" / "half.png").write_bytes(png(picture(box=(10, 10, 20, 20))))
    (folder / "plain.png").write_bytes(png(picture(box=None)))
    (folder / "cut.png").write_bytes(png(picture())[:300])
    (folder / "words.jpg").write_text("no picture")
    (folder / "empty.png").touch()
    (folder / "tiny.png").write_bytes(png(picture(box=None, width=9)))
    (folder / "notes.txt").write_text("not looked at")
    for name in HOSTILE:
        (folder / name).write_bytes(png(picture(box=None)))
    return folder


def rows_of(out: Path | str) -> Mapping[str, Mapping[str, Any]]:
    return {row["id"]: row for row in pq.read_table(Path(out) / "pictures.parquet").to_pylist()}


def bytes_of(out: Path) -> dict[str, bytes]:
    """Every file but the page's foot, which has the command, is what it is."""
    return {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory, network: str) -> maskwright.DetectedFolder:
    place = tmp_path_factory.mktemp("folder")
    fill(place / "photos")
    return maskwright.detect_folder(place / "photos", place / "out", detector=network, workers=1)


def test_every_picture_file_ends_in_a_row_or_a_reason(looked: maskwright.DetectedFolder) -> None:
    rows = rows_of(looked.out)
    assert len(rows) == looked.pictures == 7 + len(HOSTILE)
    assert {row["reason"] for row in rows.values() if row["status"] == "ok"} == {""}
    told = {id_: row["reason"] for id_, row in rows.items() if row["status"] != "ok"}
    assert told == {
        "cut.png": "truncated",
        "words.jpg": "not_a_picture",
        "empty.png": "file_empty",
        "tiny.png": "too_small",
    }
    assert looked.by_reason == dict.fromkeys(told.values(), 1)
    assert (looked.passed_over, looked.by_status) == (1, {"ok": 3 + len(HOSTILE), "rejected": 4})


def test_a_row_says_what_was_found_and_where_its_mask_lies(looked: maskwright.DetectedFolder) -> None:
    row = rows_of(looked.out)["box.png"]
    assert (row["finding"], row["components"], row["width"], row["height"]) == ("edited_region", 1, 120, 90)
    assert row["area_frac"] == pytest.approx(BOX[2] * BOX[3] / (120 * 90))
    mask = read_mask(Path(looked.out) / "masks" / f"{row['file']}.png")
    assert (mask == (picture().mean(axis=2) > 128)).all()
    levels = decode_grey((Path(looked.out) / "maps" / f"{row['file']}.png").read_bytes())
    assert ((levels >= 128) == mask).all()


def test_rows_are_those_of_pictures_looked_at_one_by_one(
    looked: maskwright.DetectedFolder, network: str
) -> None:
    single = maskwright.detect(Path(looked.source) / "below" / "half.png", network)
    row = rows_of(looked.out)["below/half.png"]
    assert (row["score"], row["finding"]) == (single.score, single.finding)


def test_the_highest_scores_come_first(looked: maskwright.DetectedFolder) -> None:
    names, scores = [each[0] for each in looked.highest], [each[1] for each in looked.highest]
    assert names[:2] == ["box.png", "below/half.png"]
    assert scores == sorted(scores, reverse=True)
    page = Path(looked.page).read_text(encoding="utf-8")
    assert page.index('id="edited-0"') < page.index('id="below-0"')


def test_the_sentence_counts_and_says_what_the_threshold_is_worth(looked: maskwright.DetectedFolder) -> None:
    ok = 3 + len(HOSTILE)
    assert looked.sentence.startswith(f"1 of {ok} pictures looks edited.")
    assert "5.0 % reach that" in looked.sentence
    assert f"Were all {ok} of that kind and none edited, fewer than one would." in looked.sentence
    assert looked.sentence.endswith("4 pictures have no answer.")


def test_hostile_names_are_told_apart_and_make_files_of_safe_names(looked: maskwright.DetectedFolder) -> None:
    rows = rows_of(looked.out)
    assert {portable(name) for name in HOSTILE} <= set(rows)
    names = {path.name for path in (Path(looked.out) / "masks").iterdir()}
    assert names == {f"{file_name(id_)}.png" for id_, row in rows.items() if row["status"] == "ok"}
    assert all(name.isascii() and name.isprintable() and not name.startswith("-") for name in names)


def test_hostile_names_do_not_act_on_the_terminal(
    command: Command, looked: maskwright.DetectedFolder, network: str
) -> None:
    code, out, err = command("detect", looked.source, "-o", looked.out, "--detector", network)
    assert code == 0
    assert not {"\x1b", "\u202e"} & set(out + err)
    assert "[31mred.png" in out


def test_the_same_call_again_does_nothing_again(looked: maskwright.DetectedFolder, network: str) -> None:
    out = Path(looked.out)
    before, times = bytes_of(out), {path: path.stat().st_mtime_ns for path in (out / "masks").iterdir()}
    again = maskwright.detect_folder(looked.source, out, detector=network)
    assert again.pictures_per_s is None
    assert bytes_of(out) == before
    assert {path: path.stat().st_mtime_ns for path in (out / "masks").iterdir()} == times


def test_another_detector_is_refused_with_the_difference(
    looked: maskwright.DetectedFolder, tmp_path: Path
) -> None:
    other = detector(tmp_path / "bright.onnx", score_threshold=0.4, false_alarms=0.05)
    with pytest.raises(RunError, match=r"its constants is .*0\.5.*, not .*0\.4"):
        maskwright.detect_folder(looked.source, looked.out, detector=str(other))
    killer = "tests.detectors.looked:Killer"
    with pytest.raises(RunError, match=f"its detector_digest is {looked.card.digest}, not {'0' * 64}"):
        maskwright.detect_folder(looked.source, looked.out, detector=killer)


def test_a_folder_that_has_changed_is_refused_with_the_difference(
    looked: maskwright.DetectedFolder, network: str, tmp_path: Path
) -> None:
    shutil.copytree(looked.out, tmp_path / "out")
    shutil.copytree(looked.source, tmp_path / "photos")
    settings = tmp_path / "out" / "detections.json"
    settings.write_text(settings.read_text().replace(looked.source, str(tmp_path / "photos")))
    photos, new = tmp_path / "photos", tmp_path / "photos" / "new.png"
    new.write_bytes(png(picture()))
    with pytest.raises(RunError, match=f"its pictures is {looked.pictures}, not {looked.pictures + 1}"):
        maskwright.detect_folder(photos, tmp_path / "out", detector=network)
    new.replace(photos / "plain.png")
    with pytest.raises(RunError, match="another run: its pictures_digest is"):
        maskwright.detect_folder(photos, tmp_path / "out", detector=network)


def test_places_that_are_none_are_refused(network: str, tmp_path: Path) -> None:
    photos = fill(tmp_path / "photos")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    for out, words in ((photos / "out", "lies inside"), (tmp_path / "letters", "is not empty")):
        with pytest.raises(SettingError, match=words):
            maskwright.detect_folder(photos, out, detector=network)
    with pytest.raises(InputError, match="no pictures among its 1 files"):
        maskwright.detect_folder(tmp_path / "letters", tmp_path / "new", detector=network)
    assert not (tmp_path / "new").exists()


def test_a_folder_without_a_place_for_its_output_is_wrong_use(command: Command, tmp_path: Path) -> None:
    code, _, err = command("detect", tmp_path)
    assert code == 2
    assert "maskwright detect FOLDER -o OUT" in err


def test_the_schema_is_the_documented_one() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "detect.md").read_text(encoding="utf-8")
    assert [name for name in SCHEMA.names if f"`{name}`" not in page] == []


@pytest.mark.slow
def test_a_picture_that_kills_its_worker_ends_as_failed_and_the_others_do_not(
    command: Command, tmp_path: Path
) -> None:
    folder = fill(tmp_path / "photos")
    red = picture(box=None)
    red[0, 0] = (255, 0, 0)
    (folder / "red.png").write_bytes(png(red))
    line = ["detect", folder, "-o", tmp_path / "out", "--detector", "tests.detectors.looked:Killer"]
    code, out, _ = command(*line, "--workers", "1", "--json")
    assert (code, json.loads(out)["by_status"]["failed"]) == (3, 1)
    rows = rows_of(tmp_path / "out")
    assert (rows["red.png"]["reason"], rows["red.png"]["status"]) == ("worker_died", "failed")
    assert {row["status"] for id_, row in rows.items() if id_ != "red.png"} == {"ok", "rejected"}


@pytest.mark.slow
def test_what_failed_is_tried_again_by_the_same_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = fill(tmp_path / "photos")
    module = tmp_path / "late.py"
    module.write_text(
        "from pathlib import Path\n"
        "from tests.detectors.looked import Killer\n"
        "class Late(Killer):\n"
        "    def detect(self, picture):\n"
        f"        assert Path({str(tmp_path / 'mended')!r}).exists(), 'not yet'\n"
        "        return super().detect(picture)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    first = maskwright.detect_folder(folder, tmp_path / "out", detector="late:Late", workers=1)
    assert (first.by_status["failed"], first.by_reason["internal_error"]) == (10, 10)
    assert "not yet" in rows_of(tmp_path / "out")["box.png"]["detail"]
    (tmp_path / "mended").touch()
    second = maskwright.detect_folder(folder, tmp_path / "out", detector="late:Late", workers=1)
    assert second.by_status == {"ok": 10, "rejected": 4}


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path, network: str) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3 * PICTURES_IN_PART):
        width = 100 + number
        (folder / f"{number:03d}.png").write_bytes(png(picture(width=width, box=(5, 5, 40, number + 1))))
    line = [sys.executable, "-m", "maskwright", "detect", "photos", "--detector", network, "--workers", "1"]
    straight = subprocess.run([*line, "-o", "whole"], cwd=tmp_path, capture_output=True, text=True)
    assert straight.returncode == 0, straight.stderr
    for _ in range(20):
        process = subprocess.Popen([*line, "-o", "killed"], cwd=tmp_path, stderr=subprocess.DEVNULL)
        parts = tmp_path / "killed" / ".parts"
        begun = time.monotonic()
        while process.poll() is None and time.monotonic() - begun < 60:
            if len(list(parts.glob("part-*.json"))) >= 1:
                process.send_signal(signal.SIGKILL)
            time.sleep(0.002)
        process.wait()
        if not (tmp_path / "killed" / "pictures.parquet").exists():
            break
        shutil.rmtree(tmp_path / "killed")
    done = len(list(parts.glob("part-*.json")))
    assert 0 < done < 3, "it was not killed between two parts"
    subprocess.run([*line, "-o", "killed"], cwd=tmp_path, check=True, capture_output=True)
    whole, killed = bytes_of(tmp_path / "whole"), bytes_of(tmp_path / "killed")
    for name in ("detect.html",):  # its foot names the folder
        with contextlib.suppress(KeyError):
            del whole[name], killed[name]
    assert killed == whole
