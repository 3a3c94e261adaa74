from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sklearn import metrics as sk

from maskwright.bench.detector_looks import EVERYTHING, NOTHING
from maskwright.bench.detector_protocols import PIXELS, WHOLE
from maskwright.bench.detector_result import MEAN, DetectorBench, Standing
from maskwright.bench.detector_worst import worst_cards
from maskwright.bench.detectors import bench_detectors
from maskwright.detectors import load_detector
from maskwright.errors import InputError, SettingError
from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import Card, Detection, Picture
from tests.bench.conftest import png, textured
from tests.bench.detected import BOXES, benco_set, pairs_table, read, truth_of
from tests.conftest import Command
from tests.detectors.networks import bright

GRID = 48


class Sulking:
    """Breaks on every picture whose first pixel is dark; marks the upper half of others."""

    card = Card("sulking", "1", "2" * 64)

    def detect(self, picture: Picture) -> Detection:
        if picture[0, 0].mean() < 128:
            raise ValueError("too dark")
        found = np.zeros(picture.shape[:2], np.float32)
        found[: len(found) // 2] = 1
        return Detection(found, 1.0)


class Refusing(Sulking):
    """Breaks on every picture."""

    def detect(self, picture: Picture) -> Detection:
        raise ValueError("never")


class Endless(Sulking):
    """Gives a map of no numbers."""

    def detect(self, picture: Picture) -> Detection:
        return Detection(np.full(picture.shape[:2], np.nan, np.float32), 0.5)


SULKING, REFUSING, ENDLESS = (
    f"tests.bench.test_detectors:{name}" for name in ("Sulking", "Refusing", "Endless")
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bright(tmp_path_factory.mktemp("network") / "bright.onnx", middle=165.0, gain=1 / 20)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return benco_set(tmp_path_factory.mktemp("sets") / "labelled")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pairs_table(tmp_path_factory.mktemp("sets") / "pairs")


@pytest.fixture(scope="module")
def result(labelled: Path, pairs: Path, network: Path) -> DetectorBench:
    return bench_detectors(
        [labelled, pairs],
        detectors=[str(network), SULKING],
        protocols=["plain", "benco", "trufor"],
        grid=GRID,
    )


def standing(result: DetectorBench, protocol: str, dataset: str, detector: str) -> Standing:
    (found,) = (
        each
        for each in result.standings
        if (each.protocol, each.dataset, each.detector) == (protocol, dataset, detector)
    )
    return found


def means(result: DetectorBench, protocol: str, dataset: str, detector: str) -> dict[str, float]:
    figures = standing(result, protocol, dataset, detector).figures
    return {key: found.estimate.mean for key, found in figures.items()}


Maps = list[tuple[NDArray[np.float32], NDArray[np.bool_], float]]


def looked_at(labelled: Path, network: Path, grid: int = 0) -> tuple[Maps, list[float]]:
    """(map, truth, score) of every forged picture, and scores of authentic ones, without the bench."""
    detector = load_detector(str(network))
    forged, authentic = [], []
    for path in sorted((labelled / "Tp").iterdir()):
        picture, truth = read(path), truth_of(labelled / "Gt" / path.name)
        if grid:
            picture = cv2.resize(picture, (grid, grid), interpolation=cv2.INTER_LINEAR)
            rows, columns = (np.arange(grid) * side // grid for side in truth.shape)
            truth = truth[rows][:, columns]
        found = detector.detect(picture)
        forged.append((found.map, truth, found.score))
    for path in sorted((labelled / "Au").iterdir()):
        picture = read(path)
        if grid:
            picture = cv2.resize(picture, (grid, grid), interpolation=cv2.INTER_LINEAR)
        authentic.append(detector.detect(picture).score)
    return forged, authentic


def slow_f1(claimed: NDArray[np.bool_], real: NDArray[np.bool_]) -> float:
    return float(2 * (claimed & real).sum() / (claimed.sum() + real.sum()))


def test_the_figures_of_plain_are_scikit_learns_on_the_same_maps(
    result: DetectorBench, labelled: Path, network: Path
) -> None:
    forged, authentic = looked_at(labelled, network)
    found = means(result, "plain", "labelled", str(network))
    flat = [(m.ravel(), t.ravel()) for m, t, _ in forged]
    assert found["f1"] == pytest.approx(np.mean([sk.f1_score(t, m >= 0.5) for m, t in flat]), abs=1e-6)
    assert found["iou"] == pytest.approx(np.mean([sk.jaccard_score(t, m >= 0.5) for m, t in flat]), abs=1e-6)
    assert found["auc"] == pytest.approx(np.mean([sk.roc_auc_score(t, m) for m, t in flat]), abs=1e-6)
    by_threshold = np.array([[slow_f1(np.rint(255 * m) >= k, t) for k in range(257)] for m, t in flat])
    assert found["f1_best_picture"] == pytest.approx(by_threshold.max(axis=1).mean(), abs=1e-6)
    assert found["f1_best_set"] == pytest.approx(by_threshold.mean(axis=0).max(), abs=1e-6)
    assert found["f1"] < found["f1_best_set"] < found["f1_best_picture"] < 1
    scores, classes = [s for *_, s in forged] + authentic, [True] * 3 + [False] * 2
    claimed = [score >= 0.5 for score in scores]
    assert found["picture_auc"] == pytest.approx(sk.roc_auc_score(classes, scores), abs=1e-6)
    assert found["picture_f1"] == pytest.approx(sk.f1_score(classes, claimed), abs=1e-6)
    assert found["picture_accuracy"] == pytest.approx(sk.accuracy_score(classes, claimed), abs=1e-6)


def test_the_figures_of_benco_are_its_formulas_on_the_same_maps_of_resized_pictures(
    result: DetectorBench, labelled: Path, network: Path
) -> None:
    forged, authentic = looked_at(labelled, network, grid=GRID)
    f1, iou, auc = [], [], []
    for map_, truth, _ in forged:
        claimed = map_ > 0.5
        tp, fp, fn = (claimed & truth).sum(), (claimed & ~truth).sum(), (~claimed & truth).sum()
        precision, recall = tp / (tp + fp + 1e-8), tp / (tp + fn + 1e-8)
        f1.append(2 * precision * recall / (precision + recall + 1e-8))
        iou.append(tp / (tp + fp + fn + 1e-8))
        real = truth.ravel()[np.argsort(-map_.ravel(), kind="stable")]
        hits, false = np.cumsum(real) / real.sum(), np.cumsum(~real) / (~real).sum()
        auc.append(np.trapezoid(hits, false))
    found = means(result, "benco", "labelled", str(network))
    assert found["f1"] == pytest.approx(np.mean(f1), abs=1e-6)
    assert found["iou"] == pytest.approx(np.mean(iou), abs=1e-6)
    assert found["auc"] == pytest.approx(np.mean(auc), abs=1e-6)
    assert found["f1_all"] == pytest.approx(np.sum(f1) / 5, abs=1e-6)
    assert found["auc_lowest"] <= found["auc"] <= found["auc_highest"]
    scores, classes = [s for *_, s in forged] + authentic, [True] * 3 + [False] * 2
    claimed_pictures = [score > 0.5 for score in scores]
    assert found["picture_auc"] == pytest.approx(sk.roc_auc_score(classes, scores), abs=1e-6)
    assert found["picture_f1"] == pytest.approx(sk.f1_score(classes, claimed_pictures), abs=1e-6)
    assert found["picture_accuracy"] == pytest.approx(sk.accuracy_score(classes, claimed_pictures), abs=1e-6)


def trufor_of(map_: NDArray[np.float32], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """F1_th and F1_best from scipy's filters and scikit-learn's curves of precision and recall."""
    real = ndimage.minimum_filter(truth, size=15)
    counted = real | ~ndimage.maximum_filter(truth, size=11)
    real, levels = real[counted], map_[counted]
    assert real.any()
    at_half = max(sk.f1_score(real, claimed) for claimed in (levels > 0.5, levels <= 0.5))
    best = 0.0
    for turned in (levels, -levels):
        precision, recall, _ = sk.precision_recall_curve(real, turned)
        best = max(best, (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max())
    return at_half, best


def test_the_figures_of_trufor_are_scipys_and_scikit_learns_on_the_same_maps(
    result: DetectorBench, labelled: Path, network: Path
) -> None:
    forged, authentic = looked_at(labelled, network)
    at_half, best = np.mean([trufor_of(map_, truth) for map_, truth, _ in forged], axis=0)
    found = means(result, "trufor", "labelled", str(network))
    assert found["f1"] == pytest.approx(at_half, abs=1e-6)
    assert found["f1_best"] == pytest.approx(best, abs=1e-6)
    scores, classes = [s for *_, s in forged] + authentic, [True] * 3 + [False] * 2
    claimed = [score > 0.5 for score in scores]
    assert found["picture_auc"] == pytest.approx(sk.roc_auc_score(classes, scores), abs=1e-6)
    assert found["picture_accuracy"] == pytest.approx(sk.balanced_accuracy_score(classes, claimed), abs=1e-6)


def test_the_mean_over_sets_is_that_of_their_figures(result: DetectorBench, network: Path) -> None:
    for protocol in result.protocols:
        parts = [means(result, protocol, each.name, str(network)) for each in result.sets]
        whole = means(result, protocol, MEAN, str(network))
        for key in {**PIXELS[protocol], **WHOLE[protocol]}:
            assert whole[key] == pytest.approx(np.mean([part[key] for part in parts])), (protocol, key)


def test_every_figure_uses_or_skips_every_picture_and_lies_in_its_interval(result: DetectorBench) -> None:
    pictures = {each.name: each.rows for each in result.sets}
    for each in result.standings:
        for key, found in each.figures.items():
            if each.dataset != MEAN:
                skipped = sum(one.pictures for one in found.skipped)
                assert found.estimate.n + skipped == pictures[each.dataset], (each.protocol, key)
            if found.estimate.n:
                assert found.estimate.low <= found.estimate.mean + 1e-9
                assert found.estimate.mean - 1e-9 <= found.estimate.high


def test_two_baselines_that_do_not_look_stand_in_every_table(result: DetectorBench, labelled: Path) -> None:
    shares = [truth_of(path).mean() for path in sorted((labelled / "Gt").iterdir())]
    nothing, everything = (means(result, "plain", "labelled", name) for name in (NOTHING, EVERYTHING))
    assert (nothing["f1"], nothing["marked"], nothing["picture_f1"]) == (0, 0, 0)
    assert everything["f1"] == pytest.approx(np.mean([2 * share / (1 + share) for share in shares]))
    assert everything["iou"] == pytest.approx(np.mean(shares))
    assert (everything["marked"], everything["auc"], everything["picture_auc"]) == (1, 0.5, 0.5)
    assert everything["picture_accuracy"] == 3 / 5


def test_of_pairs_the_edited_picture_is_forged_and_each_original_authentic_once(
    result: DetectorBench,
) -> None:
    (found,) = (each for each in result.sets if each.name == "pairs.csv")
    assert (found.rows, found.forged, found.authentic, found.photographs) == (5, 3, 2, 2)
    labels = [(row.id, row.label) for row in result.rows if row.dataset == "pairs.csv"]
    assert [label for _, label in labels] == ["forged", "authentic", "forged", "forged", "authentic"]
    assert labels[1][0] == f"{labels[0][0]} (original)"


def test_a_detector_that_breaks_on_a_picture_counts_as_one_that_found_nothing_and_is_told(
    result: DetectorBench, labelled: Path
) -> None:
    dark = [p for p in sorted((labelled / "Tp").iterdir()) if read(p)[0, 0].mean() < 128]
    assert 0 < len(dark) < 3
    f1 = []
    for path in sorted((labelled / "Tp").iterdir()):
        truth = truth_of(labelled / "Gt" / path.name)
        upper = np.zeros_like(truth)
        upper[: len(truth) // 2] = path not in dark
        f1.append(sk.f1_score(truth.ravel(), upper.ravel(), zero_division=0.0))
    found = standing(result, "plain", "labelled", SULKING)
    assert found.figures["f1"].estimate.mean == pytest.approx(np.mean(f1))
    told = {each.id for each in result.faults if (each.dataset, each.detector) == ("labelled", SULKING)}
    assert {f"Tp/{path.name}" for path in dark} <= told
    assert found.failed == len(told)
    assert {each.detail for each in result.faults} == {"ValueError: too dark"}


@pytest.mark.parametrize("name", [REFUSING, ENDLESS])
def test_a_detector_that_gives_no_map_of_any_picture_is_an_error(labelled: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"gives no map of any picture: .*(never|not finite)"):
        bench_detectors([labelled], detectors=[name])


def test_every_row_ends_in_figures_or_a_reason(labelled: Path, network: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(labelled, tmp_path / "spoilt")
    truth = np.zeros((72, 96), np.bool_)
    (folder / "Gt" / "1.png").write_bytes(encode_png(truth))
    (folder / "Tp" / "2.png").write_bytes(b"no picture")
    (folder / "Au" / "10.png").write_bytes(b"")
    (folder / "Tp" / "3.png").write_bytes(png(textured(72, 96, 3)))
    (folder / "Gt" / "3.png").write_bytes(encode_png(np.ones((5, 5), np.bool_)))
    found = bench_detectors([folder], detectors=[str(network)])
    (counted,) = found.sets
    assert (counted.rows, counted.forged, counted.authentic, counted.unmeasured) == (6, 1, 1, 4)
    reasons = {each.id: each.reason for each in found.faults}
    assert reasons == {
        "Tp/1.png": "bad_mask",
        "Tp/2.png": "not_a_picture",
        "Tp/3.png": "bad_mask",
        "Au/10.png": "file_empty",
    }


def test_a_forged_picture_without_a_mask_counts_in_figures_of_whole_pictures_only(
    labelled: Path, network: Path, tmp_path: Path
) -> None:
    place = tmp_path / "folders"
    for label, source in (("forged", "Tp"), ("authentic", "Au")):
        shutil.copytree(labelled / source, place / "test" / label)
    shutil.copytree(labelled / "Gt", place / "test" / "masks")
    lines = [
        {"file_name": "forged/0.png", "mask_file_name": "masks/0.png", "label": "forged"},
        {"file_name": "forged/1.png", "label": "forged"},
        {"file_name": "authentic/10.png", "label": "authentic"},
    ]
    (place / "test" / "metadata.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = bench_detectors([place], detectors=[str(network)])
    assert (found.sets[0].forged, found.sets[0].without_mask, found.sets[0].authentic) == (1, 1, 1)
    figures = standing(found, "plain", "folders", str(network)).figures
    assert figures["f1"].estimate.n == 1
    assert {each.reason: each.pictures for each in figures["f1"].skipped} == {
        "no_mask": 1,
        "unedited_picture": 1,
    }
    assert figures["picture_auc"].estimate.n == 3


def test_a_published_set_is_read_by_its_name(network: Path, tmp_path: Path) -> None:
    place = benco_set(tmp_path / "made")
    for name, source in (("4cam_splc", "Tp"), ("4cam_auth", "Au")):
        (tmp_path / "set" / name).mkdir(parents=True)
        for path in (place / source).iterdir():
            pixels = cv2.cvtColor(read(path), cv2.COLOR_RGB2BGR)
            (tmp_path / "set" / name / f"{path.stem}.tif").write_bytes(
                cv2.imencode(".tif", pixels)[1].tobytes()
            )
    (tmp_path / "set" / "4cam_splc" / "edgemask").mkdir()
    for path in (place / "Gt").iterdir():
        green = np.zeros((72, 96, 3), np.uint8)
        green[truth_of(path), 1] = 200
        coded = cv2.imencode(".jpg", green, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()
        (tmp_path / "set" / "4cam_splc" / "edgemask" / f"{path.stem}_edgemask.jpg").write_bytes(coded)
    by_name = bench_detectors([f"columbia={tmp_path / 'set'}"], detectors=[str(network)])
    plain = bench_detectors([place], detectors=[str(network)])
    assert (by_name.sets[0].forged, by_name.sets[0].authentic) == (3, 2)
    ours, theirs = (means(each, "plain", each.sets[0].name, str(network)) for each in (by_name, plain))
    assert ours["f1"] == pytest.approx(theirs["f1"], abs=0.02)
    assert ours["marked"] == theirs["marked"]


def test_pictures_of_one_photograph_are_drawn_together_as_its_provenance_says(
    network: Path, tmp_path: Path
) -> None:
    folder = benco_set(tmp_path / "set" / "test").parent
    (folder / "provenance").mkdir()
    rows = [
        {"split": "test", "stem": stem, "photograph": int(stem) % 2} for stem in ("0", "1", "2", "10", "11")
    ]
    pq.write_table(pa.Table.from_pylist(rows), folder / "provenance" / "test-00000.parquet")
    found = bench_detectors([folder], detectors=[str(network)])
    assert found.sets[0].photographs == 2
    assert [row.group for row in found.rows] == ["0", "1", "0", "0", "1"]
    assert standing(found, "plain", "set", str(network)).figures["f1"].estimate.groups == 2


def test_the_page_shows_the_worst_pictures_once_more_with_the_figures_of_the_run(
    result: DetectorBench, network: Path
) -> None:
    misses, alarms = worst_cards(result)
    f1 = sorted(row.f1["plain"][str(network)] for row in result.rows if row.label == "forged")
    scores = [row.score["plain"][str(network)] for row in result.rows if row.label == "authentic"]
    assert [card.facts.split(",")[0] for card in misses] == [f"F1 {each:.3f}" for each in f1]
    assert [card.facts for card in alarms] == [f"score {each:.3f}" for each in sorted(scores, reverse=True)]
    assert all([each.name for each in card.masks] == ["picture", "mask", "map"] for card in misses + alarms)
    assert len({card.anchor for card in misses + alarms}) == 10


def test_a_set_without_authentic_pictures_has_no_figures_of_whole_pictures(
    network: Path, tmp_path: Path
) -> None:
    found = bench_detectors([benco_set(tmp_path / "forged", authentic=0)], detectors=[str(network)])
    figures = standing(found, "plain", "forged", str(network)).figures
    for key in WHOLE["plain"]:
        assert math.isnan(figures[key].estimate.mean)
        assert [(each.reason, each.pictures) for each in figures[key].skipped] == [("one_class", 3)]


def test_only_the_rows_of_split_test_are_measured_where_there_are_any(network: Path, tmp_path: Path) -> None:
    benco_set(tmp_path / "set" / "train", authentic=0)
    benco_set(tmp_path / "set" / "test", authentic=1, seed=50)
    benco_set(tmp_path / "set" / "val", authentic=0, seed=70)
    found = bench_detectors([tmp_path / "set"], detectors=[str(network)])
    assert (found.sets[0].split, found.sets[0].rows) == ("test", 4)
    assert {row.id.split("/")[0] for row in found.rows} == {"test"}
    asked = bench_detectors([tmp_path / "set"], detectors=[str(network)], split="val")
    assert (asked.sets[0].split, asked.sets[0].rows) == ("val", 3)
    with pytest.raises(InputError, match="no rows of split dev; its splits: test, train, val"):
        bench_detectors([tmp_path / "set"], detectors=[str(network)], split="dev")


def test_a_set_without_forged_pictures_or_masks_says_what_to_type_next(
    labelled: Path, network: Path, tmp_path: Path
) -> None:
    benco_set(tmp_path / "set" / "train", authentic=0)
    shutil.copytree(labelled / "Au", tmp_path / "set" / "test" / "Au")
    with pytest.raises(InputError, match="has no forged picture with a mask in split test") as told:
        bench_detectors([tmp_path / "set"], detectors=[str(network)])
    assert "maskwright build" in told.value.hint
    for name in ("original", "edited"):
        shutil.copytree(labelled / "Au", tmp_path / "pairs" / name)
    with pytest.raises(InputError, match="holds pairs without known masks") as told:
        bench_detectors([tmp_path / "pairs"], detectors=[str(network)])
    assert "maskwright annotate" in told.value.hint


def test_settings_that_make_no_sense_are_refused(labelled: Path, network: Path) -> None:
    for settings in ({"protocols": ["benko"]}, {"protocols": []}, {"grid": 0}, {"detectors": [NOTHING]}):
        with pytest.raises(SettingError):
            bench_detectors([labelled], **{"detectors": [str(network)], **settings})  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="is named twice"):
        bench_detectors([labelled, labelled], detectors=[str(network)])


@pytest.mark.slow
def test_two_processes_give_the_figures_of_one(
    labelled: Path, pairs: Path, network: Path, result: DetectorBench
) -> None:
    protocols = list(result.protocols)
    names = [str(network), SULKING]
    shared = bench_detectors([labelled, pairs], detectors=names, protocols=protocols, grid=GRID, workers=2)
    assert shared.to_json() == result.to_json()


@pytest.fixture(scope="module")
def harmed(labelled: Path, network: Path) -> DetectorBench:
    return bench_detectors([labelled], detectors=[str(network)], protocols=["benco"], grid=GRID, robust=True)


def test_curves_begin_at_the_picture_as_it_is_and_hold_every_step(
    harmed: DetectorBench, network: Path
) -> None:
    plain = standing(harmed, "benco", "labelled", str(network)).figures["f1"]
    for harm, steps in (("blur", [3, 7, 11, 15, 19, 23]), ("jpeg", [100, 90, 80, 70, 60, 50])):
        found = [each for each in harmed.robust if each.harm == harm]
        assert [each.step for each in found] == [0, *steps]
        assert found[0].figures["f1"] == plain


def test_a_harm_is_done_before_the_picture_is_resized(
    harmed: DetectorBench, labelled: Path, network: Path
) -> None:
    detector = load_detector(str(network))
    f1 = []
    for path in sorted((labelled / "Tp").iterdir()):
        blurred = cv2.GaussianBlur(read(path), (23, 23), 0)
        map_ = detector.detect(cv2.resize(blurred, (GRID, GRID), interpolation=cv2.INTER_LINEAR)).map
        truth = truth_of(labelled / "Gt" / path.name)
        nearest = cv2.resize(truth.view(np.uint8), (GRID, GRID), interpolation=cv2.INTER_NEAREST) > 0
        f1.append(sk.f1_score(nearest.ravel(), map_.ravel() > 0.5))
    (found,) = (each for each in harmed.robust if (each.harm, each.step) == ("blur", 23))
    assert found.figures["f1"].estimate.mean == pytest.approx(np.mean(f1), abs=1e-6)


def test_the_command_writes_a_page_and_the_figures_and_prints_the_tables(
    command: Command, labelled: Path, network: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["bench", "detectors", "--data", labelled, "--detector", network, "--protocol", "trufor"]
    code, printed, said = command(*words, "-o", out)
    assert (code, "wrote detectors.html" in said) == (0, True)
    assert "trufor: as TruFor does" in printed
    assert "balanced accuracy" in printed
    stored = json.loads((out / "detectors.json").read_text())
    assert (stored["version"], stored["bench"], stored["sets"][0]["rows"]) == (1, "detectors", 5)
    page = (out / "detectors.html").read_text()
    assert "F1_best" in page
    assert command(*words, "-o", out)[0] == 0
    assert (out / "detectors.html").read_text() == page


def test_the_command_takes_no_place_of_anothers_files(
    command: Command, labelled: Path, network: Path, tmp_path: Path
) -> None:
    (tmp_path / "detectors.json").write_text("{}")
    code, _, said = command("bench", "detectors", "--data", labelled, "--detector", network, "-o", tmp_path)
    assert (code, "is not ours" in said) == (1, True)
    assert (tmp_path / "detectors.json").read_text() == "{}"


def test_the_command_prints_one_json_object(command: Command, labelled: Path, network: Path) -> None:
    code, printed, _ = command("bench", "detectors", "--data", labelled, "--detector", network, "--json")
    assert code == 0
    assert len(json.loads(printed)["rows"]) == len(BOXES) + 2
