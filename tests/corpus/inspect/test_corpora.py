"""Published corpora inspected: counts against the published ones, and labelled sets, which have no pairs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import maskwright
from maskwright.corpus.inspect.checks.corpora import differing
from maskwright.corpus.inspect.labelled import inspect_labelled
from maskwright.errors import InputError, SettingError
from maskwright.pairs.presets import PRESETS
from maskwright.pairs.sources import Roles
from maskwright.pairs.sources.preset import SplitCount
from tests.conftest import Command
from tests.pairs.corpora import folders, hub, labelled
from tests.pairs.corpora.pictures import region, stored


def test_a_part_of_a_corpus_is_said_to_be_one(tmp_path: Path) -> None:
    inspection = maskwright.inspect(hub.magicbrush(tmp_path), roles=Roles(corpus="magicbrush"))
    (finding,) = [each for each in inspection.findings if each.code == "corpus_incomplete"]
    assert finding.evidence == "train: 4 here, 8,807 published"
    assert not finding.certain


def test_masks_whose_meaning_is_known_are_no_mistake(tmp_path: Path) -> None:
    plain = maskwright.inspect(hub.magicbrush(tmp_path))
    known = maskwright.inspect(tmp_path, roles=Roles(corpus="magicbrush"))
    assert "masks_in_alpha" in {each.code for each in plain.findings}
    assert known.mistakes == ()


def test_forgeries_are_counted_not_files(tmp_path: Path) -> None:
    inspection = maskwright.inspect(folders.cocoglide(tmp_path), roles=Roles(corpus="cocoglide"))
    (finding,) = [each for each in inspection.findings if each.code == "corpus_incomplete"]
    assert "3 here, 512 published" in finding.evidence


@pytest.mark.parametrize(
    ("found", "odd"),
    [
        ({"train": 8807, "dev": 528}, []),
        ({"train": 8807}, []),
        ({"dev": 527}, ["dev"]),
        ({"": 528}, []),
        ({"": 9335}, []),
        ({"": 100}, [""]),
    ],
)
def test_a_split_that_is_not_here_is_no_fault(found: dict[str, int], odd: list[str]) -> None:
    expected = {"train": 8807, "dev": 528}
    splits = [SplitCount(name, found.get(name, 0), expected.get(name)) for name in {**expected, **found}]
    assert [each.split for each in differing(splits)] == odd


def test_a_labelled_set_is_counted_and_its_masks_measured(tmp_path: Path) -> None:
    found = inspect_labelled(labelled.columbia(tmp_path), "columbia")
    assert found.labels == {"forged": 2, "authentic": 1}
    assert found.sizes == {"64x48": 3}
    assert found.area_frac[3] == pytest.approx(region().mean(), abs=0.01)
    assert [finding.code for finding in found.findings] == ["corpus_incomplete"]


def test_a_set_whose_masks_were_turned_before_is_suspected_to_be_inverted(tmp_path: Path) -> None:
    place = labelled.dso_1(tmp_path)
    for mask in (place / "DSO-1-Fake-Images-Masks").iterdir():
        mask.write_bytes(stored(region()))  # white is forged now, and the set says black is
    assert "masks_inverted" in {each.code for each in inspect_labelled(place, "dso-1").findings}


def test_a_mask_that_does_not_fit_is_a_mistake_unless_its_set_resizes(tmp_path: Path) -> None:
    coverage = inspect_labelled(labelled.coverage(tmp_path / "a"), "coverage")
    assert coverage.fits == {"as it is": 1, "resized": 1}
    assert coverage.mistakes == ()
    place = labelled.imd2020(tmp_path / "b")
    (place / "z5" / "00022_fake_mask.png").write_bytes(stored(np.ones((10, 10), np.bool_)))
    (mistake,) = inspect_labelled(place, "imd2020").mistakes
    assert (mistake.code, mistake.ids) == ("masks_unreadable", ("z5/00022_fake.jpg",))
    assert "z14/00030_fake" in mistake.type_this


def test_forgeries_without_a_mask_are_counted(tmp_path: Path) -> None:
    found = inspect_labelled(labelled.sid_set(tmp_path), "sid-set")
    assert (found.missing_masks.rows, found.rejected["bad_row"].rows) == (1, 1)


def test_a_corpus_of_pairs_is_not_inspected_as_labelled(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="corpus of pairs"):
        inspect_labelled(folders.casia_v2(tmp_path), "casia-v2")


def test_the_command_reads_a_labelled_set(tmp_path: Path, command: Command) -> None:
    place = labelled.columbia(tmp_path)
    code, shown, _ = command("inspect", str(place), "--corpus", "columbia", "--json")
    assert code == 0
    assert json.loads(shown)["labels"] == {"forged": 2, "authentic": 1}
    assert "forged 2" in command("inspect", str(place), "--corpus", "columbia")[1]


def test_annotate_refuses_a_labelled_set_and_an_unknown_corpus(tmp_path: Path, command: Command) -> None:
    place = labelled.columbia(tmp_path / "set")
    code, _, said = command("annotate", str(place), str(tmp_path / "out"), "--corpus", "columbia")
    assert code == 2
    assert "--corpus columbia" in said
    code, _, said = command("annotate", str(place), str(tmp_path / "out"), "--corpus", "columbus")
    assert code == 2
    assert "did you mean" in said
    assert not (tmp_path / "out").exists()


def test_annotate_keeps_what_is_known_of_the_corpus(tmp_path: Path) -> None:
    place = hub.magicbrush(tmp_path / "set", turns=(1, 2, 1))
    maskwright.annotate(
        place, tmp_path / "out", workers=1, options=maskwright.Options(roles=Roles(corpus="magicbrush"))
    )
    table = maskwright.open_corpus(tmp_path / "out").table(["corpus", "key", "turn", "original_is_authentic"])
    assert table.to_pylist() == [
        {"corpus": "magicbrush", "key": key, "turn": turn, "original_is_authentic": turn == 1}
        for key, turn in (("1001", 1), ("1001", 2), ("1002", 1))
    ]


def test_a_preset_is_found_by_its_own_name_alone() -> None:
    assert all(name == preset.name for name, preset in PRESETS.items())
    with pytest.raises(InputError):
        maskwright.inspect(".", roles=Roles(corpus="sigma"))
