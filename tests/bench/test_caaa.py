from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from maskwright.bench.caaa import ENDS, Found, bench_caaa, names_of
from maskwright.bench.caaa_asking import CAAA, COMPACT, DASS, KEYPOINTS, ORACLE, PLAIN, ask, of_annotator
from maskwright.bench.caaa_cases import (
    CROPPED,
    HAND,
    MADE,
    REAL,
    WHOLE,
    Case,
    MadeTask,
    hand_of,
    made_case,
    rows_of,
    scene_of,
    traits_of,
)
from maskwright.bench.caaa_crops import KEPT, LONGEST_PX, SEEDS, SHARED, cropped
from maskwright.bench.caaa_tables import caaa_tables
from maskwright.errors import InputError, SettingError
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.picture import encode_png
from maskwright.pairs.values import DONOR, GROUPS, Aligned, Card, Change, Hint, Mask, Pair, Rejection
from maskwright.synthesis.donors import Related
from maskwright.synthesis.photos import Photo, read_photos
from tests.bench.conftest import png, textured
from tests.conftest import Command


class Guess:
    """Believes the alignment; of what does not fit, says that the middle was taken, or that nothing was.

    Which of the two is told by the size of the original, so that both come to pass.
    """

    card = Card(name="guess", version="1", digest="1" * 64, layers=(DONOR,))

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [self._change(pair) for pair in batch]

    def _change(self, pair: Aligned) -> Change:
        nothing = np.zeros(pair.valid.shape, np.float32)
        if pair.geometry.kind != "unrelated":
            return Change(nothing, group="shared-probe")
        assert pair.unlaid is not None
        if pair.unlaid.shape[1] == 128:
            return Change(nothing, group="unrelated")
        layers = {DONOR: middle(pair.unlaid.shape[:2]).astype(np.float32)}
        return Change(middle(pair.valid.shape).astype(np.float32), layers=layers, group="shared-donor")


class Silent(Guess):
    """The same, and never a layer."""

    def _change(self, pair: Aligned) -> Change:
        return replace(super()._change(pair), layers={})


GUESS, SILENT = "tests.bench.test_caaa:Guess", "tests.bench.test_caaa:Silent"
NAMES = {**names_of(GUESS, dass="difference", plain="compact"), KEYPOINTS: SILENT}
COUNT = 3


def middle(shape: tuple[int, ...]) -> Mask:
    height, width = shape[:2]
    mask = np.zeros((height, width), np.bool_)
    mask[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
    return mask


def case_of(group: str, mask: Mask | None = None, donor: Mask | None = None, seed: int = 0) -> Case:
    """A row with an original of 128 x 96 and an edited picture of 160 x 120."""
    original, edited = textured(96, 128, seed), textured(120, 160, seed + 1)
    if group == "shared-probe":
        edited = cv2.resize(original, (160, 120), interpolation=cv2.INTER_CUBIC)
    return Case(WHOLE, "s_1_x", "s_1", group, original, edited, mask, np.zeros((120, 160), np.bool_), donor)


def at(height: int, width: int, top: int, left: int, rows: int, columns: int) -> Mask:
    mask = np.zeros((height, width), np.bool_)
    mask[top : top + rows, left : left + columns] = True
    return mask


# ---- cases -----------------------------------------------------------------------------------------------


def test_scenes_are_how_ids_begin() -> None:
    ids = ("dip2018_2_donor", "dip2018_2_unrelated", "dib_5_probe", "gpgan_copy_donor", "gpgan_resu_probe")
    assert [scene_of(each) for each in ids] == ["dip2018_2", "dip2018_2", "dib_5", "gpgan", "gpgan"]
    assert scene_of("") == ""


def test_hands_share_no_photograph_and_leave_none_out() -> None:
    photos = [Photo(str(number)) for number in range(3 * HAND + 2)]
    dealt = [hand_of(photos, number) for number in range(7)]
    assert [hand for hand, _ in dealt] == [0, 1, 2, 0, 1, 2, 0]
    assert sorted(int(photo.path) for _, hand in dealt[:3] for photo in hand) == list(range(3 * HAND + 2))
    assert [len(hand) for _, hand in dealt[:3]] == [HAND, HAND, HAND + 2]
    assert hand_of(photos[:3], 5)[0] == 0


def test_traits_are_those_of_the_map_that_laid_the_object() -> None:
    # An object of 40 x 40 shown at 60 x 60, turned by 15 degrees and mirrored; edited twice as wide and high.
    turn, scale = np.radians(15), 1.5
    forth = np.eye(3)
    forth[:2, :2] = (
        scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) @ np.diag([-1, 1])
    )
    related = Related(
        textured(100, 100, 0),
        textured(200, 200, 1),
        "shared-donor",
        np.linalg.inv(forth),
        at(200, 200, 20, 20, 60, 60),
        np.zeros((200, 200), np.bool_),
        at(100, 100, 10, 10, 40, 40),
        (),
    )
    told = {"scale": "0.5 to 0.8", "turn": "10 to 20 deg", "area": "3 to 10 %", "mirrored": "yes"}
    assert traits_of(related) == told
    assert traits_of(replace(related, donor=None)) == {}


# ---- crops -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_both_pictures_of_a_crop_have_one_size(group: str) -> None:
    aspects = set()
    for seed in range(20):
        done, _ = cropped(case_of(group), np.random.default_rng(seed))
        assert done.original.shape == done.edited.shape
        assert LONGEST_PX[0] <= max(done.edited.shape) <= LONGEST_PX[1]
        aspects.add(done.edited.shape[1] > done.edited.shape[0])
    assert group == "shared-donor" or aspects == {True, False}


def test_a_crop_keeps_the_object_in_both_pictures() -> None:
    mask, donor = at(120, 160, 5, 120, 30, 35), at(96, 128, 60, 4, 30, 40)
    for seed in range(20):
        case = case_of("shared-donor", mask, donor, seed)
        case.edited[mask], case.original[donor] = (255, 0, 0), (0, 0, 255)
        done, kept = cropped(case, np.random.default_rng(seed))
        assert kept >= KEPT
        # What is left of the object by colour is what is left of it by its mask, and most of all of it.
        red = (done.edited[..., 0] > 200) & (done.edited[..., 2] < 50)
        assert done.mask is not None
        assert pixel_f1(red, done.mask) > 0.9
        shares = [each.mean() for each in (mask, done.mask)]
        assert shares[1] > KEPT * shares[0] * 0.99


def test_where_no_mask_says_where_the_object_is_nearly_all_is_kept() -> None:
    for seed in range(10):
        done, kept = cropped(case_of("shared-donor", seed=seed), np.random.default_rng(seed))
        assert kept >= KEPT
        assert 0.8 < done.edited.shape[1] / done.edited.shape[0] / (160 / 120) < 1.25


def test_a_crop_that_cannot_keep_enough_says_so() -> None:
    # The object is all of a wide picture, and no window of a legal aspect holds most of it.
    case = replace(
        case_of("shared-donor", at(120, 160, 40, 40, 20, 20)),
        original=textured(40, 128, 0),
        donor=np.ones((40, 128), np.bool_),
    )
    _, kept = cropped(case, np.random.default_rng(0))
    assert 0.5 < kept < KEPT


def test_two_crops_of_one_photograph_show_enough_of_each_other() -> None:
    rows, columns = np.mgrid[0:96, 0:128]
    for seed in range(30):
        case = case_of("shared-probe", at(120, 160, 0, 0, 10, 10))
        # Places are written into the pictures, so that one sees what each crop shows.
        places = np.stack([rows, columns, np.zeros_like(rows)], axis=-1).astype(np.uint8)
        twice = cv2.resize(places, (160, 120), interpolation=cv2.INTER_LINEAR)
        done, kept = cropped(replace(case, original=places, edited=twice), np.random.default_rng(seed))
        assert kept == 1
        shown = [
            [(side[..., k].min(), side[..., k].max()) for k in (0, 1)]
            for side in (done.original, done.edited)
        ]
        both = np.prod([min(a[1], b[1]) - max(a[0], b[0]) for a, b in zip(*shown, strict=True)], dtype=float)
        for side in shown:
            # nothing is stretched: places lie as far apart down as across
            (top, bottom), (left, right) = [(float(low), float(high)) for low, high in side]
            aspect = done.edited.shape[1] / done.edited.shape[0]
            assert (right - left) / (bottom - top) == pytest.approx(aspect, rel=0.08)
            assert both > (SHARED - 0.08) * np.prod([float(high) - float(low) for low, high in side])


def test_the_same_chance_gives_the_same_crop() -> None:
    one, other, third = (cropped(case_of("unrelated"), np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(one.edited, other.edited)
    assert one.edited.shape != third.edited.shape or not np.array_equal(one.edited, third.edited)


# ---- asking ----------------------------------------------------------------------------------------------


def test_an_answer_holds_group_mask_and_layer_against_the_truth() -> None:
    case = case_of("shared-donor", middle((120, 160)), middle((96, 100)))
    case = replace(case, original=textured(96, 100, 7))
    answer = of_annotator(case, Guess())
    assert (answer.group, answer.marked, answer.layered) == ("shared-donor", True, True)
    assert answer.mask is not None
    assert answer.donor is not None
    assert (answer.mask.fp, answer.mask.fn, answer.donor.fp, answer.donor.fn) == (0, 0, 0, 0)
    missing = of_annotator(replace(case, original=textured(96, 128, 7), donor=middle((96, 128))), Guess())
    assert (missing.status, missing.reason, missing.group) == ("rejected", "unrelated", "unrelated")
    assert missing.mask is not None
    assert (missing.mask.tp, missing.mask.fn) == (0, answer.mask.tp)


def test_what_nobody_knows_is_not_counted() -> None:
    found = ask(case_of("shared-donor"), {CAAA: Guess()})
    assert [answer.mask for answer in found.answers.values()] == [None] * 3
    assert list(found.answers) == [CAAA, "keypoint hull", ORACLE]


# ---- a run -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighteen photographs: two hands; a third of them are 112 wide, and the others 128."""
    folder = tmp_path_factory.mktemp("photographs")
    for number in range(2 * HAND + 2):
        (folder / f"{number:02d}.png").write_bytes(
            png(textured(96, 112 if number % 3 == 0 else 128, seed=300 + number))
        )
    return folder


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A row of each group in each of two scenes, one of a group nobody knows, one whose mask does not fit."""
    folder = tmp_path_factory.mktemp("groups")
    head = ["id", "original", "edited", "group", "mask_probe", "mask_donor"]
    rows = []
    for scene, width in (("one", 112), ("two_2", 128)):
        donor, target = textured(96, width, 400 + width), textured(96, 128, 500 + width)
        edited, laid = target.copy(), at(96, 128, 30, 60, 40, 40)
        taken = at(96, width, 10, 20, 40, 40)
        edited[laid] = donor[taken]
        named = {"source": png(donor), "target": png(target), "edited": png(edited)}
        named |= {"probe": encode_png(laid), "donor": encode_png(taken)}
        for name, data in named.items():
            (folder / f"{scene}_{name}.png").write_bytes(data)
        files = {name: f"{scene}_{name}.png" for name in named}
        rows += [
            [f"{scene}_probe", files["target"], files["edited"], "shared-probe", files["probe"], ""],
            [
                f"{scene}_donor",
                files["source"],
                files["edited"],
                "shared-donor",
                files["probe"],
                files["donor"],
            ],
            [f"{scene}_unrelated", files["source"], files["target"], "unrelated", "", ""],
        ]
    rows.append(["odd", "one_source.png", "one_target.png", "cousins", "", ""])
    rows.append(["unfit", "one_source.png", "one_edited.png", "shared-donor", "", "one_probe.png"])
    with (folder / "groups.csv").open("w", newline="") as file:
        csv.writer(file).writerows([head, *rows])
    return folder / "groups.csv"


@pytest.fixture(scope="module")
def found(readable: Path, groups: Path, table: Path) -> Found:
    return bench_caaa(
        readable, groups=groups, pairs=table, where="truth = 'author'", names=NAMES, count=COUNT
    )


def masked(found: Found, series: str, group: str, layer: str, name: str) -> tuple[float, int]:
    (one,) = (
        each.f1
        for each in found.masks
        if (each.series, each.group, each.layer, each.annotator, each.over)
        == (series, group, layer, name, ("", ""))
    )
    return one.mean, one.n


def test_rows_of_a_table_of_groups_are_read_with_their_masks(groups: Path) -> None:
    unmeasured: list[Rejection] = []
    rows = rows_of(groups, unmeasured)
    assert [(row.name, row.witness) for row in rows][:4] == [
        ("one_probe", "one"),
        ("one_donor", "one"),
        ("one_unrelated", "one"),
        ("two_2_probe", "two_2"),
    ]
    assert [(row.mask is not None, row.donor is not None) for row in rows[:3]] == [
        (True, False),
        (True, True),
        (False, False),
    ]
    assert [row.reason for row in unmeasured] == ["bad_row", "bad_mask"]
    (groups.parent / "plain.csv").write_text("original,edited\none_source.png,one_target.png\n")
    with pytest.raises(SettingError, match="group"):
        rows_of(groups.parent / "plain.csv", [])


@pytest.mark.slow
def test_groups_are_those_of_the_annotator_asked_by_hand(found: Found, readable: Path) -> None:
    photos, by_hand = read_photos(readable, "val"), []
    for group in GROUPS:
        for number in range(COUNT):
            case = made_case(photos, MadeTask(group, number))
            said = annotate_pair(Pair("x", case.original, case.edited), Guess()).group
            by_hand.append((group, said))
    (made,) = (each for each in found.classified if (each.series, each.confusion.annotator) == (MADE, CAAA))
    assert sum(made.confusion.counts.values()) == 3 * COUNT
    assert all(made.confusion.counts[pair] == by_hand.count(pair) for pair in by_hand)
    assert made.accuracy.mean == pytest.approx(np.mean([group == said for group, said in by_hand]))
    assert (made.accuracy.n, made.accuracy.groups) == (9, 2)
    assert len({said for _, said in by_hand}) > 1


@pytest.mark.slow
def test_real_groups_are_drawn_by_scene_and_cropped_five_times(found: Found) -> None:
    by_series = {each.series: each for each in found.classified if each.confusion.annotator == CAAA}
    whole, crops = by_series[WHOLE], by_series[CROPPED]
    assert (whole.accuracy.n, whole.accuracy.groups) == (6, 2)
    assert (crops.accuracy.n, crops.accuracy.groups) == (6 * SEEDS, 2)
    assert whole.confusion.counts["shared-probe", "shared-probe"] == 2
    # Of two donors one is 112 wide, and a guess that something was taken; the other 128.
    assert whole.confusion.counts["shared-donor", "shared-donor"] == 1
    assert whole.confusion.counts["shared-donor", "unrelated"] == 1
    assert whole.of_group["shared-donor"].mean == 0.5


@pytest.mark.slow
def test_masks_and_layers_are_those_of_the_annotator_asked_by_hand(found: Found, readable: Path) -> None:
    photos, masks, layers = read_photos(readable, "val"), [], []
    for number in range(COUNT):
        case = made_case(photos, MadeTask("shared-donor", number))
        assert case.mask is not None
        assert case.donor is not None
        said = annotate_pair(Pair("x", case.original, case.edited), Guess())
        mask = np.zeros_like(case.mask) if said.mask is None else said.mask
        layer = said.layers.get(DONOR)
        taken = np.zeros_like(case.donor) if layer is None else layer >= 0.5
        masks.append(pixel_f1(mask, case.mask, ignore=case.ignore))
        layers.append(pixel_f1(taken, case.donor))
    assert masked(found, MADE, "shared-donor", "mask", CAAA) == (pytest.approx(np.mean(masks)), COUNT)
    assert masked(found, MADE, "shared-donor", "donor", CAAA) == (pytest.approx(np.mean(layers)), COUNT)
    assert masked(found, MADE, "shared-donor", "donor", KEYPOINTS) == (0, COUNT)


@pytest.mark.slow
def test_gains_are_differences_of_the_same_pairs(found: Found) -> None:
    seen = set()
    for each in found.compared:
        pair = [
            masks.f1.mean
            for name in (each.ours, each.theirs)
            for masks in found.masks
            if (masks.series, masks.group, masks.layer, masks.annotator, masks.over)
            == (each.series, each.group, each.layer, name, each.over)
        ]
        assert each.gain.mean == pytest.approx(pair[0] - pair[1])
        seen.add((each.series, each.ours, each.theirs))
    assert {
        (MADE, DASS, PLAIN),
        (REAL, DASS, PLAIN),
        (REAL, CAAA, COMPACT),
        (MADE, CAAA, KEYPOINTS),
        (MADE, CAAA, ORACLE),
    } <= seen


@pytest.mark.slow
def test_rows_with_known_masks_are_chosen_by_the_condition_and_routed(found: Found) -> None:
    assert found.routed == {"shared-probe": 4}
    assert masked(found, REAL, "", "mask", COMPACT)[1] == 4
    assert masked(found, REAL, "", "mask", CAAA)[0] == 0


@pytest.mark.slow
def test_every_pair_ends_somewhere_and_a_donor_without_a_layer_nowhere(
    found: Found, readable: Path, groups: Path
) -> None:
    for series, pairs in ((MADE, 9), (WHOLE, 6), (CROPPED, 30), (REAL, 4)):
        assert list(found.ends[series]) == list(ENDS)
        assert sum(found.ends[series].values()) == pairs
        assert found.ends[series]["neither"] == 0
    silent = bench_caaa(readable, groups=groups, names=names_of(SILENT), count=1)
    assert silent.ends[WHOLE]["neither"] == found.ends[WHOLE]["shared-donor"] == 2


@pytest.mark.slow
def test_slices_hold_all_pairs_of_their_group_once(found: Found) -> None:
    for trait in ("scale", "turn", "area", "mirrored"):
        inside = [
            each.f1.n
            for each in found.masks
            if (each.layer, each.annotator, each.over[0]) == ("mask", CAAA, trait)
        ]
        assert sum(inside) == COUNT


@pytest.mark.slow
def test_processes_change_no_figure(found: Found, readable: Path, groups: Path, table: Path) -> None:
    again = bench_caaa(
        readable,
        groups=groups,
        pairs=table,
        where="truth = 'author'",
        names=NAMES,
        count=COUNT,
        workers=2,
    )
    assert again == found


@pytest.mark.slow
def test_tables_have_rows_of_one_length_and_json_is_plain(found: Found) -> None:
    names = []
    for shown in caaa_tables(found):
        names.append(shown.name)
        assert len({len(row) for row in shown.rows}) == 1, shown.title
    assert {"confusion", "accuracy", "masks", "slices", "routed", "ablation", "ends", "unmeasured"} == set(
        names
    )
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert len(told["pairs"]) == 9 + 6 + 30 + 4
    assert told["annotators"][CAAA] == ["guess", "1" * 64]


@pytest.mark.slow
def test_the_command_prints_tables_or_one_object(readable: Path, command: Command) -> None:
    words = ("bench", "caaa", readable, "--count", "1", "--annotator", GUESS)
    code, out, _ = command(*words)
    assert code == 0
    assert "what every pair ended in" in out
    code, out, _ = command(*words, "--json")
    assert json.loads(out)["ends"][MADE]["neither"] == 0


def test_too_few_photographs_are_named(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(png(textured(96, 128, 1)))
    with pytest.raises(InputError, match="photographs"):
        bench_caaa(tmp_path, names={CAAA: GUESS}, count=1)
    assert load_annotator(GUESS).card.name == "guess"
