from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.learning.networks.compact_detector import (  # noqa: E402
    COLOURS,
    MARGIN,
    MULTIPLE,
    RESIDUAL,
    CompactDetector,
    reach,
    residual_kernels,
)
from tests.contracts.annotator import textured  # noqa: E402


def lively(seed: int = 0) -> CompactDetector:
    """A network whose head says something, and whose norms have seen something."""
    torch.manual_seed(seed)
    network = CompactDetector()
    with torch.no_grad():
        network.head.weight.normal_(0, 0.1)
        for name, buffer in network.named_buffers():
            if name.endswith("running_var"):
                buffer.uniform_(0.01, 0.1)
    return network.eval()


def planes(seed: int, side: int) -> torch.Tensor:
    return torch.from_numpy(textured(seed, side, side).transpose(2, 0, 1)[None].copy())


def test_it_gives_log_odds_of_every_pixel() -> None:
    with torch.inference_mode():
        odds = lively()(torch.cat([planes(0, 64), planes(1, 64)]))
    assert odds.shape == (2, 1, 64, 64)
    assert odds.dtype == torch.float32
    assert odds.std() > 0


def test_it_begins_by_saying_nothing() -> None:
    with torch.inference_mode():
        assert not CompactDetector().eval()(planes(0, 32)).any()


def test_its_log_odds_do_not_end_where_its_last_level_is_below_zero() -> None:
    network = lively()
    with torch.no_grad():
        dict(network.up[0].named_parameters())["1.weight"].fill_(1e-6)
        dict(network.up[0].named_parameters())["1.bias"].fill_(-1.0)
        odds = network(planes(0, 64))
    assert odds[..., 8:-8, 8:-8].std() > 1e-6


def test_settled_it_computes_the_same() -> None:
    network = lively()
    with torch.inference_mode():
        one, other = network(planes(2, 96)), network.settled()(planes(2, 96))
    assert one.std() > 0.01
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_its_first_convolution_is_what_it_says_residuals_and_colours_after_each_other() -> None:
    network = lively()
    picture = planes(3, 32).float()
    padded = torch.nn.functional.pad(picture, (3, 3, 3, 3), mode="replicate")
    residuals = []
    for kernel in residual_kernels():
        flat = kernel - kernel.mean()
        for colour in range(COLOURS):
            plane = padded[:, colour : colour + 1]
            residuals.append(torch.nn.functional.conv2d(plane, flat[None, None] / RESIDUAL))
    colours = (padded[:, :, 2:-2, 2:-2] - 128) / 128
    expected = torch.nn.functional.conv2d(
        torch.cat([colours, *residuals], 1), network.stem.weight, network.stem.bias, stride=2
    ).relu()
    with torch.inference_mode():
        torch.testing.assert_close(network._seen(planes(3, 32)), expected, rtol=1e-4, atol=1e-4)


def test_residuals_are_blind_to_flat_colour_even_after_learning() -> None:
    network = lively()
    with torch.no_grad():
        network.filters.add_(torch.randn_like(network.filters))
        network.stem.weight[:, :COLOURS] = 0
        weight, _ = network._weights_on_bytes()
    assert weight.abs().max() > 0.01
    assert weight.sum((-2, -1)).abs().max() < 1e-4


def test_the_smallest_residual_is_the_second_difference() -> None:
    line = np.random.default_rng(0).normal(size=9)
    kernel = residual_kernels()[0][2].numpy()
    found = [float(kernel @ line[place : place + 5]) for place in range(5)]
    expected = [(line[place + 1] + line[place + 3]) / 2 - line[place + 2] for place in range(5)]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert residual_kernels().sum((-2, -1)).abs().max() < 1e-6


def test_a_pixel_is_not_seen_from_beyond_the_margin_but_from_nearly_there() -> None:
    side, at = 640, 320
    network = lively()
    picture = planes(4, side).float().requires_grad_()
    network(picture)[0, 0, at : at + MULTIPLE, at : at + MULTIPLE].sum().backward()
    seen = np.argwhere(picture.grad[0].abs().sum(0).numpy() > 0)
    reached = max(at - seen.min(), seen.max() - (at + MULTIPLE - 1))
    assert 0.8 * reach() < reached <= reach() <= MARGIN


def test_it_fits_into_six_megabytes_as_it_is() -> None:
    assert 4 * sum(each.numel() for each in CompactDetector().parameters()) < 6e6
