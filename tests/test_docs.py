import subprocess
import sys
from pathlib import Path

import pytest

import maskwright

ROOT = Path(__file__).parents[1]


def test_the_examples_of_the_readme_and_the_manual_do_what_they_say() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "run_examples.py"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def example(name: str, *words: object, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / name, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_compare_two_names_the_regions(tmp_path: Path) -> None:
    pictures = ROOT / "docs" / "pictures"
    told = example("compare_two.py", pictures / "before.jpg", pictures / "after.jpg", folder=tmp_path)
    assert told.startswith("Part of the picture was changed")
    assert (tmp_path / "compared" / "overlay.png").exists()


def test_the_example_annotate_your_own_pairs_finds_two_of_three(tmp_path: Path) -> None:
    told = example("annotate_your_own_pairs.py", folder=tmp_path).splitlines()
    assert [line.split()[2] for line in told] == ["same_pixels,", "local_edit,", "local_edit,"]


def test_every_example_is_run_by_a_test() -> None:
    programs = {path.name for path in (ROOT / "examples").glob("*.py")}
    assert programs == {
        "annotate_your_own_pairs.py",
        "compare_two.py",
        "export_detector.py",  # tests/detectors/test_export.py
        "make_datasets.py",
        "my_annotator.py",
        "repack.py",
    }


def test_the_example_repack_writes_what_inspect_reads_as_the_same_rows(tmp_path: Path) -> None:
    told = example("repack.py", ROOT / "examples" / "pairs", "packed", "--files", 2, folder=tmp_path)
    pairs = maskwright.inspect(ROOT / "examples" / "pairs").listing.pairs
    assert told.startswith(f"{pairs} rows, 2 files each")
    for form in ("parquet", "webdataset"):
        packed = maskwright.inspect(tmp_path / "packed" / form)
        assert (packed.listing.pairs, packed.listing.rejected) == (pairs, {})
        assert packed.reading.kind.startswith("2 ")


def test_the_example_my_annotator_keeps_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwright.masks.annotators import Annotator, load_annotator
    from tests.contracts.annotator import edited_pair

    monkeypatch.syspath_prepend(ROOT / "examples")
    annotator = load_annotator("my_annotator:Threshold")
    assert isinstance(annotator, Annotator)
    (change,) = annotator.annotate([edited_pair()], [])
    assert (change.map >= 0.5).any()
