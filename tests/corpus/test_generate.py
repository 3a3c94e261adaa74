"""Pairs with known masks as a source: the same bytes however often it was stopped, read by all else."""

from __future__ import annotations

import csv
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.bench.annotators import bench_annotators
from maskwright.corpus.annotate import annotate
from maskwright.corpus.generate import PAIRS_IN_PART, Generated, generate
from maskwright.corpus.inspect import inspect
from maskwright.errors import InputError, RunError, SettingError
from maskwright.pairs.picture import read_mask, read_picture
from maskwright.synthesis.photos import read_photos
from maskwright.synthesis.samples import draw_sample
from tests.synthesis.conftest import textured
from tests.synthesis.networks import autoencoder

N = 2 * PAIRS_IN_PART + 3
MORE = 80
SCRIPT = """
import sys
from maskwright.corpus.generate import generate
generate(*sys.argv[1:3], n=int(sys.argv[3]), split="train")
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of four photographs, one of them of split `val`, and one that is broken."""
    folder = tmp_path_factory.mktemp("photos")
    lines = ["path,split,licence"]
    for number in range(4):
        Image.fromarray(textured(120, 160, seed=number)).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{'val' if number == 3 else 'train'},licence {number}")
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "photos.csv").write_text("\n".join([*lines, "broken.png,train,\n"]))
    return folder / "photos.csv"


@pytest.fixture(scope="module")
def made(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return generate(photos, tmp_path_factory.mktemp("made") / "out", n=N, split="train", workers=1)


def digests(out: str | Path) -> dict[str, str]:
    """Of every file people see, by its path."""
    files = [path for path in Path(out).rglob("*") if path.is_file() and ".parts" not in path.parts]
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def rows_of(made: Generated) -> list[dict[str, str]]:
    with open(made.table, newline="") as file:
        return list(csv.DictReader(file))


def test_every_pair_is_what_its_seed_and_number_give(made: Generated, photos: Path) -> None:
    rows, listed = rows_of(made), read_photos(photos, "train")
    assert len(rows) == made.pairs == N
    for number in (0, 5, N - 1):
        sample = draw_sample(listed, np.random.default_rng([0, number]))
        row, out = rows[number], Path(made.out)
        assert row["edits"] == ", ".join(sample.told.edits)
        assert row["photo"] == Path(sample.photo.path).name
        assert np.array_equal(read_picture(out / row["original"]).pixels, sample.told.made.original)
        assert np.array_equal(read_picture(out / row["edited"]).pixels, sample.told.made.edited)
        assert np.array_equal(read_mask(out / row["mask"]), sample.told.made.mask)
        assert bool(row["ignore"]) == sample.told.made.ignore.any()


def test_the_table_says_what_was_done_and_under_which_licences(made: Generated) -> None:
    rows = rows_of(made)
    assert {row["photo"] for row in rows} == {"0.png", "1.png", "2.png"}
    for row in rows:
        assert bool(row["donor"]) == bool(row["edits"])
        assert f"licence {row['photo'][0]}" in row["licence"]
        if row["donor"]:
            assert f"licence {row['donor'][0]}" in row["licence"]
    assert sum(made.by_background.values()) == N
    assert any("broken.png" in line for line in made.unreadable)


def test_again_with_more_workers_or_after_a_part_was_lost_the_bytes_are_the_same(
    made: Generated, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    generate(photos, out, n=N, split="train", workers=2)
    assert digests(out) == digests(made.out)
    (out / ".parts" / "part-00001.json").unlink()
    (out / "pairs" / "edited" / "000020.png").write_bytes(b"cut off")
    (out / "pairs.csv").unlink()
    generate(photos, out, n=N, split="train", workers=1)
    assert digests(out) == digests(made.out)


def test_a_killed_run_has_no_table_and_goes_on_to_the_same_bytes(
    made: Generated, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(photos), str(out), str(MORE)])
    while not list(out.glob(".parts/part-*.json")):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (out / "pairs.csv").exists()
    with pytest.raises(RunError, match=f"belongs to another run: its n is {MORE}"):
        generate(photos, out, n=N, split="train")
    again = generate(photos, out, n=MORE, split="train", workers=1)
    # Pairs do not depend on how many there are.
    assert rows_of(again)[:N] == rows_of(made)
    pictures = {name: digest for name, digest in digests(made.out).items() if name.startswith("pairs/")}
    assert pictures.items() <= digests(out).items()


def test_a_folder_that_holds_something_else_is_left_alone(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SettingError, match="is not empty"):
        generate(photos, tmp_path, n=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    with pytest.raises(SettingError, match="lies inside"):
        generate(photos.parent, photos.parent / "out", n=1)
    with pytest.raises(SettingError, match="is a file"):
        generate(photos, tmp_path / "mine.txt", n=1)


def test_photographs_with_awkward_names_end_in_the_table(tmp_path: Path) -> None:
    names = [b"not \xff utf-8.png", b"two\nlines.png"]
    (tmp_path / "photos").mkdir()
    for name in names:
        Image.fromarray(textured(60, 80, seed=5)).save(tmp_path / "photos" / "plain.png")
        os.rename(tmp_path / "photos" / "plain.png", os.path.join(os.fsencode(tmp_path / "photos"), name))
    made = generate(tmp_path / "photos", tmp_path / "out", n=6, workers=1)
    assert {row["photo"] for row in rows_of(made)} == {r"not \udcff utf-8.png", "two\nlines.png"}


def test_no_pairs_no_such_split_and_no_such_autoencoder_are_refused(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="0 pairs"):
        generate(photos, tmp_path / "out", n=0)
    with pytest.raises(InputError, match="no photographs of split test"):
        generate(photos, tmp_path / "out", n=1, split="test")
    with pytest.raises(InputError, match="cannot be read"):
        generate(photos, tmp_path / "out", n=1, autoencoder=tmp_path / "nowhere.onnx")
    assert not (tmp_path / "out").exists()


def test_what_was_written_is_inspected_without_a_mistake_annotated_and_benched(
    made: Generated, tmp_path: Path
) -> None:
    for source in (made.table, Path(made.out) / "pairs"):
        assert not [finding for finding in inspect(source).findings if finding.certain]
    summary = annotate(made.table, tmp_path / "run", annotator="difference", workers=1)
    assert summary.rows_done == N
    assert not summary.by_status.get("failed")
    result = bench_annotators(made.table, annotators=["difference"])
    assert result.n == N
    assert not result.unmeasured


def test_an_autoencoder_is_used_and_its_answers_are_kept_where_one_says(photos: Path, tmp_path: Path) -> None:
    network, cache = autoencoder(tmp_path / "half.onnx", 0.5), tmp_path / "kept"
    out = tmp_path / "out"
    made = generate(photos, out, n=N, seed=1, split="train", workers=1, autoencoder=network, cache=cache)
    assert any(row["corruptions"].startswith("autoencoder") for row in rows_of(made))
    assert list(cache.glob("*/*.png"))
    assert not (out / ".kept").exists()
    with pytest.raises(RunError, match="belongs to another run: its autoencoder"):
        generate(photos, out, n=N, seed=1, split="train", workers=1)
