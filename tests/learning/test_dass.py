"""`maskwright train dass`: compact's network, samples and ending on the planes of DASS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")

from maskwright.errors import RunError  # noqa: E402
from maskwright.learning.compact import train_compact, train_dass  # noqa: E402
from maskwright.learning.export import check, export  # noqa: E402
from maskwright.learning.held import of_planes  # noqa: E402
from maskwright.learning.loop import Schedule  # noqa: E402
from maskwright.learning.networks.compact import MULTIPLE, Compact  # noqa: E402
from maskwright.learning.ranks import joined  # noqa: E402
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.learning.stream import Shard, shard_path, write_shard  # noqa: E402
from maskwright.learning.task import CompactTask, Sizes  # noqa: E402
from maskwright.learning.train import Assignment, Options, Outcome  # noqa: E402
from maskwright.masks.annotators import load_annotator  # noqa: E402
from maskwright.masks.annotators.evidence import evidence  # noqa: E402
from maskwright.masks.annotators.planes import CHANNELS, DASS, planes, seen_as  # noqa: E402
from maskwright.masks.annotators.rule import log_odds, shipped_rule  # noqa: E402
from maskwright.pairs.values import Hint  # noqa: E402
from maskwright.weights import open_network, read_card  # noqa: E402
from tests.contracts.annotator import jpeg, laid, textured  # noqa: E402


def bytes_of(names: tuple[str, ...], *shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (shape[0], len(names), *shape[1:]), dtype=np.uint8)


def test_both_networks_get_the_same_samples_of_a_step(folder: Path, tmp_path: Path) -> None:
    tasks = [
        CompactTask(
            shared(folder),
            seed=1,
            batch=8,
            reuse=1,
            cache=tmp_path,
            workers=0,
            sizes=Sizes(samples=8, side=4),
            **told,
        )
        for told in ({}, {"name": "dass", "names": DASS})
    ]
    assert tasks[0].drawn.stream.name == tasks[1].drawn.stream.name
    made = bytes_of(CHANNELS, 8, 4, 4)
    write_shard(shard_path(tmp_path, tasks[0].drawn.stream, 0), Shard(made, made[:, 0], made[:, 1]))
    plain, dass = (task.batch(0) for task in tasks)
    assert torch.equal(plain["mask"], dass["mask"])
    assert torch.equal(plain["ignore"], dass["ignore"])
    assert torch.equal(plain["planes"][:, :6], dass["planes"][:, :6])
    distance = (plain["planes"][:, :3].int() - plain["planes"][:, 3:6].int()).abs()
    assert torch.equal(dass["planes"][:, 6:].int(), distance)


def test_the_networks_differ_by_their_first_convolution_and_by_the_odds_they_start_from() -> None:
    plain, dass = ({name: each.shape for name, each in net.state_dict().items()} for net in both())
    assert {name for name in plain if plain[name] != dass.get(name)} == {"stem.weight", "keep"}
    assert {*plain} - {*dass} == {"keep"}
    assert dass["stem.weight"] == (16, len(DASS) + 3, 4, 4)


def both() -> tuple[Compact, Compact]:
    return Compact(), Compact(names=DASS)


def test_a_network_of_these_planes_says_the_same_on_bytes_and_as_onnx(tmp_path: Path) -> None:
    network = Compact((4, 4), (0, 1), names=DASS)
    torch.nn.init.normal_(network.head.weight)
    given = of_planes(bytes_of(DASS, 1, MULTIPLE, 2 * MULTIPLE))
    moving = dict.fromkeys(("planes", "odds"), (0, 2, 3))
    file = export(network.settled(), tmp_path / "dass.onnx", given, moving=moving)
    assert check(network.eval(), file, [given], as_chance=False, tolerance=1e-3) < 1e-3


def test_the_first_convolution_starts_from_features_of_about_one() -> None:
    network = Compact(names=DASS)
    grey = np.full(len(DASS), 128.0)
    grey[6:] = 0  # two equal pictures of grey are all zeros to it
    assert torch.equal(network.mixing @ torch.tensor(grey).float(), network.centre)
    assert network.mixing.abs().max() == 1 / 32


def toy_run(folder: Path, out: Path, name: str = "dass") -> Outcome:
    """As in test_train.py."""
    recipe = {"dass": train_dass, "compact": train_compact}[name]
    sizes = Sizes(samples=4, side=32, pairs=6, whole=64, judged=4)
    with joined() as ranks:
        options = Options(batch=4, workers=1)
        given = Assignment(shared(folder), Schedule(steps=3), out, ranks, options, lambda lap: None)
        outcome = recipe(given, sizes)
    assert outcome is not None
    return outcome


@pytest.mark.slow
def test_it_is_trained_exported_calibrated_and_loaded_by_its_path(folder: Path, tmp_path: Path) -> None:
    outcome = toy_run(folder, tmp_path)
    assert (outcome.steps, outcome.network.name) == (3, "dass.onnx")
    card = read_card(outcome.network)
    assert card.name == "dass"
    assert 0 <= outcome.figures["mask_f1"] <= 1  # from nothing three steps teach nothing
    assert toy_run(folder, tmp_path) == outcome  # a finished run is given back
    with pytest.raises(RunError, match="its task is 'dass', yours is 'compact'"):
        toy_run(folder, tmp_path, "compact")
    original = textured(2, 320, 256)
    edited = original.copy()
    edited[80:160, 100:200] = 255 - edited[80:160, 100:200]
    pair = laid(jpeg(original, 90), jpeg(edited, 80))
    annotator = load_annotator(str(outcome.network))
    (change,) = annotator.annotate([pair], [Hint()])
    assert change.map.shape == (256, 320)
    seen = evidence(pair)
    given = seen_as(planes(seen, log_odds(seen, shipped_rule())), DASS)
    (said,) = open_network(outcome.network).run(["odds"], {"planes": given[None]})
    assert np.array_equal(annotator._weigher.weigh(seen)[0], said[0, 0])
