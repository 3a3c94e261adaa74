from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import InputError  # noqa: E402
from maskwright.learning import task as tasks  # noqa: E402
from maskwright.learning.export import export  # noqa: E402
from maskwright.learning.finish import Exported, smaller  # noqa: E402
from maskwright.learning.networks.compact import Compact  # noqa: E402
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.learning.stream import Sample, Shard, Stream, shard_path, write_shard  # noqa: E402
from maskwright.learning.task import CompactTask, DrawPair, colour_planes, varied  # noqa: E402
from maskwright.masks.annotators import rule  # noqa: E402
from maskwright.masks.annotators.planes import CHANNELS, ODDS_CODE, ODDS_ZERO  # noqa: E402


def sample(seed: int = 0) -> Sample:
    rng = np.random.default_rng(seed)
    planes = rng.integers(0, 256, (len(CHANNELS), 12, 12), dtype=np.uint8)
    return Sample(planes, planes[0].copy(), planes[1].copy())


def test_a_drawn_pair_is_seen_as_the_annotator_sees_it(folder: Path) -> None:
    shares = shared(folder)
    drawn = []
    for seed in range(12):
        with contextlib.suppress(InputError):  # now and then a pair cannot be aligned
            drawn.append(DrawPair(shares.learnt)(np.random.default_rng(seed)))
    assert len(drawn) >= 8
    assert all(each.planes.shape == (len(CHANNELS), *each.mask.shape) for each in drawn)
    edited = [each for each in drawn if (each.mask >= 128).any()]
    assert len(edited) >= 2
    inside, outside = [], []
    for each in edited:
        odds = each.planes[CHANNELS.index("odds")].astype(float)
        inside.append(odds[each.mask >= 128].mean())
        outside.append(odds[(each.mask == 0) & (each.ignore == 0)].mean())
    assert np.mean(inside) > np.mean(outside) + 8  # an edit raises the odds: mask and planes fit


def test_turning_keeps_planes_and_mask_together() -> None:
    for seed in range(16):
        turned = varied(sample(), (), np.random.default_rng(seed))
        np.testing.assert_array_equal(turned.planes[0], turned.mask)
        np.testing.assert_array_equal(turned.planes[1], turned.ignore)


def test_all_eight_ways_to_lay_a_square_occur() -> None:
    ways = {varied(sample(), (), np.random.default_rng(seed)).mask.tobytes() for seed in range(100)}
    assert len(ways) == 8


def test_colours_are_exchanged_in_the_same_way_in_both_pictures() -> None:
    colours = colour_planes(CHANNELS)
    assert len(colours) == 2
    plain = sample()
    orders = set()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        mixed = varied(plain, colours, rng)
        stack = np.stack([plain.planes[place] for places in colours for place in places])
        found = [
            next(
                number
                for number in range(6)
                if sorted(stack[number].ravel()) == sorted(mixed.planes[place].ravel())
            )
            for places in colours
            for place in places
        ]
        assert found[:3] == [number - 3 for number in found[3:]]
        orders.add(tuple(found[:3]))
    assert len(orders) == 6


def test_planes_that_are_no_colours_stay_in_their_places() -> None:
    colours = colour_planes(CHANNELS)
    moving = {place for places in colours for place in places}
    mixed = varied(sample(), colours, np.random.default_rng(0))
    for place in set(range(len(CHANNELS))) - moving:
        assert sorted(mixed.planes[place].ravel()) == sorted(sample().planes[place].ravel())


@pytest.fixture
def task(folder: Path, tmp_path: Path) -> Iterator[CompactTask]:
    """A task whose shards are in the cache already; every value of shard k is k."""
    made = CompactTask(shared(folder), seed=0, batch=16, reuse=2, cache=tmp_path, workers=0)
    stream: Stream = made.drawn.stream
    for number in range(12):
        plain = np.full((stream.samples, 1, 4, 4), number, np.uint8)
        planes = np.repeat(plain, len(CHANNELS), axis=1)
        write_shard(shard_path(tmp_path, stream, number), Shard(planes, plain[:, 0], plain[:, 0]))
    with contextlib.closing(made):
        yield made


@pytest.mark.parametrize(
    ("module", "name", "value"), [(tasks, "RECIPE", 99), (rule, "constants", lambda: b"another rule")]
)
def test_shards_are_made_anew_for_another_recipe_or_rule(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: object
) -> None:
    names = []
    for _ in range(2):
        task = CompactTask(shared(folder), seed=0, batch=1, reuse=1, cache=tmp_path, workers=0)
        names.append(task.drawn.stream.name)
        monkeypatch.setattr(module, name, value)
    assert names[0] != names[1]


def test_the_batch_of_a_step_follows_from_the_step(task: CompactTask) -> None:
    for step in (0, 333):
        first, again = (task.batch(step) for _ in range(2))
        assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(task.batch(100)["mask"], task.batch(101)["mask"])


def test_shards_are_drawn_from_as_often_as_samples_are_reused(task: CompactTask) -> None:
    per_shard = task.drawn.stream.samples * 2 // 16
    drawn: dict[int, int] = {}
    for step in range(10 * per_shard):
        for value in task.batch(step)["mask"][:, 0, 0, 0].tolist():
            drawn[value] = drawn.get(value, 0) + 1
    # shards 3 and 4 have come and gone; the first ones are drawn from more often, as there is nothing else
    for number in (3, 4):
        assert drawn[number] == pytest.approx(2 * task.drawn.stream.samples, rel=0.35)
    assert max(drawn) == 9


def test_batches_may_be_asked_for_from_any_step_on(task: CompactTask) -> None:
    far = 8 * task.drawn.stream.samples * 2 // 16
    values = set(task.batch(far)["mask"].unique().tolist())
    assert values <= set(range(3, 9))
    assert len(values) > 2


def pairs_whose_odds_are(odds: int) -> list[Sample]:
    """One pair: every second place each way is edited and has these log odds, all others their negative."""
    mask = np.zeros((64, 64), np.uint8)
    mask[::2, ::2] = 255
    planes = np.zeros((len(CHANNELS), 64, 64), np.uint8)
    planes[CHANNELS.index("odds")] = ODDS_ZERO + ODDS_CODE * np.where(mask, odds, -odds)
    return [Sample(planes, mask, np.zeros_like(mask))]


@pytest.mark.parametrize("kept_suffer", [False, True])
def test_the_kept_pairs_decide_on_eight_bits_and_the_held_ones_only_measure(
    tmp_path: Path, kept_suffer: bool
) -> None:
    network = Compact((4, 4), (0, 0))
    # one value so large that eight bits round small ones beside it to 0: weak odds suffer
    assert network.head.bias is not None
    network.head.bias.data = torch.tensor([2000.0, 0, 0, 0])
    weak, strong = pairs_whose_odds_are(2), pairs_whose_odds_are(14)
    kept, held = (weak, strong) if kept_suffer else (strong, weak)
    exact, path = tmp_path / "exact.onnx", tmp_path / "small.onnx"
    exported = Exported("small", network.settled())
    export(
        exported.network,
        exact,
        exported.given(weak[0].planes[None]),
        moving=exported.moving,
    )
    figures = smaller(exact, path, kept=kept, held=held, rng=np.random.default_rng(0), exported=exported)
    assert figures["f1_fp32"] == figures["f1_kept_fp32"] == 1
    assert (figures["f1_kept_int8"] < 0.9) == kept_suffer
    assert (figures["f1_int8"] < 0.9) == (not kept_suffer)
    assert (path.read_bytes() == exact.read_bytes()) == kept_suffer
