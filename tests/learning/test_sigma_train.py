"""`maskwright train sigma`, both stages, and `train sam-cd`: a few steps on photographs made here."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks are trained with torch")
pytest.importorskip("onnx", reason="networks are exported with onnx")

from safetensors.torch import load_file  # noqa: E402

from maskwright.errors import InputError, RunError, SettingError  # noqa: E402
from maskwright.learning.checkpoint import average_of  # noqa: E402
from maskwright.learning.loop import Lap, Schedule  # noqa: E402
from maskwright.learning.networks.sam_cd import SamCd  # noqa: E402
from maskwright.learning.networks.sigma import Sigma  # noqa: E402
from maskwright.learning.ranks import joined  # noqa: E402
from maskwright.learning.shares import shared  # noqa: E402
from maskwright.learning.sigma_train import null_of, train_sam_cd, train_sigma  # noqa: E402
from maskwright.learning.task import Sizes  # noqa: E402
from maskwright.learning.train import Assignment, Options, Outcome, train  # noqa: E402
from maskwright.masks.annotators import load_annotator  # noqa: E402
from maskwright.masks.annotators.compact import Compact as CompactAnnotator  # noqa: E402
from maskwright.masks.annotators.sigma_compact import SigmaCompact, constants_of  # noqa: E402
from maskwright.pairs.values import Hint  # noqa: E402
from maskwright.synthesis.photos import Photo  # noqa: E402
from maskwright.synthesis.roundtrip import KeptRoundtrip  # noqa: E402
from maskwright.weights import open_network, read_card  # noqa: E402
from tests.contracts.annotator import edited_pair, textured  # noqa: E402
from tests.learning.heads import compact, sigma  # noqa: E402
from tests.weights.networks import identity_roundtrip  # noqa: E402

pytestmark = pytest.mark.slow

SIZES = Sizes(samples=4, side=32, pairs=4, whole=64, judged=4)
STEPS = 2


def toy_run(
    folder: Path, out: Path, options: Options, *, name: str = "sigma", stop: int | None = None
) -> Outcome:
    """Trained for next to no time, and judged on next to nothing; `stop` ends it after so many steps."""

    def progress(lap: Lap) -> None:
        if lap.step == stop:
            raise KeyboardInterrupt

    recipe = train_sam_cd if name == "sam-cd" else train_sigma
    out.mkdir(exist_ok=True)
    with joined() as ranks:
        schedule = Schedule(steps=STEPS, save_every_s=0)
        small = replace(options, batch=4, workers=1)
        outcome = recipe(Assignment(shared(folder), schedule, out, ranks, small, progress), SIZES)
    assert outcome is not None
    return outcome


def stopped(folder: Path, out: Path, options: Options, *, name: str = "sigma", after: int = STEPS) -> Path:
    """The folder of a run that was stopped; at its last step: trained, but not exported."""
    with pytest.raises(KeyboardInterrupt):
        toy_run(folder, out, options, name=name, stop=after)
    return out


@pytest.fixture(scope="module")
def vae(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An autoencoder that makes everything a tenth darker."""
    return identity_roundtrip(tmp_path_factory.mktemp("vae") / "vae.onnx", gain=0.9)


@pytest.fixture(scope="module")
def stage_one(vae: Path, tmp_path_factory: pytest.TempPathFactory) -> Options:
    return Options(autoencoder=vae, cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def one(folder: Path, stage_one: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stopped(folder, tmp_path_factory.mktemp("one"), stage_one)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real pairs, one of them for training."""
    place = tmp_path_factory.mktemp("real")
    rows = ["original,edited,split"]
    for seed, split in ((50, "train"), (51, "val")):
        pair = edited_pair(seed, 120, 80)
        for name, picture in (("original", pair.original), ("edited", pair.edited)):
            data = cv2.imencode(".png", picture[..., ::-1])[1].tobytes()
            (place / f"{name}{seed}.png").write_bytes(data)
        rows.append(f"original{seed}.png,edited{seed}.png,{split}")
    (place / "real.csv").write_text("\n".join(rows) + "\n")
    return place / "real.csv"


@pytest.fixture(scope="module")
def stage_two(one: Path, stage_one: Options, table: Path) -> Options:
    return replace(stage_one, stage=2, start=one, unlabelled=table)


@pytest.fixture(scope="module")
def two(folder: Path, stage_two: Options, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stopped(folder, tmp_path_factory.mktemp("two"), stage_two)


def weights(out: Path) -> dict[str, torch.Tensor]:
    (path,) = out.glob("checkpoint-*.safetensors")
    return load_file(path)


def test_the_compact_network_in_it_does_not_learn_and_the_head_does(one: Path, two: Path) -> None:
    known, fresh = compact().state_dict(), sigma().state_dict()
    for out in (one, two):
        learned = weights(out)  # without what is frozen
        assert not [name for name in learned if ".encoder.compact." in name and "compact.stem." not in name]
        whole = average_of(out, sigma())
        assert all(
            torch.equal(whole[f"encoder.compact.{name}"], value)
            for name, value in known.items()
            if not name.startswith("stem.")
        )
        assert not torch.equal(learned["model.decode.head.weight"], fresh["decode.head.weight"])


def test_stage_two_starts_from_the_averaged_weights_of_stage_one(
    folder: Path, one: Path, stage_two: Options, tmp_path: Path
) -> None:
    # another seed, so that weights made anew would be others; the first step's rate is next to nothing
    options = replace(stage_two, unlabelled=None, seed=5)
    begun, ended = weights(stopped(folder, tmp_path, options, after=1)), weights(one)
    for name, value in ended.items():
        if name.startswith("average.") and "compact.stem." not in name:
            gap = (begun[name.replace("average.", "model.")] - value).abs().max()
            assert float(gap) < 1e-4, name


def test_a_stage_that_was_stopped_goes_on_to_the_same_weights(
    folder: Path, two: Path, stage_two: Options, tmp_path: Path
) -> None:
    stopped(folder, tmp_path, stage_two, after=1)
    assert json.loads((tmp_path / "checkpoint.json").read_text())["step"] == 1
    whole, resumed = weights(two), weights(stopped(folder, tmp_path, stage_two))
    assert all(
        torch.equal(resumed[name], value) for name, value in whole.items() if "compact.stem." not in name
    )


def test_another_stage_or_other_pairs_are_another_run(
    folder: Path, two: Path, stage_one: Options, stage_two: Options, table: Path, tmp_path: Path
) -> None:
    with pytest.raises(RunError, match="holds another run: its "):
        toy_run(folder, two, stage_one)
    shutil.copytree(table.parent, tmp_path, dirs_exist_ok=True)
    other = tmp_path / "real.csv"
    other.write_text(other.read_text().replace(",val", ",train"))
    with pytest.raises(RunError, match="its unlabelled is"):
        toy_run(folder, two, replace(stage_two, unlabelled=other))


def test_both_stages_give_a_network_that_annotates_and_a_card_that_tells_of_it(
    folder: Path, stage_one: Options, stage_two: Options, one: Path, two: Path
) -> None:
    first, second = toy_run(folder, one, stage_one), toy_run(folder, two, stage_two)
    for outcome in (first, second):
        card = read_card(outcome.network)
        assert (outcome.network.name, card.name) == ("sigma-compact.onnx", "sigma-compact")
        assert card.layers == ("side_effect",)
        assert set(card.constants) >= {*constants_of(np.zeros((5, 2), np.float32)), "odds_gain"}
        # the autoencoder darkens, which the finest layers see; small photographs have few places beyond
        assert min(card.constants[f"null_{layer}_median"] for layer in range(2)) > 0
        figures = json.loads(outcome.card.read_text())["figures"]
        assert figures["torch_onnx_error"] < 1e-4
        assert abs(figures["f1_kept_int8"] - figures["f1_kept_fp32"]) < 0.2
        given = {each.name: each.type for each in open_network(outcome.network).get_inputs()}
        assert given == {"planes": "tensor(uint8)", "prior": "tensor(uint8)", "null": "tensor(float)"}
        annotates(outcome.network)
    assert "real pairs" not in read_card(first.network).training_data
    assert read_card(second.network).training_data.endswith("; and 1 real pairs without masks")
    written = first.card.stat().st_mtime_ns
    assert toy_run(folder, one, stage_one) == first
    assert first.card.stat().st_mtime_ns == written  # a finished run is not calibrated again


def annotates(network: Path) -> None:
    """With and without a region, by the path of its file."""
    annotator = load_annotator(str(network))
    assert isinstance(annotator, SigmaCompact)
    pair = edited_pair(1)
    region = np.zeros(pair.valid.shape, np.bool_)
    region[:80] = True
    without, within = annotator.annotate([pair, pair], [Hint(), Hint(region=region)])
    assert (without.map >= 0.5).any()
    assert not without.layers
    assert set(within.layers) == {"side_effect"}
    assert within.grounding == "region"


def test_sam_cd_is_trained_exported_and_annotates_as_a_network_of_planes(
    folder: Path, tmp_path: Path
) -> None:
    outcome = toy_run(folder, tmp_path, Options(), name="sam-cd")
    card = read_card(outcome.network)
    assert (outcome.network.name, card.name, card.layers) == ("sam-cd.onnx", "sam-cd", ())
    assert not any(name.startswith("null") for name in card.constants)
    annotator = load_annotator(str(outcome.network))
    assert isinstance(annotator, CompactAnnotator)
    (change,) = annotator.annotate([edited_pair(1)], [Hint()])
    assert change.map.shape == edited_pair(1).valid.shape


def test_sam_cd_learns_on_the_same_samples(
    folder: Path, stage_one: Options, one: Path, tmp_path: Path
) -> None:
    out = stopped(folder, tmp_path, replace(stage_one, autoencoder=None), name="sam-cd")
    streams = [
        json.loads((each / "checkpoint.json").read_text())["settings"]["stream"] for each in (out, one)
    ]
    assert streams[0] == streams[1]
    torch.manual_seed(0)
    begun = SamCd(compact()).state_dict()
    assert not torch.equal(weights(out)["model.head.weight"], begun["head.weight"])


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("sigma", {"stage": 2}, "needs an autoencoder"),
        ("sigma", {"stage": 2, "start": Path("one")}, "needs an autoencoder"),
        ("sigma", {"stage": 2, "autoencoder": Path("vae.onnx")}, "starts from stage 1"),
        ("sigma", {"unlabelled": Path("real.csv")}, "stage 1 starts anew"),
        ("sigma", {"start": Path("one")}, "stage 1 starts anew"),
        (
            "sam-cd",
            {"stage": 2, "start": Path("one"), "autoencoder": Path("vae.onnx")},
            "sam-cd has one stage",
        ),
        ("sam-cd", {"unlabelled": Path("real.csv")}, "stage 1 starts anew"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    folder: Path, tmp_path: Path, name: str, options: dict[str, Path], told: str
) -> None:
    with pytest.raises(SettingError, match=told) as caught:
        train(name, folder, tmp_path / "out", steps=1, options=Options(**options))  # type: ignore[arg-type]
    assert caught.value.hint


def test_there_are_two_stages() -> None:
    with pytest.raises(SettingError, match="there is no stage 3"):
        Options(stage=3)


def test_a_start_that_is_no_run_or_another_networks_is_refused(
    one: Path, folder: Path, stage_two: Options, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    options = replace(stage_two, start=tmp_path / "empty")
    with pytest.raises(RunError, match="holds no training run") as caught:
        train("sigma", folder, tmp_path / "out", steps=1, options=options)
    assert "stage 1" in caught.value.hint
    with pytest.raises(RunError, match="holds another network"):
        average_of(one, SamCd(compact()))
    damaged = tmp_path / "damaged"
    shutil.copytree(one, damaged)
    (path,) = damaged.glob("checkpoint-*.safetensors")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RunError, match="is damaged"):
        average_of(damaged, sigma())


def test_a_stage_one_with_another_compact_network_is_no_start(
    folder: Path, one: Path, stage_two: Options, tmp_path: Path
) -> None:
    other = shutil.copytree(one, tmp_path / "other")
    told = json.loads((other / "checkpoint.json").read_text())
    told["settings"]["compact"] = "0123456789abcdef"
    (other / "checkpoint.json").write_text(json.dumps(told))
    with pytest.raises(RunError, match="another compact network"):
        stopped(folder, tmp_path / "new", replace(stage_two, start=other), after=1)


def test_averaged_weights_are_those_of_the_checkpoint(one: Path) -> None:
    network = Sigma(compact())
    network.load_state_dict(average_of(one, network))
    found = {name: value for name, value in weights(one).items() if name.startswith("average.")}
    assert len(found) > 10
    assert all(
        torch.equal(network.state_dict()[name.removeprefix("average.")], value)
        for name, value in found.items()
    )


def photos(folder: Path) -> tuple[Photo, ...]:
    return shared(folder).kept


def test_without_an_autoencoder_null_distances_are_nothing(folder: Path) -> None:
    found = null_of(compact(), photos(folder), None)
    assert found.shape == (5, 2)
    assert not found.any()
    assert set(constants_of(found.numpy())) == {
        f"null_{layer}_{what}" for layer in range(5) for what in ("median", "spread")
    }


def test_an_autoencoder_that_changes_nothing_has_no_null_distance(folder: Path, tmp_path: Path) -> None:
    same = KeptRoundtrip(identity_roundtrip(tmp_path / "same.onnx"), tmp_path / "kept")
    assert null_of(compact(), photos(folder), same).abs().max() < 1e-5


def test_null_distances_are_means_over_photographs_of_medians_and_deviations(
    folder: Path, vae: Path, tmp_path: Path
) -> None:
    again = KeptRoundtrip(vae, tmp_path / "kept")
    chosen = photos(folder)[:2]
    together = null_of(compact(), chosen, again).numpy()
    alone = [null_of(compact(), [each], again).numpy() for each in chosen]
    np.testing.assert_allclose(together, np.mean(alone, axis=0), rtol=1e-5)
    picture = textured(1, 448, 320)  # on which nothing is resized
    path = tmp_path / "one.png"
    path.write_bytes(cv2.imencode(".png", picture[..., ::-1])[1].tobytes())
    half = [cv2.resize(each, (224, 160), interpolation=cv2.INTER_AREA) for each in (picture, again(picture))]
    from maskwright.learning.networks.encoder import CompactEncoder

    encoder = CompactEncoder(compact())
    layers = [encoder(torch.from_numpy(each.transpose(2, 0, 1)[None]).float()) for each in half]
    expected = []
    for one, two in zip(*layers, strict=True):
        a, b = (each[0].flatten(1).numpy().astype(float) for each in (one, two))
        distance = 1 - (a * b).sum(0) / np.maximum(
            np.linalg.norm(a, axis=0) * np.linalg.norm(b, axis=0), 1e-6
        )
        median = np.median(distance)
        expected.append([median, 1.4826 * np.median(np.abs(distance - median))])
    found = null_of(compact(), [Photo(str(path), "", "", "")], again).numpy()
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=1e-4)


def test_photographs_of_which_none_can_be_read_calibrate_nothing(vae: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    lost = [Photo(str(tmp_path / "broken.png"), "", "", "")]
    with pytest.raises(InputError, match="none of the photographs that calibrate can be read"):
        null_of(compact(), lost, KeptRoundtrip(vae, tmp_path / "kept"))
