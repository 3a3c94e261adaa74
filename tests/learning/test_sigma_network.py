"""SIGMA's head: from compact's log odds on, lifted by a prior where there is evidence, nowhere lowered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytest.importorskip("onnx", reason="networks are exported with onnx")

from maskwright.learning.export import Inputs, check, export  # noqa: E402
from maskwright.learning.networks.sigma import EVIDENCE, LIFT, REFINED, WIDTHS, Seen, Sigma  # noqa: E402
from tests.learning.heads import LAYERS, MOVING, compact, inputs, lively, sigma  # noqa: E402


def said(network: Sigma, given: Inputs) -> np.ndarray:
    with torch.inference_mode():
        return network(*map(torch.from_numpy, given.values())).numpy()


def learning(network: Sigma, *given: Inputs) -> Seen:
    """What a batch of pairs gives while the network learns."""
    joined = [
        torch.cat([torch.from_numpy(each[name]) for each in given]) for name in ("planes", "prior", "null")
    ]
    found = network.train()(*joined)
    assert isinstance(found, Seen)
    return found


def test_it_starts_from_the_log_odds_of_the_compact_network_exactly() -> None:
    given = inputs()
    with torch.inference_mode():
        expected = compact()(torch.from_numpy(given["planes"])).numpy()
    assert np.ptp(expected) > 5
    np.testing.assert_array_equal(said(sigma(), given), expected)


def test_a_head_that_has_learned_says_something_else() -> None:
    given = inputs()
    assert np.abs(said(lively(sigma()), given) - said(sigma(), given)).max() > 0.1


@pytest.fixture(scope="module")
def head() -> Sigma:
    return lively(sigma())


def test_a_prior_lifts_by_no_more_than_the_evidence_lets_it(head: Sigma) -> None:
    plain, raised = (said(head, inputs(prior=value)) for value in (0, 255))
    lift = raised - plain
    assert lift.min() >= 0
    assert lift.max() > 0.5
    assert (lift <= LIFT / (1 + np.exp(-plain.astype(float) - EVIDENCE)) + 1e-4).all()


def test_half_a_prior_lifts_by_at_most_half_of_that(head: Sigma) -> None:
    plain, raised = (said(head, inputs(prior=value)) for value in (0, 128))
    lift = raised - plain
    assert lift.max() > 0.1
    assert (lift <= 128 / 255 * LIFT / (1 + np.exp(-plain.astype(float) - EVIDENCE)) + 1e-4).all()


def test_a_prior_adds_nothing_where_it_is_not(head: Sigma) -> None:
    given = dict(inputs())
    given["prior"] = given["prior"].copy()
    given["prior"][..., :60] = 255
    lift = said(head, given) - said(head, inputs())
    assert (lift[..., 60:] == 0).all()
    assert lift[..., :60].max() > 0.1


def test_whatever_the_odds_the_lift_is_bounded_by_the_evidence(head: Sigma) -> None:
    generator = torch.Generator().manual_seed(0)
    plain = 60 * torch.rand(2, 1, 64, 96, generator=generator) - 30
    prior = torch.rand(plain.shape, generator=generator)
    level = 20 * torch.randn(2, WIDTHS[REFINED], 8, 12, generator=generator)
    with torch.inference_mode():
        lift = (head.lifted(plain, level, prior) - plain).numpy().astype(float)
    assert lift.min() >= -1e-5
    assert lift.max() <= LIFT
    assert (lift <= LIFT * prior.numpy() / (1 + np.exp(-plain.numpy() - EVIDENCE)) + 1e-5).all()
    assert lift[plain.numpy() < -12].max() < 0.001


def test_the_compact_network_stays_as_it_is() -> None:
    network = lively(sigma())
    before = {name: value.clone() for name, value in network.encoder.state_dict().items()}
    found = learning(network, inputs(1), inputs(2))
    assert network.training
    assert not any(module.training for module in network.encoder.modules())
    (found.odds.sum() + found.edit.sum()).backward()
    assert all(weight.grad is None for weight in network.encoder.parameters())
    learned = [name for name, weight in network.named_parameters() if weight.grad is not None]
    own = [name for name, _ in network.named_parameters() if not name.startswith("encoder.")]
    assert learned == own
    assert all(torch.equal(value, before[name]) for name, value in network.encoder.state_dict().items())


def test_while_it_learns_it_tells_parts_on_the_grids_that_are_promised() -> None:
    given = inputs(rows=2, columns=3, prior=255)
    found = learning(lively(sigma()), given, given)
    height, width = given["planes"].shape[-2:]
    for each in (found.odds, found.plain, found.swapped):
        assert (each.shape, each.dtype) == ((2, 1, height, width), torch.float32)
    for each in (found.edit, found.noise):
        assert each.shape == (2, WIDTHS[REFINED] // 2, height // 8, width // 8)
    assert torch.equal(found.swapped, found.plain)  # it was not made to swap


def test_what_it_says_without_a_prior_does_not_see_the_prior() -> None:
    network = lively(sigma())
    without, with_ = (learning(network, inputs(prior=value)) for value in (0, 255))
    assert torch.equal(without.plain, with_.plain)
    assert torch.equal(without.odds, without.plain)
    assert not torch.equal(with_.odds, with_.plain)


def test_the_noise_of_another_sample_is_swapped_in() -> None:
    network = lively(sigma(swaps=True))
    one, two = inputs(1), inputs(2)
    found = learning(network, one, two)
    assert float((found.swapped - found.plain).detach().abs().max()) > 1e-3
    alike = learning(network, one, one)
    torch.testing.assert_close(alike.swapped, alike.plain)


@pytest.mark.slow
def test_the_file_says_what_torch_says_on_odd_multiples_of_thirty_two(head: Sigma, tmp_path: Path) -> None:
    path = export(head, tmp_path / "head.onnx", inputs(), moving=MOVING)
    others = [inputs(3, 1, 1, prior=255), inputs(4, 5, 3), inputs(5, 3, 1, prior=90)]
    two = {name: np.concatenate([array, array]) for name, array in inputs(6, 1, 3, prior=255).items()}
    assert check(head, path, [*others, two], as_chance=True) < 1e-4


def test_a_null_distance_moves_what_a_trained_head_says(head: Sigma) -> None:
    far = {**inputs(), "null": np.full((1, LAYERS, 2), 0.5, np.float32)}
    assert np.abs(said(head, far) - said(head, inputs())).max() > 1e-4
