from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import SettingError  # noqa: E402
from maskwright.learning.detector_task import (  # noqa: E402
    NETWORKS,
    DetectorTask,
    DrawExhibit,
    Known,
    Sizes,
    _found,
    build,
    check_known,
)
from maskwright.learning.exhibits import balanced, shared_exhibits  # noqa: E402
from maskwright.learning.laundering import STEPS, laundered  # noqa: E402
from maskwright.learning.losses import detector_loss  # noqa: E402
from maskwright.synthesis.steps import Made  # noqa: E402
from tests.learning.exhibited import dataset  # noqa: E402


class Small(torch.nn.Module):
    """One convolution on all the network is asked for; `more` auxiliary maps while it learns."""

    def __init__(self, side: int | None = None, *, whole: bool = False, more: int = 0) -> None:
        super().__init__()
        self.side, self.whole, self.margin, self.multiple, self.more = side, whole, 1, 2, more
        self.see = torch.nn.Conv2d(3, 1 + more, 3, padding=1)
        self.frozen = torch.nn.Conv2d(1, 1, 1).requires_grad_(False)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        odds = self.see(picture.float() / 255)
        return odds if self.training else odds[:, :1]


def task_on(place: Path, first: torch.nn.Module) -> DetectorTask:
    return DetectorTask(
        "small",
        Known("nothing:at_all", auxiliary=0.4),
        first,
        shared_exhibits(dataset(place / "data"), None, place / "files"),
        told={},
        seed=3,
        batch=8,
        reuse=2,
        cache=place / "cache",
        workers=0,
        sizes=Sizes(samples=6, side=32, pictures=5, whole=64),
    )


def fill(task: DetectorTask, shards: int = 1) -> None:
    """Make in this process what workers would make: starting them takes seconds."""
    from maskwright.learning.stream import make_shard

    makers = task.drawn._makers
    streams = (*[makers.stream] * shards, task.drawn._held, task.drawn._kept)
    for stream, number in zip(streams, (*range(shards), 0, 0), strict=True):
        make_shard(makers._cache, stream, number, lambda done: None)


def test_windows_of_pictures_come_with_their_masks(tmp_path: Path) -> None:
    task = task_on(tmp_path, Small())
    fill(task)
    batch = task.batch(0)
    assert batch["planes"].shape == (8, 3, 32, 32)
    assert batch["mask"].shape == batch["ignore"].shape == (8, 1, 32, 32)
    assert all(each.dtype == torch.uint8 for each in batch.values())
    inside, marked = batch["planes"].float().std(dim=1), batch["mask"][:, 0] > 0
    assert marked.any()
    # the boxes are grey: laundered or not, their colours hardly differ
    assert inside[marked].median() < 3 < inside[~marked].median()
    assert {name: value.tolist() for name, value in task.batch(0).items()} == {
        name: value.tolist() for name, value in batch.items()
    }


def test_a_network_that_sees_whole_pictures_gets_them_as_its_square(tmp_path: Path) -> None:
    task = task_on(tmp_path, Small(48, whole=True))
    fill(task)
    assert task.batch(0)["planes"].shape == (8, 3, 48, 48)
    assert all(each.planes.shape == (3, 48, 48) for each in [*task.held, *task.kept])
    assert not any((each.ignore > 0).any() for each in task.held)


def test_what_measures_is_not_laundered(tmp_path: Path) -> None:
    task = task_on(tmp_path, Small())
    fill(task)
    for each in [*task.held, *task.kept]:
        assert (each.planes[:, (each.mask > 0) & (each.ignore == 0)] == 120).all()


def test_every_auxiliary_map_has_its_loss(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Small(more=2).train()
    task = task_on(tmp_path, network)
    rng = np.random.default_rng(0)
    batch = {
        name: torch.from_numpy(rng.integers(0, 256, (2, channels, 8, 8), dtype=np.uint8))
        for name, channels in (("planes", 3), ("mask", 1), ("ignore", 1))
    }
    odds = network(batch["planes"])
    final, one, two = (
        detector_loss(odds[:, place : place + 1], batch["mask"] / 255, batch["ignore"] / 255)
        for place in range(3)
    )
    assert task.loss(network, batch, network).item() == pytest.approx(
        (final + 0.4 * (one + two) / 2).item(), rel=1e-5
    )


def test_forged_pictures_are_half_of_what_is_drawn(tmp_path: Path) -> None:
    shares = shared_exhibits(dataset(tmp_path / "data"), None, tmp_path / "files")
    some = [each for each in shares.learnt if each.forged][:3] + [
        each for each in shares.learnt if not each.forged
    ]
    maker = pickle.loads(pickle.dumps(DrawExhibit(balanced(some), False, None)))
    forged = [maker(np.random.default_rng(seed)).mask.any() for seed in range(200)]
    assert 70 < sum(forged) < 130


@pytest.mark.parametrize("kind", STEPS)
def test_every_kind_of_laundering_leaves_the_mask_over_the_edit(kind: str) -> None:
    picture = np.full((90, 120, 3), 60, np.uint8)
    mask = np.zeros((90, 120), np.bool_)
    mask[20:60, 30:80] = True
    picture[mask] = 190
    for seed in range(5):
        rng = np.random.default_rng(seed)
        made = STEPS[kind][1](rng)(Made(picture, picture, mask, mask & False), rng)
        assert made.edited.shape[:2] == made.mask.shape
        bright = made.edited[..., 1] > 125
        assert (bright != made.mask).mean() < 0.02


def test_a_share_of_the_pictures_is_not_laundered() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    made = Made(picture, picture, np.zeros((40, 40), np.bool_), np.zeros((40, 40), np.bool_))
    left = [
        np.array_equal(laundered(made, np.random.default_rng(seed)).edited, picture)
        if laundered(made, np.random.default_rng(seed)).edited.shape == picture.shape
        else False
        for seed in range(100)
    ]
    assert 25 < sum(left) < 55


def test_every_network_that_can_be_trained_is_known_to_those_that_detect() -> None:
    from maskwright.detectors import DETECTORS

    assert set(NETWORKS) <= set(DETECTORS)
    for known in NETWORKS.values():
        assert callable(_found(known.builder))
        assert callable(_found(known.loss))


def test_a_backbone_is_asked_for_where_it_is_needed_and_refused_where_it_is_not() -> None:
    with pytest.raises(SettingError, match="stands on no backbone"):
        check_known("compact-detector", "somewhere")
    with pytest.raises(SettingError, match="mfpt stands on a backbone"):
        check_known("mfpt", None)
    with pytest.raises(SettingError, match="any size"):
        build(check_known("compact-detector", None), None, 512)


@pytest.mark.slow
def test_frozen_weights_are_neither_trained_nor_stored(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    from maskwright.learning.loop import Schedule, run
    from maskwright.learning.ranks import joined

    def trained(out: Path, stop: int = 99) -> Mapping[str, torch.Tensor]:
        out.mkdir(exist_ok=True)
        torch.manual_seed(1)
        first = Small()
        before = first.frozen.weight.clone()
        task = task_on(tmp_path, first)
        fill(task, shards=4)

        def progress(lap: object) -> None:
            if getattr(lap, "step", 0) >= stop:
                raise KeyboardInterrupt

        with joined() as ranks:
            schedule = Schedule(steps=4, save_every_s=0, weight_decay=0.5)
            network = run(task, schedule, out, ranks, progress=progress).network
        assert torch.equal(network.get_parameter("frozen.weight"), before)
        return network.state_dict()

    whole = trained(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "halves", stop=2)
    resumed = trained(tmp_path / "halves")
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    (stored,) = (tmp_path / "whole").glob("checkpoint-*.safetensors")
    assert not any("frozen" in name for name in load_file(stored))
    assert any("see" in name for name in load_file(stored))
