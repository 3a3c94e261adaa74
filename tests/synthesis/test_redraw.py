"""Pictures drawn again as a whole: what moves takes the mask along, what does not leaves it alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.errors import SettingError
from maskwright.pairs.values import Picture
from maskwright.synthesis import redraw
from maskwright.synthesis.backgrounds import REDRAWING, draw_background
from maskwright.synthesis.recipes import make_pair
from maskwright.synthesis.steps import Made, Named, Step, begin, chain

STEPS: dict[str, Step] = {
    "sway": redraw.sway(6, bumps=6),
    **{f"retexture {kind}": redraw.retexture(0.8, kind=kind) for kind in redraw.ELSEWHERE},
    "retone": redraw.retone(12),
    "paint": redraw.paint(0.8),
    "relatent": redraw.relatent(0.8),
    "resharpen": redraw.resharpen(1.5),
}
NOTHING: dict[str, Step] = {
    "sway": redraw.sway(0),
    "retexture": redraw.retexture(0),
    "retone": redraw.retone(0),
    "paint": redraw.paint(0),
    "relatent": redraw.relatent(0),
    "unseen ignored": redraw.unseen_ignored(0),
}
every_step = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())


@pytest.fixture
def pair(photo: Picture) -> Made:
    """A square painted in a colour that nothing else has; beside it a part that is ignored."""
    made = begin(photo)
    made.edited[40:90, 60:130] = (255, 0, 255)
    made.mask[40:90, 60:130] = True
    made.ignore[20:40, 60:130] = True
    return made


@every_step
def test_a_step_changes_the_edited_picture_only_and_keeps_its_size(step: Step, pair: Made) -> None:
    before = pair.edited.copy()
    made = step(pair, np.random.default_rng(0))
    assert np.array_equal(pair.edited, before)
    assert np.array_equal(made.original, pair.original)
    assert made.edited.shape == pair.edited.shape
    assert made.edited.dtype == np.uint8
    assert np.mean(made.edited != pair.edited) > 0.3


@every_step
def test_a_step_is_a_function_of_the_generator(step: Step, pair: Made) -> None:
    one, same, other = (step(pair, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.edited.tobytes() == same.edited.tobytes()
    assert one.mask.tobytes() == same.mask.tobytes()
    if step is not STEPS["resharpen"]:  # the only one without chance
        assert one.edited.tobytes() != other.edited.tobytes()


@pytest.mark.parametrize("step", NOTHING.values(), ids=NOTHING.keys())
def test_no_strength_leaves_the_pair_alone(step: Step, pair: Made) -> None:
    made = step(pair, np.random.default_rng(0))
    for name in ("edited", "mask", "ignore"):
        assert np.array_equal(getattr(made, name), getattr(pair, name))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (200, 2), (7, 5)])
def test_tiny_pictures_keep_their_size(height: int, width: int) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    for name, step in STEPS.items():
        made = step(begin(grey), np.random.default_rng(0))
        assert made.edited.shape == grey.shape, name
    for seed in range(15):
        rng = np.random.default_rng(seed)
        made = chain(*(named.step for named in draw_background("redrawn", rng)))(begin(grey), rng)
        assert made.edited.shape == (*made.mask.shape, 3)


def test_the_mask_moves_with_the_picture(pair: Made) -> None:
    moved = 0
    for seed in range(12):
        made = redraw.sway(6, bumps=6)(pair, np.random.default_rng(seed))
        painted = np.abs(made.edited.astype(int) - (255, 0, 255)).max(axis=2) < 60
        overlap = np.count_nonzero(made.mask & painted) / np.count_nonzero(made.mask | painted)
        stayed = np.count_nonzero(pair.mask & painted) / np.count_nonzero(pair.mask | painted)
        assert overlap > 0.96
        moved += stayed < 0.95
    assert moved >= 6


@pytest.mark.parametrize("name", [name for name in STEPS if name != "sway"])
def test_what_moves_nothing_leaves_mask_and_ignore_alone(name: str, pair: Made) -> None:
    made = STEPS[name](pair, np.random.default_rng(0))
    assert np.array_equal(made.mask, pair.mask)
    assert np.array_equal(made.ignore, pair.ignore)


def test_nothing_moves_further_than_was_asked_for(photo: Picture) -> None:
    height, width = photo.shape[:2]
    ramps = np.zeros((height, width, 3), np.uint8)
    ramps[..., 0], ramps[..., 1] = np.arange(width)[None], np.arange(height)[:, None]
    furthest = []
    for seed in range(10):
        swayed = redraw.sway(5, bumps=8)(begin(ramps), np.random.default_rng(seed)).edited
        # Away from the border, where the ramps are mirrored.
        gap = np.abs(swayed.astype(int) - ramps)[6:-6, 6:-6]
        furthest.append(int(gap.max()))
    assert max(furthest) <= 6
    assert np.median(furthest) >= 2


def test_exchanged_detail_keeps_the_coarse_picture_and_the_energy_of_the_fine(photo: Picture) -> None:
    for kind in redraw.ELSEWHERE:
        edited = redraw.retexture(1, kind=kind, edges=0)(begin(photo), np.random.default_rng(0)).edited
        before, after = (each.astype(np.float32) for each in (photo, edited))
        coarse = [cv2.GaussianBlur(each, (0, 0), 6) for each in (before, after)]
        fine = [each - cv2.GaussianBlur(each, (0, 0), 2.5) for each in (before, after)]
        assert np.abs(coarse[0] - coarse[1]).mean() < 2, kind
        assert 0.6 < fine[1].std() / fine[0].std() < 1.4, kind
        assert abs(np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1]) < 0.5, kind


def test_kept_edges_change_less(photo: Picture) -> None:
    photo = photo.copy()
    photo[:, 95:] //= 3

    def gap(edges: float) -> float:
        step = redraw.retexture(1, edges=edges)
        edited = step(begin(photo), np.random.default_rng(0)).edited
        return float(np.abs(edited.astype(int) - photo)[:, 93:97].mean())

    assert gap(1) < 0.7 * gap(0)


def test_a_soft_picture_is_made_as_sharp_as_its_original_again(photo: Picture) -> None:
    def sharpness(picture: Picture) -> float:
        return float(np.abs(picture - cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.2)).mean())

    made = begin(photo)
    soft = Made(photo, cv2.GaussianBlur(photo, (0, 0), 0.7).astype(np.uint8), made.mask, made.ignore)
    again = redraw.resharpen(1)(soft, np.random.default_rng(0))
    assert sharpness(soft.edited) < 0.8 * sharpness(photo)
    # An unsharp mask does not bring back all: what it adds is itself soft.
    middle = (sharpness(soft.edited) + sharpness(photo)) / 2
    assert middle < sharpness(again.edited) < 1.1 * sharpness(photo)


def test_noise_of_the_small_picture_leaves_flat_places_flatter() -> None:
    half = np.full((120, 160, 3), 120, np.uint8)
    half[:, 80:] = np.random.default_rng(1).integers(0, 2, (15, 10, 1)).repeat(8, 0).repeat(8, 1) * 120
    edited = redraw.relatent(1, noise=10)(begin(half), np.random.default_rng(0)).edited
    gap = np.abs(edited.astype(int) - half)
    assert gap[:, 8:60].mean() < 0.4 * gap[:, 90:].mean()


def test_things_of_a_label_map_are_shifted_each_its_own_way() -> None:
    grey = np.full((120, 160, 3), 128, np.uint8)
    labels = np.repeat(np.repeat(np.array([[1, 2], [3, 9]], np.uint8), 60, 0), 80, 1)
    edited = redraw.retone(20, labels=labels)(begin(grey), np.random.default_rng(3)).edited
    corners = [edited[rows, columns] for rows in (5, 115) for columns in (5, 155)]
    assert len({tuple(corner.tolist()) for corner in corners}) == 4
    for row, column in ((30, 40), (30, 120), (90, 40), (90, 120)):
        around = edited[row - 10 : row + 10, column - 10 : column + 10]
        assert np.ptp(around.reshape(-1, 3), axis=0).max() == 0
    assert np.abs(edited.astype(int) - 128).max() <= 30


def test_an_edit_too_faint_to_see_is_ignored_and_a_clear_one_beside_it_is_not(photo: Picture) -> None:
    made = begin(photo // 2)
    made.edited[20:60, 20:60] += 6
    made.edited[80:120, 80:120] += 80
    made.mask[20:60, 20:60] = made.mask[80:120, 80:120] = True
    after = redraw.unseen_ignored()(made, np.random.default_rng(0))
    assert after.ignore[20:60, 20:60].all()
    assert not after.ignore[80:120, 80:120].any()
    assert np.array_equal(after.mask, made.mask)


def test_redrawn_pairs_come_mild_and_severe_and_of_every_family(photo: Picture) -> None:
    words: list[str] = []
    errors = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        steps: list[Named] = draw_background("redrawn", rng)
        words += [named.words.split()[0] for named in steps]
        edited = begin(photo)
        for named in steps:
            edited = named.step(edited, rng)
        if edited.edited.shape != photo.shape:  # now and then cropped or stretched
            continue
        errors.append(float(np.square(edited.edited.astype(float) - edited.original).mean()))
    assert set(words) >= {"swayed", "retoned", "retextured", "painted", "relatent", "resharpened", *REDRAWING}
    psnr = 10 * np.log10(255**2 / np.array(errors))
    assert np.quantile(psnr, 0.9) - np.quantile(psnr, 0.1) > 6


def test_things_sway_by_up_to_fourteen_pixels_and_are_retoned_by_up_to_forty_levels() -> None:
    found: dict[str, list[float]] = {"swayed": [], "retoned": []}
    for seed in range(400):
        for named in draw_background("redrawn", np.random.default_rng(seed)):
            kind, _, amount = named.words.removesuffix(" px").partition(" ")
            if kind in found:
                found[kind].append(float(amount))
    assert min(found["swayed"]) < 4
    assert 13 < max(found["swayed"]) <= 14.5
    assert min(found["retoned"]) < 4
    assert 30 < max(found["retoned"]) <= 40


def test_the_edits_of_redrawn_pairs_are_mostly_clear(photo: Picture, donor: Picture) -> None:
    told = [make_pair(photo, donor, np.random.default_rng(seed), background="redrawn") for seed in range(30)]
    assert not {"jitter", "relight", "veil", "disturb"} & {edit for each in told for edit in each.edits}
    assert np.mean([(each.made.mask & ~each.made.ignore).any() for each in told]) > 0.7


@pytest.mark.parametrize(
    "make",
    [
        lambda: redraw.sway(-1),
        lambda: redraw.retexture(1.5),
        lambda: redraw.retexture(0.5, kind="stolen"),
        lambda: redraw.retexture(0.5, sigma=0),
        lambda: redraw.retone(-1),
        lambda: redraw.paint(2),
        lambda: redraw.paint(0.5, reach=4),
        lambda: redraw.relatent(0.5, noise=-1),
        lambda: redraw.unseen_ignored(-1),
        lambda: redraw.resharpen(0),
    ],
)
def test_a_setting_out_of_range_is_refused_when_the_step_is_made(make: object) -> None:
    assert callable(make)
    with pytest.raises(SettingError, match="expected"):
        make()
