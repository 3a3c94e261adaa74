"""How SIGMA's head is taught: turned samples, labels of a teacher, strong augmentation, disentangling."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from torch import Tensor, nn  # noqa: E402

from maskwright.learning.losses import mask_loss  # noqa: E402
from maskwright.learning.networks.sigma import REFINED, WIDTHS, Seen  # noqa: E402
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.learning.sigma_task import (  # noqa: E402
    APART,
    LEAST_QES,
    MOST_AREA,
    QUIET,
    REAL,
    SURE,
    SWAPPED,
    Recipe,
    SigmaTask,
    disentangling,
    posed,
    pseudo_labels,
    shaken,
)
from maskwright.learning.stream import Sample, Shard, shard_path, write_shard  # noqa: E402
from maskwright.masks.annotators.planes import CHANNELS  # noqa: E402

COUNT, SIDE = len(CHANNELS), 8


def drawn(samples: int = 10, seed: int = 0) -> dict[str, Tensor]:
    rng = np.random.default_rng(seed)
    found = {
        name: torch.from_numpy(rng.integers(0, 256, (samples, channels, SIDE, SIDE), dtype=np.uint8))
        for name, channels in (("planes", COUNT), ("mask", 1), ("ignore", 1), ("prior", 1))
    }
    found["order"] = torch.from_numpy(np.stack([rng.permutation(3) for _ in range(samples)]))
    return found


def test_samples_are_turned_mirrored_and_recoloured_as_numpy_does() -> None:
    batch = drawn()
    found = posed(batch)
    for number in range(10):
        way, order = number % 8, batch["order"][number].numpy()
        channels = [*order, *(3 + order), *range(6, COUNT)]
        for name in ("planes", "mask", "ignore", "prior"):
            expected = batch[name][number].numpy()
            expected = expected[channels] if name == "planes" else expected
            expected = np.rot90(expected, way % 4, (-2, -1))
            expected = np.flip(expected, -1) if way >= 4 else expected
            np.testing.assert_array_equal(found[name][number].numpy(), expected)


def test_a_batch_of_few_is_posed_too_and_what_was_given_is_left_alone() -> None:
    batch = drawn(3)
    kept = {name: value.clone() for name, value in batch.items()}
    assert posed(batch)["planes"].shape == batch["planes"].shape
    assert all(torch.equal(value, kept[name]) for name, value in batch.items())


class Teacher(nn.Module):
    """Says the same of every pair, or what a function makes of its planes."""

    def __init__(self, chance: Tensor | Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._chance = chance

    def forward(self, planes: Tensor, prior: Tensor, null: Tensor) -> Tensor:
        assert not prior.any()
        chance = self._chance(planes) if callable(self._chance) else self._chance
        return torch.logit(chance.expand(len(planes), 1, *planes.shape[-2:]), eps=1e-6)


def real(samples: int = 1) -> Tensor:
    planes = torch.full((samples, COUNT, SIDE, SIDE), 100, dtype=torch.uint8)
    planes[:, -1] = 1
    return planes


def labels(chance: Tensor | Callable[[Tensor], Tensor], planes: Tensor) -> tuple[np.ndarray, np.ndarray]:
    mask, unsure = pseudo_labels(Teacher(chance), planes, torch.zeros(len(planes), 5, 2))
    return mask[:, 0].numpy(), unsure[:, 0].numpy()


def chances(*sure: float, rest: float = 0.01) -> Tensor:
    """One picture: `sure` in the first places of its middle row, twice mirrored, so that nothing moves."""
    plane = torch.full((SIDE, SIDE), rest)
    for place, value in enumerate(sure):
        for rows in (place, SIDE - 1 - place):
            plane[rows] = value
    return plane[None, None]


@pytest.mark.parametrize(("chance", "sure"), [(0.01, True), (-0.01, False)])
def test_a_place_is_labelled_where_the_teacher_is_sure(chance: float, sure: bool) -> None:
    mask, unsure = labels(chances(0.99, 0.99, SURE + chance), real())
    assert mask[0, 2].all()
    assert unsure[0, 2].all() != sure
    assert not unsure[0, [0, 1, 3]].any()
    mask, unsure = labels(chances(0.99, 0.99, 1 - SURE - chance), real())
    assert not mask[0, 2].any()
    assert unsure[0, 2].all() != sure


def test_where_the_original_has_no_pixel_nothing_is_labelled() -> None:
    planes = real()
    planes[:, -1, 5] = 0
    _, unsure = labels(chances(0.99), planes)
    assert unsure[0, 5].all()
    assert unsure.mean() == pytest.approx(1 / SIDE)


def test_a_pair_of_doubtful_quality_teaches_nothing() -> None:
    # of the rows that are noticed (above 1/16), the share that is certain (above 15/16)
    for certain, doubted in ((2, 1), (1, 2)):
        _, unsure = labels(chances(*[0.99] * certain, *[0.92] * doubted), real())
        assert unsure.all() == (certain / (certain + doubted) < LEAST_QES)


def test_a_pair_of_which_nearly_all_is_marked_teaches_nothing() -> None:
    few, many = torch.full((1, 1, 40, 40), 0.99), torch.full((1, 1, 40, 40), 0.99)
    few[..., :4] = few[..., -4:] = 0.01  # 80 % is left
    many[..., :1] = many[..., -1:] = 0.01  # 95 %
    planes = real()[..., :1, :1].expand(1, COUNT, 40, 40)
    for chance, share in ((few, 0.8), (many, 0.95)):
        _, unsure = labels(chance, planes)
        assert unsure.all() == (share > MOST_AREA)


def test_a_pair_in_which_nothing_is_noticed_is_sure_to_be_unedited() -> None:
    mask, unsure = labels(chances(), real())
    assert not mask.any()
    assert not unsure.any()


def test_a_label_is_the_mean_over_four_mirrorings() -> None:
    def left(planes: Tensor) -> Tensor:
        """Whatever it is shown, it marks the left upper quarter."""
        chance = torch.full((len(planes), 1, SIDE, SIDE), 0.01)
        chance[..., : SIDE // 2, : SIDE // 2] = 0.99
        return chance

    mask, unsure = labels(left, real())
    assert not mask.any()  # every quarter was marked once in four
    assert unsure.all()

    def bright(planes: Tensor) -> Tensor:
        return torch.where(planes[:, :1] > 150, 0.99, 0.01)

    planes = real()
    planes[:, 0, :3, :2] = 200
    mask, unsure = labels(bright, planes)
    assert np.array_equal(mask[0] > 0, planes[0, 0].numpy() > 150)
    assert not unsure.any()


def test_each_pair_is_judged_by_itself() -> None:
    both = torch.cat([chances(0.99), chances(0.92, 0.92)])
    _, unsure = labels(both, real(2))
    assert not unsure[0].any()
    assert unsure[1].all()


def test_shaking_treats_both_pictures_alike_and_leaves_the_valid_plane() -> None:
    planes = drawn(6)["planes"]
    planes[:, 3:6] = planes[:, :3]
    planes[:, -1] %= 2
    torch.manual_seed(1)
    found = shaken(planes)
    assert (found.dtype, found.shape) == (planes.dtype, planes.shape)
    assert torch.equal(found[:, :3], found[:, 3:6])
    assert torch.equal(found[:, -1], planes[:, -1])
    assert not torch.equal(found[:, :3], planes[:, :3])
    assert not torch.equal(found[:, 6:-1], planes[:, 6:-1])
    assert (found[:, 6:-1][planes[:, 6:-1] == 0] == 0).all()  # what is nothing stays nothing


def test_shaking_follows_torchs_generator() -> None:
    planes = drawn(2)["planes"]
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(shaken(planes))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def parts(**changed: Tensor) -> tuple[Seen, Tensor, Tensor]:
    """Certain and right about a square of 64 px; edit features only there, noise features across them."""
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 16:48, 16:48] = 1
    half = WIDTHS[REFINED] // 2
    edit, noise = torch.zeros(2, 1, half, 8, 8)
    edit[:, 0, 2:6, 2:6] = 1.0
    noise[:, 1] = 1.0
    odds = 60 * mask - 30
    told = {"odds": odds, "plain": odds, "edit": edit, "noise": noise, "swapped": odds, **changed}
    return Seen(**told), mask, torch.zeros_like(mask)


def test_disentangled_features_cost_nothing() -> None:
    assert float(disentangling(*parts())) == pytest.approx(0, abs=1e-5)


def test_edit_features_outside_the_edit_cost_by_their_size() -> None:
    seen, mask, ignore = parts()
    edit = seen.edit.clone()
    edit[:, 3, 0] = -2.0  # 8 of the 48 places outside, one channel of all
    found = float(disentangling(seen._replace(edit=edit), mask, ignore))
    assert found == pytest.approx(QUIET * 16 / (49 * edit.shape[1]), rel=1e-4)
    ignore[..., :8, :] = 1
    assert float(disentangling(seen._replace(edit=edit), mask, ignore)) == pytest.approx(0, abs=1e-5)


def test_features_that_are_alike_cost_and_so_does_a_mask_that_hangs_on_the_noise() -> None:
    seen, mask, ignore = parts()
    alike = float(disentangling(seen._replace(noise=seen.edit), mask, ignore))
    assert alike == pytest.approx(APART * 16 / 64, rel=1e-3)  # both are nothing at all other places
    opposed = float(disentangling(seen._replace(noise=-seen.edit), mask, ignore))
    assert opposed == pytest.approx(alike)
    swapped = float(disentangling(seen._replace(swapped=0 * seen.odds), mask, ignore))
    assert swapped == pytest.approx(SWAPPED * float(mask_loss(0 * seen.odds, mask, ignore)), rel=1e-4)


NULL = torch.tensor([[0.1, 0.02]] * 5)


def task_of(folder: Path, cache: Path, recipe: Recipe, name: str = "sigma") -> SigmaTask:
    made = SigmaTask(name, recipe, shared(folder), seed=0, batch=8, reuse=2, cache=cache, workers=0)
    rng = np.random.default_rng(0)
    for number in range(2):
        planes = rng.integers(0, 256, (made.drawn.stream.samples, COUNT, SIDE, SIDE), dtype=np.uint8)
        mask = np.zeros((made.drawn.stream.samples, SIDE, SIDE), np.uint8)
        mask[:, 2:6, 2:6] = 255
        write_shard(shard_path(cache, made.drawn.stream, number), Shard(planes, mask, 0 * mask))
    return made


@pytest.fixture
def task(folder: Path, tmp_path: Path) -> Iterator[SigmaTask]:
    """A task whose samples are in the cache already, with three real pairs of one value each."""
    pairs = [
        Sample(np.full((COUNT, 4, 4), value, np.uint8), *np.zeros((2, 4, 4), np.uint8)) for value in (7, 8, 9)
    ]
    with contextlib.closing(task_of(folder, tmp_path, Recipe(nn.Identity(), NULL, pairs))) as made:
        yield made


def test_the_batch_of_a_step_follows_from_the_step_and_holds_a_quarter_of_real_pairs(task: SigmaTask) -> None:
    first, again, other = task.batch(3), task.batch(3), task.batch(4)
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["planes"], other["planes"])
    assert len(first["real"]) == len(first["planes"]) // REAL == 2
    assert set(first["real"][:, 0].unique().tolist()) <= {0, 7, 8, 9}  # 0: beside a small pair
    assert first["step"].tolist() == [3.0, 3.0]
    assert first["prior"].shape == first["mask"].shape


def test_null_distances_are_those_of_the_recipe_each_a_little_otherwise(task: SigmaTask) -> None:
    found = torch.cat([task.batch(step)["null"] for step in range(20)])
    assert found.shape == (160, 5, 2)
    ratio = (found / NULL).log()
    assert float(ratio.mean()) == pytest.approx(0, abs=0.03)
    assert float(ratio.std()) == pytest.approx(0.3, abs=0.03)


def test_without_real_pairs_a_batch_has_none(folder: Path, tmp_path: Path) -> None:
    with contextlib.closing(task_of(folder, tmp_path, Recipe(nn.Identity(), NULL))) as made:
        assert set(made.batch(0)) == {"planes", "mask", "ignore", "prior", "null", "order"}


def test_what_a_recipe_tells_sets_a_run_apart(folder: Path, tmp_path: Path) -> None:
    one = task_of(folder, tmp_path, Recipe(nn.Identity(), NULL, told={"stage": 1}))
    two = task_of(folder, tmp_path, Recipe(nn.Identity(), NULL, told={"stage": 2}))
    with contextlib.closing(one), contextlib.closing(two):
        assert one.settings != two.settings
        assert {**one.settings, "stage": 2} == two.settings
