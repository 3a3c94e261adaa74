from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
onnx = pytest.importorskip("onnx", reason="networks are exported with onnx")

from maskwright.errors import RunError  # noqa: E402
from maskwright.learning.export import OPSET, Inputs, chance, check, export, quantized, write_card  # noqa: E402
from maskwright.learning.networks.autoencoder import Autoencoder  # noqa: E402
from maskwright.learning.networks.compact import MULTIPLE, Compact  # noqa: E402
from maskwright.masks.annotators.planes import CHANNELS  # noqa: E402
from maskwright.weights import open_network, read_card  # noqa: E402

MOVING = dict.fromkeys(("planes", "odds"), (0, 2, 3))


def planes(count: int, height: int, width: int, seed: int = 0) -> Inputs:
    """Bytes as a network meets them, on a grid of `MULTIPLE`."""
    rng = np.random.default_rng(seed)
    shape = (count, len(CHANNELS), height * MULTIPLE, width * MULTIPLE)
    return {"planes": rng.integers(100, 156, shape, dtype=np.uint8)}


@pytest.fixture(scope="module")
def network() -> Compact:
    """A network with a last layer that says something; a new one adds nothing."""
    torch.manual_seed(1)
    made = Compact()
    torch.nn.init.normal_(made.head.weight, std=0.2)
    return made.settled()


@pytest.fixture(scope="module")
def exported(network: Compact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "compact.onnx"
    return export(network, path, planes(1, 1, 2), moving=MOVING)


def test_the_exported_network_takes_bytes_of_any_number_and_size(exported: Path) -> None:
    session = open_network(exported)
    (takes,), (gives,) = session.get_inputs(), session.get_outputs()
    assert (takes.name, takes.type) == ("planes", "tensor(uint8)")
    assert (gives.name, gives.type) == ("odds", "tensor(float)")
    for count, height, width in ((1, 1, 1), (3, 2, 1), (2, 1, 3)):
        (odds,) = session.run(None, dict(planes(count, height, width)))
        assert odds.shape == (count, 1, height * MULTIPLE, width * MULTIPLE)


def test_it_is_one_file_of_the_opset_that_is_promised(exported: Path) -> None:
    assert [each.name for each in exported.parent.iterdir()] == ["compact.onnx"]
    model = onnx.load(exported)
    assert [each.version for each in model.opset_import if each.domain in ("", "ai.onnx")] == [OPSET]
    onnx.checker.check_model(model, full_check=True)


def test_it_says_what_torch_says_also_on_other_sizes(network: Compact, exported: Path) -> None:
    inputs = [planes(1, 1, 1, seed=1), planes(2, 3, 2, seed=2)]
    assert 0 < check(network, exported, inputs, as_chance=True) < 1e-5
    with torch.inference_mode():
        assert float(network(torch.from_numpy(inputs[1]["planes"])).std()) > 0.01  # it does say something


def test_a_network_that_came_out_differently_is_refused_and_removed(
    network: Compact, exported: Path, tmp_path: Path
) -> None:
    path = tmp_path / "compact.onnx"
    path.write_bytes(exported.read_bytes())
    other = Compact()
    torch.nn.init.normal_(other.head.weight, std=1.0)
    with pytest.raises(RunError, match=r"differs from torch by 0\.\d+, at most 0\.0001"):
        check(other.settled(), path, [planes(1, 1, 1)], as_chance=True)
    assert not path.exists()


def test_eight_bits_say_nearly_the_same_in_a_third_of_the_bytes(exported: Path, tmp_path: Path) -> None:
    crops = [planes(1, 1, 1, seed=seed) for seed in range(8)]
    small = quantized(exported, tmp_path / "small.onnx", crops)
    assert small.stat().st_size < 0.4 * exported.stat().st_size
    plain, bits = (
        open_network(path).run(None, dict(planes(1, 2, 2, seed=99)))[0] for path in (exported, small)
    )
    assert 0 < np.abs(chance(plain) - chance(bits)).mean() < 0.05


def test_the_card_is_one_that_can_be_read_and_names_the_file(exported: Path) -> None:
    write_card(
        exported,
        name="compact",
        version="1",
        training_data="3 photographs: 3 CC0",
        licence="CC0",
        constants={"odds_gain": 0.5},
        steps=7,
        seed=1,
        figures={"f1": 0.5},
    )
    card = read_card(exported)
    assert (card.name, card.licence, dict(card.constants)) == ("compact", "CC0", {"odds_gain": 0.5})
    open_network(exported)  # refuses a digest that is not the file's
    exported.with_suffix(".card.json").unlink()


def test_chances_of_large_odds_are_finite() -> None:
    np.testing.assert_allclose(chance(np.array([-1e4, 0, 1e4], np.float32)), [0, 0.5, 1])
    assert chance(np.array([1.5]))[0] == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_the_autoencoder_can_be_made_a_round_trip_of_any_size(tmp_path: Path) -> None:
    from maskwright.synthesis.roundtrip import load_roundtrip, pass_through
    from tests.contracts.annotator import textured

    torch.manual_seed(0)
    model = Autoencoder().eval()
    example = {"picture": np.zeros((1, 3, 16, 24), np.float32)}
    moving = dict.fromkeys(("picture", "again"), (0, 2, 3))
    path = export(model, tmp_path / "a.onnx", example, outputs=["again"], moving=moving)
    trip = load_roundtrip(path)
    for width, height in ((40, 24), (33, 21)):
        picture = textured(1, width, height)
        again = pass_through(trip, picture)
        assert again.shape == picture.shape
    planes_in = picture[:16, :32].transpose(2, 0, 1)[None].astype(np.float32) / 255
    with torch.inference_mode():
        ours = model(torch.from_numpy(planes_in)).numpy()
    np.testing.assert_allclose(trip.run(None, {"picture": planes_in})[0], ours, atol=1e-5)
