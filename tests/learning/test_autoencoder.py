from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import InputError  # noqa: E402
from maskwright.learning.autoencoder import AutoencoderTask, remembering_loss  # noqa: E402
from maskwright.learning.networks.autoencoder import LATENT, Autoencoder  # noqa: E402
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.synthesis.photos import Photo  # noqa: E402


def test_it_remembers_an_eighth_of_the_size_in_four_channels() -> None:
    network = Autoencoder()
    latent = network.encoder(torch.zeros(1, 3, 64, 48))
    assert latent.shape == (1, LATENT, 8, 6)
    assert network(torch.zeros(1, 3, 64, 48)).shape == (1, 3, 64, 48)
    assert 500_000 < sum(each.numel() for each in network.parameters()) < 1_000_000


def test_outside_of_training_values_stay_in_0_to_1() -> None:
    torch.manual_seed(0)
    network = Autoencoder()
    torch.nn.init.normal_(network.decoder[-2].weight, std=3.0)
    with torch.inference_mode():
        learning, done = network.train()(torch.rand(1, 3, 32, 32)), network.eval()(torch.rand(1, 3, 32, 32))
    assert learning.min() < 0
    assert done.min() >= 0
    assert done.max() <= 1


def test_a_batch_is_crops_of_the_photographs_and_follows_from_the_step(folder: Path) -> None:
    shares = shared(folder)
    task = AutoencoderTask(shares.learnt, shares.held, seed=0, batch=10)
    batch = task.batch(3)["picture"]
    assert batch.shape == (10, 3, 128, 128)
    assert batch.dtype == torch.uint8
    assert torch.equal(batch, task.batch(3)["picture"])
    assert not torch.equal(batch, task.batch(4)["picture"])
    assert len({each.numpy().tobytes() for each in batch}) >= 3  # four of one photograph, some the same


def test_photographs_that_cannot_be_read_are_passed_over(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    broken = Photo(str(tmp_path / "broken.png"))
    photos = [broken, *shared(folder).learnt[:1]]
    assert AutoencoderTask(photos, photos, seed=0, batch=9).batch(0)["picture"].shape[0] == 9
    with pytest.raises(InputError, match="none of the photographs can be read"):
        AutoencoderTask([broken], photos, seed=0, batch=1).batch(0)


def test_held_photographs_that_cannot_be_read_or_are_tiny_are_not_measured(
    folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    (tmp_path / "tiny.png").write_bytes(cv2.imencode(".png", np.zeros((5, 40, 3), np.uint8))[1].tobytes())
    useless = [Photo(str(tmp_path / name)) for name in ("broken.png", "tiny.png")]
    good = shared(folder).held[:1]
    task = AutoencoderTask(good, [*useless, *good], seed=0, batch=1)
    assert [each.shape[:2] for each in task.middles] == [(1, 3)]
    with pytest.raises(InputError, match="none of the photographs that measure"):
        AutoencoderTask(good, useless, seed=0, batch=1).middles  # noqa: B018


def test_its_figure_is_the_peak_signal_to_noise_ratio(folder: Path) -> None:
    shares = shared(folder)
    task = AutoencoderTask(shares.learnt, shares.held[:2], seed=0, batch=1)

    class Darker(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.by = torch.nn.Parameter(torch.tensor(0.1))

        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            return picture - self.by

    with torch.inference_mode():
        assert task.evaluate(Darker())["psnr"] == pytest.approx(20, abs=0.01)  # -20 log10(0.1)


def test_the_loss_is_0_for_the_same_picture_and_sees_blurred_edges() -> None:
    picture = torch.from_numpy(np.kron(np.eye(4), np.ones((8, 8))).astype(np.float32))[None, None]
    blurred = torch.nn.functional.avg_pool2d(picture, 3, 1, 1)
    shifted = picture + (blurred - picture).abs().mean()  # as far away, with all its edges
    assert float(remembering_loss(picture, picture)) == 0
    pixels = (blurred - picture).abs().mean()
    edges = sum((blurred.diff(dim=axis) - picture.diff(dim=axis)).abs().mean() for axis in (2, 3))
    pooled = sum(torch.nn.functional.avg_pool2d(blurred - picture, size).abs().mean() for size in (2, 4))
    expected = float(pixels + 0.5 * edges + 0.5 * pooled)
    assert float(remembering_loss(blurred, picture)) == pytest.approx(expected, rel=1e-5)
    assert float(remembering_loss(shifted, picture)) == pytest.approx(2 * float(pixels), rel=1e-4)


def test_a_run_tells_its_photographs_from_as_many_others(folder: Path) -> None:
    photos = shared(folder).learnt
    one, other = (AutoencoderTask(some, photos, seed=0, batch=1) for some in (photos[1:], photos[:-1]))
    assert one.settings == AutoencoderTask(photos[1:], photos, seed=0, batch=1).settings
    assert one.settings != other.settings
