"""How an annotator is put together: what it takes, what is refused, and that a run keeps to it."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.command import resume_command
from maskwright.corpus.plan import load_run
from maskwright.corpus.reader import open_corpus
from maskwright.errors import InputError, MissingExtraError, RunError, SettingError
from maskwright.masks.annotators import ANNOTATORS, Setup, anchored, load_annotator, load_annotators
from maskwright.pairs.picture import encode_png
from tests.conftest import Command
from tests.contracts.annotator import jpeg, textured
from tests.weights.networks import difference_network, identity_roundtrip, pyramid_network, write_card


@pytest.fixture
def backbone(tmp_path: Path) -> Path:
    return pyramid_network(tmp_path / "nets" / "pyramid.onnx")


@pytest.fixture(autouse=True)
def nets(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Two pairs with instructions and a region each."""
    rows = ["original,edited,instruction"]
    for number in (1, 2):
        original = textured(number, 96, 64)
        edited = original.copy()
        edited[16:40, 16:48] = 255 - edited[16:40, 16:48]
        for name, picture in (("o", original), ("e", jpeg(edited, 90))):
            Image.fromarray(picture).save(tmp_path / f"{name}{number}.png")
        rows.append(f"o{number}.png,e{number}.png,make it a watercolor painting")
    place = tmp_path / "pairs.csv"
    place.write_text("\n".join(rows) + "\n")
    return place


@pytest.mark.parametrize("name", ["difference", "compact"])
@pytest.mark.parametrize("option", ["backbone", "vae"])
def test_an_annotator_that_takes_no_such_option_says_which_do(name: str, option: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' takes no {option}") as error:
        load_annotator(name, Setup(**{option: "compact"}))
    assert "sigma" in error.value.hint


def test_a_network_of_two_pictures_takes_no_backbone(tmp_path: Path) -> None:
    path = difference_network(tmp_path / "pair.onnx")
    write_card(path)
    with pytest.raises(SettingError, match="takes no backbone"):
        load_annotator(str(path), Setup(backbone="compact"))


def test_of_several_annotators_each_takes_what_it_can() -> None:
    loaded = load_annotators(["difference", "sigma"], Setup(grounding="none"))
    assert loaded["sigma"].card.digest != load_annotator("sigma").card.digest
    assert loaded["difference"].card == load_annotator("difference").card


def test_an_option_that_none_of_several_annotators_takes_is_refused() -> None:
    with pytest.raises(SettingError, match="takes no vae"):
        load_annotators(["difference", "compact"], Setup(vae="vae.onnx"))


def test_names_of_annotators_are_strings_that_can_be_loaded() -> None:
    assert all(load_annotator(name).card.name for name in ANNOTATORS)


@pytest.mark.parametrize(
    ("setup", "error"),
    [
        (Setup(backbone="compcat"), SettingError),
        (Setup(backbone="gone.onnx"), MissingExtraError),
        (Setup(backbone="weights.pth"), InputError),
        (Setup(grounding="regoin"), SettingError),
        (Setup(vae="gone.onnx"), MissingExtraError),
    ],
)
def test_a_part_that_cannot_be_loaded_names_itself_and_a_way_out(
    setup: Setup, error: type[Exception], command: Command, table: Path
) -> None:
    ((option, value),) = [(name, getattr(setup, name)) for name in Setup.__slots__ if getattr(setup, name)]
    with pytest.raises(error, match=value):
        load_annotator("sigma", setup)
    words = ("compare", table.parent / "o1.png", table.parent / "e1.png", "--annotator", "sigma")
    code, _, shown = command(*words, f"--{option}", value)
    assert code == 2
    assert value in shown
    assert "hint:" in shown


def test_a_round_trip_that_is_none_is_refused(backbone: Path) -> None:
    with pytest.raises(InputError, match="one picture"):
        load_annotator("sigma", Setup(vae=str(backbone)))


def test_files_and_folders_are_anchored_and_names_are_not(
    backbone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = anchored(Setup("nets/pyramid.onnx", "clipseg:nets", "CIDAS/clipseg"))
    assert told == Setup(str(backbone), f"clipseg:{tmp_path / 'nets'}", "CIDAS/clipseg")
    assert anchored(Setup("compact", "tests.masks:nets")) == Setup("compact", "tests.masks:nets")


def test_a_run_writes_down_what_its_annotator_was_put_together_from(
    backbone: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = Options(setup=Setup(backbone="nets/pyramid.onnx", grounding="region"))
    annotate(table, tmp_path / "out", annotator="sigma", workers=1, options=options)
    told = json.loads((tmp_path / "out" / "run.json").read_text())["setup"]
    assert told == {"backbone": str(backbone), "grounding": "region"}
    words = shlex.split(resume_command(load_run(tmp_path / "out"), tmp_path / "out"))
    assert words[2:8] == ["--annotator", "sigma", "--backbone", str(backbone), "--grounding", "region"]
    corpus = open_corpus(tmp_path / "out")
    assert corpus.layers == ("side_effect",)
    assert corpus.table(["grounding"]).to_pydict() == {"grounding": ["whole", "whole"]}


def test_a_run_goes_on_with_the_same_parts_and_no_others(
    backbone: Path, table: Path, tmp_path: Path, command: Command
) -> None:
    words = ("annotate", table, tmp_path / "out", "--annotator", "sigma", "--workers", 1)
    assert command(*words, "--backbone", backbone)[0] == 0
    assert command(*words, "--backbone", os.path.relpath(backbone))[0] == 0
    code, _, shown = command(*words)
    assert code == RunError.exit_code
    assert f"backbone: was '{backbone}', is None" in " ".join(shown.split())


def test_a_run_refuses_another_autoencoder_under_the_same_name(table: Path, tmp_path: Path) -> None:
    vae = identity_roundtrip(tmp_path / "vae.onnx")
    options = Options(setup=Setup(vae=str(vae)))
    annotate(table, tmp_path / "out", annotator="sigma", workers=1, options=options)
    identity_roundtrip(vae, gain=0.5)
    with pytest.raises(RunError, match="annotator_digest"):
        annotate(table, tmp_path / "out", annotator="sigma", workers=1, options=options)


def test_a_run_of_before_there_were_setups_can_be_read(table: Path, tmp_path: Path) -> None:
    annotate(table, tmp_path / "out", workers=1)
    place = tmp_path / "out" / "run.json"
    told = json.loads(place.read_text())
    assert told.pop("setup") == {}
    place.write_text(json.dumps(told))
    assert load_run(tmp_path / "out").setup == Setup()


def test_bench_takes_the_parts_too(backbone: Path, table: Path, tmp_path: Path, command: Command) -> None:
    mask = np.zeros((64, 96), np.uint8)
    mask[16:40, 16:48] = 255
    (tmp_path / "mask.png").write_bytes(encode_png(mask))
    lines = table.read_text().splitlines()
    table.write_text("\n".join([lines[0] + ",mask", *(line + ",mask.png" for line in lines[1:])]) + "\n")
    words = ("bench", "annotators", table, "--annotator", "sigma", "--annotator", "difference")
    code, shown, _ = command(*words, "--backbone", backbone, "--json")
    assert code == 0
    assert "sigma" in shown
