"""One picture looked at alone: the finding, its words, and what is written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import maskwright
from maskwright.detectors.findings import FINDINGS
from maskwright.errors import GridError, InputError, RunError
from maskwright.pairs.picture import decode_grey, read_mask, read_picture
from maskwright.pairs.values import Card, Detection, Picture
from tests.conftest import Command
from tests.detectors.looked import BOX, Slanted, detector, picture, png
from tests.pairs.awkward import saved, turned


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("detector")
    return str(detector(place / "bright.onnx", score_threshold=0.5, false_alarms=0.049))


class Says:
    """A detector whose answer is known."""

    def __init__(self, map_: np.ndarray, score: float, **constants: float) -> None:
        self.card = Card("says", "1", "2" * 64, constants=constants)
        self._said = Detection(map_.astype(np.float32), score)

    def detect(self, picture: Picture) -> Detection:
        return self._said


def said(score: float, level: float = 0.0, **constants: float) -> maskwright.Detected:
    """What is made of a map of one level and a score."""
    pixels = picture()
    return maskwright.detect(pixels, Says(np.full(pixels.shape[:2], level), score, **constants))


def test_a_bright_box_is_found_where_it_is(network: str) -> None:
    found = maskwright.detect(picture(), network)
    (region,) = found.regions
    assert (region.x, region.y, region.width, region.height) == BOX
    assert found.finding == "edited_region"
    assert found.mask.sum() == BOX[2] * BOX[3]


def test_a_finding_says_how_many_regions_how_large_where_and_its_score(network: str) -> None:
    pixels = picture()
    pixels[70:80, 100:110] = 230
    sentence = maskwright.detect(pixels, network).sentence
    assert "in 2 regions, the largest 40 x 36 px at 30,20" in sentence
    assert f"{(BOX[2] * BOX[3] + 100) / (120 * 90):.0%}".replace("%", " %") in sentence
    assert "Its score is 1.000" in sentence


def test_a_finding_says_how_often_its_threshold_is_wrong(network: str) -> None:
    assert "4.9 % reach that, too" in maskwright.detect(picture(), network).sentence


def test_where_nothing_is_found_the_rate_of_false_alarms_is_told(network: str) -> None:
    found = maskwright.detect(picture(box=None), network)
    assert (found.finding, found.regions, found.mask.any()) == ("nothing_found", (), False)
    assert found.sentence.startswith("Nothing was found.")
    assert "4.9 % reach that." in found.sentence
    assert found.sentence.endswith("no proof that nothing was edited.")


def test_a_rate_that_the_card_does_not_say_is_said_to_be_unknown() -> None:
    for found in (said(0.1), said(0.9, 0.9, score_threshold=0.8), said(0.9, false_alarms=0.1)):
        assert "is not known for this detector" in found.sentence
        assert found.threshold.false_alarms is None


def test_the_score_decides_and_a_map_below_the_threshold_is_no_finding() -> None:
    found = said(0.3, 0.7, score_threshold=0.4)
    assert (found.finding, found.regions) == ("nothing_found", ())
    assert found.mask.all()
    assert "The map reaches 0.5 on 100 % of it, which is no finding at this score." in found.sentence
    assert np.array_equal(found.overlay(), found.picture)


@pytest.mark.parametrize(
    ("score", "level", "finding"),
    [
        (0.4, 0.0, "edited_somewhere"),
        (0.4, 0.9, "edited_whole"),
        (0.39, 0.9, "nothing_found"),
    ],
)
def test_a_score_at_the_threshold_counts_as_edited(score: float, level: float, finding: str) -> None:
    found = said(score, level, score_threshold=0.4)
    assert found.finding == finding
    assert found.sentence.startswith(FINDINGS[finding].removesuffix("."))


def test_a_picture_too_small_to_be_looked_at_is_refused_with_its_reason(network: str) -> None:
    with pytest.raises(InputError, match="15x90 pixels") as refused:
        maskwright.detect(picture(box=None, width=15), network)
    assert refused.value.reason == "too_small"
    assert maskwright.detect(picture(box=None, width=16), network).mask.shape == (90, 16)


def test_a_map_of_another_size_than_the_picture_is_refused() -> None:
    with pytest.raises(GridError, match="map is 4x3"):
        maskwright.detect(picture(), Slanted())


AWKWARD = {
    "turned by EXIF": lambda: saved(picture(), "JPEG", quality=95, exif=turned(6)),
    "grey": lambda: saved(picture()[..., 0], "PNG"),
    "16 bit": lambda: saved(picture()[..., 0].astype(np.uint16) * 257, "PNG"),
    "alpha": lambda: saved(np.dstack([picture(), np.full((90, 120), 255, np.uint8)]), "PNG"),
    "CMYK": lambda: saved(_cmyk(picture()), "JPEG", quality=95),
}


def _cmyk(pixels: np.ndarray) -> object:
    from PIL import Image

    return Image.fromarray(pixels).convert("CMYK")


@pytest.mark.parametrize("kind", AWKWARD)
def test_awkward_files_are_read_as_everywhere(kind: str, network: str) -> None:
    data = AWKWARD[kind]()
    found, pixels = maskwright.detect(data, network), read_picture(data).pixels
    assert found.mask.shape == ((120, 90) if kind == "turned by EXIF" else (90, 120))
    truth = pixels.mean(axis=2) > 128
    assert truth.any()
    assert (found.mask == truth).all()


def test_saving_writes_page_mask_map_overlay_and_json(network: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(picture()))
    found = maskwright.detect(tmp_path / "a.png", network)
    found.save(tmp_path / "out")
    out = tmp_path / "out"
    names = {"detect.html", "mask.png", "map.png", "overlay.png", "detect.json"}
    assert {path.name for path in out.iterdir()} == names
    assert (read_mask(out / "mask.png") == found.mask).all()
    levels = decode_grey((out / "map.png").read_bytes())
    assert np.abs(levels / 255 - found.map).max() <= 0.5 / 255 + 1e-6
    told = json.loads((out / "detect.json").read_text(encoding="utf-8"))
    assert (told["version"], told["regions"][0]["x"], told["false_alarms"]) == (1, BOX[0], 0.049)


def test_nothing_is_written_where_one_of_the_files_is_somebody_elses(network: str, tmp_path: Path) -> None:
    (tmp_path / "map.png").write_text("mine")
    with pytest.raises(RunError, match="something else"):
        maskwright.detect(picture(), network).save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["map.png"]
    assert (tmp_path / "map.png").read_text() == "mine"


def test_the_command_says_the_finding_and_lists_the_regions(
    command: Command, network: str, tmp_path: Path
) -> None:
    (tmp_path / "a.png").write_bytes(png(picture()))
    code, out, err = command("detect", tmp_path / "a.png", "--detector", network, "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    assert out.startswith("Part of the picture looks edited: 13 % in one region")
    assert re.search(r"^1 +40 x 36 +30,20 +13 %$", out, re.MULTILINE)
    assert str(tmp_path / "out") in out


def test_the_command_gives_one_json_object(command: Command, network: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(picture(box=None)))
    code, out, _ = command("detect", tmp_path / "a.png", "--detector", network, "--json")
    told = json.loads(out)
    assert (code, told["finding"], told["score_threshold"]) == (0, "nothing_found", 0.5)


def test_a_hostile_name_does_not_act_on_the_terminal(command: Command, network: str, tmp_path: Path) -> None:
    name = tmp_path / "\x1b[31mred\u202e.png"
    name.write_bytes(b"no picture")
    code, out, err = command("detect", name, "--detector", network)
    assert (code, out) == (2, "")
    assert "red" in err
    assert not {"\x1b", "\u202e"} & set(err)


def test_workers_for_one_picture_are_wrong_use(command: Command, network: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(picture()))
    code, _, err = command("detect", tmp_path / "a.png", "--detector", network, "--workers", "2")
    assert code == 2
    assert "leave out --workers" in err
