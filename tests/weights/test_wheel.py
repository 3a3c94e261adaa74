"""What people install: the wheel, built as for a release, in a place of its own."""

import json
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

from maskwright.masks.annotators import ANNOTATORS

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "src" / "maskwright" / "weights"
MOST_BYTES = {
    "compact.onnx": 4_000_000,
    "sigma-compact.onnx": 6_000_000,
    "caaa.onnx": 4_800_000,
    "caaa-donor.onnx": 1_200_000,
    "compact-detector.onnx": 1_200_000,
}
"""Of each network in the wheel."""

WITHOUT_TORCH = """
import sys
sys.path.insert(0, sys.argv[1])
sys.modules["torch"] = None  # importing it is an ImportError
import maskwright
from maskwright.masks.annotators import ANNOTATORS, load_annotator
assert maskwright.__file__.startswith(sys.argv[1])
print(*(load_annotator(name).card.name for name in ANNOTATORS))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def text_of(wheel: zipfile.ZipFile, end: str) -> str:
    (name,) = [each for each in wheel.namelist() if each.endswith(end)]
    return wheel.read(name).decode()


def test_the_wheel_brings_every_network_with_its_card_and_none_is_too_large(
    wheel: zipfile.ZipFile,
) -> None:
    sizes = {
        name.partition("weights/")[2]: entry.file_size
        for name, entry in zip(wheel.namelist(), wheel.infolist(), strict=True)
        if name.startswith("maskwright/weights/")
    }
    networks = sorted(path.name for path in WEIGHTS.glob("*.onnx"))
    assert sorted(name for name in sizes if name.endswith(".onnx")) == networks
    assert {name.replace(".onnx", ".card.json") for name in networks} <= set(sizes)
    assert {name for name in networks if sizes[name] > MOST_BYTES[name]} == set()


def test_the_wheel_brings_the_licences_of_code_and_weights(wheel: zipfile.ZipFile) -> None:
    told = message_from_string(text_of(wheel, ".dist-info/METADATA"))
    assert told["License-Expression"] == "Apache-2.0 AND LicenseRef-maskwright-weights"
    assert "Apache License" in text_of(wheel, ".dist-info/licenses/LICENSE")
    page = text_of(wheel, ".dist-info/licenses/src/maskwright/weights/LICENCE.md")
    assert "non-commercial research only" in page
    assert "maskwright/weights/LICENCE.md" in wheel.namelist()


def test_annotators_run_from_the_wheel_without_torch(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(ANNOTATORS)


def test_the_page_on_the_weights_lists_the_photographs_that_their_cards_do() -> None:
    page = (WEIGHTS / "LICENCE.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| ([^|]+) \|$", page, re.MULTILINE)
    assert f"That is {sum(int(count) for count, _ in listed)} photographs" in page
    for path in WEIGHTS.glob("*.card.json"):
        card = json.loads(path.read_text(encoding="utf-8"))
        told = re.findall(r'(\d+) "([^"]+)"', card["training_data"])
        if path.name == "compact-detector.card.json":  # of pictures, each made of one photograph or two
            known = "|".join(re.escape(terms) for _, terms in listed)
            assert all(re.fullmatch(f"({known})(; ({known}))?", terms) for _, terms in told), path.name
        else:
            assert sorted(told) == sorted(listed), path.name
        assert card["licence"].startswith("for non-commercial research only: "), path.name
