"""How networks of others are found, checked and refused; by DINOv2, as all go the same way."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="networks of others run on torch")
transformers = pytest.importorskip("transformers", reason="networks of others are transformers'")
safetensors = pytest.importorskip("safetensors.torch", reason="networks of others are safetensors")
hub = pytest.importorskip("huggingface_hub", reason="it comes with transformers")

from maskwright.errors import InputError, MissingExtraError  # noqa: E402
from maskwright.learning.backbones import KINDS, Dino  # noqa: E402
from tests.learning import tiny  # noqa: E402

PICTURE = np.random.default_rng(0).integers(0, 256, (30, 44, 3), dtype=np.uint8)
ID = "someone/tiny-dino"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.written(tmp_path_factory.mktemp("whole"), tiny.dinov2())


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of a good folder, to be spoiled."""
    return Path(shutil.copytree(whole, tmp_path / "dino"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache with nothing in it."""
    place = tmp_path / "hub"
    place.mkdir()
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(place))
    return place


def cached(cache: Path, files: Path) -> Path:
    """Put files into the hub's cache as `hf download` leaves them: blobs, and links by name."""
    snapshot = cache / f"models--{ID.replace('/', '--')}" / "snapshots" / ("a1b2c3d4e5" * 4)
    blobs = snapshot.parent.parent / "blobs"
    refs = snapshot.parent.parent / "refs"
    for place in (snapshot, blobs, refs):
        place.mkdir(parents=True)
    (refs / "main").write_text(snapshot.name)
    for file in files.iterdir():
        blob = blobs / hashlib.sha256(file.read_bytes()).hexdigest()
        shutil.copy(file, blob)
        (snapshot / file.name).symlink_to(os.path.relpath(blob, snapshot))
    return snapshot


def config_of(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "config.json").read_text()))


def tell(folder: Path, **told: Any) -> None:
    """Change what config.json says; None takes a key away."""
    config = {**config_of(folder), **told}
    config = {key: value for key, value in config.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))


def tensors(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the tensors in a folder."""
    file = folder / "model.safetensors"
    told = safetensors.load_file(file)
    change(told)
    safetensors.save_file(told, file, metadata={"format": "pt"})


def test_the_digest_is_that_of_the_file(folder: Path) -> None:
    assert Dino(str(folder)).digest == hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def test_weights_in_several_files_are_one_network(folder: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    with tiny.quiet():
        transformers.Dinov2Model.from_pretrained(folder).save_pretrained(parts, max_shard_size="20KB")
    shutil.copy(folder / "preprocessor_config.json", parts)
    files = sorted(parts.glob("*.safetensors"))
    assert len(files) > 1

    split = Dino(str(parts))

    assert split.digest == hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    (one,), (other,) = split.features([PICTURE]), Dino(str(folder)).features([PICTURE])
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def test_a_hub_id_stands_for_what_is_in_the_cache(whole: Path, cache: Path) -> None:
    cached(cache, whole)

    found = Dino(ID)

    assert found.name == "tiny-dino"
    assert found.digest == Dino(str(whole)).digest


def test_an_id_that_is_not_in_the_cache_is_not_fetched_but_said_how(cache: Path) -> None:
    with pytest.raises(MissingExtraError, match="nothing is downloaded") as caught:
        Dino(ID)
    assert caught.value.hint == f"hf download {ID}"


@pytest.mark.parametrize("lacking", ["model.safetensors", "config.json"])
def test_an_id_that_is_only_half_in_the_cache_is_said_how_to_get(
    whole: Path, cache: Path, lacking: str
) -> None:
    (cached(cache, whole) / lacking).unlink()
    with pytest.raises(MissingExtraError, match=lacking) as caught:
        Dino(ID)
    assert caught.value.hint == f"hf download {ID}"


PROGRAM = """
import sys

asked = []
events = {"socket.connect", "socket.getaddrinfo"}
sys.addaudithook(lambda event, args: asked.append(event) if event in events else None)
from maskwright.errors import MissingExtraError
from maskwright.learning.backbones import Dino

print(Dino("someone/tiny-dino").digest)
try:
    Dino("someone/other")
except MissingExtraError as error:
    print(error.hint)
print(asked)
"""


@pytest.mark.slow
@pytest.mark.parametrize("offline", ["0", "1"])
def test_no_connection_is_opened_whether_the_hub_may_be_asked_or_not(
    whole: Path, tmp_path: Path, offline: str
) -> None:
    cached(tmp_path, whole)
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": offline},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split("\n") == [Dino(str(whole)).digest, "hf download someone/other", "[]", ""]
    assert told.stderr == ""


@pytest.mark.parametrize("spec", ["/nowhere/dino", "./dino", "a/b/c", "nowhere", ""])
def test_a_folder_that_is_not_there_is_said_to_be_missing(spec: str, cache: Path) -> None:
    with pytest.raises(MissingExtraError, match="is not there"):
        Dino(spec)


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(InputError, match="is a file"):
        Dino(str(folder / "model.safetensors"))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_a_pickle_is_refused_and_not_opened(folder: Path, tmp_path: Path, name: str) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "sprung"), "w")

    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(pickle.dumps(Trap()))

    with pytest.raises(InputError, match=f"{name}, a pickle") as caught:
        Dino(str(folder))

    assert "safetensors" in caught.value.hint
    assert not (tmp_path / "sprung").exists()


def test_a_pickle_beside_the_weights_is_left_alone(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"whatever")
    assert Dino(str(folder)).features([PICTURE])


def test_no_code_of_the_folder_is_run(folder: Path, tmp_path: Path) -> None:
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\nclass Evil: pass\n")
    tell(folder, auto_map={"AutoConfig": "evil.Evil", "AutoModel": "evil.Evil"})

    Dino(str(folder)).features([PICTURE])

    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kept", [0, 7, 100, -1, -1000])
def test_a_truncated_file_of_weights_is_refused(folder: Path, kept: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(InputError, match="not a whole safetensors file"):
        Dino(str(folder))


def test_a_file_of_something_else_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(InputError, match="not a whole safetensors file"):
        Dino(str(folder))


def test_a_tensor_that_is_missing_is_an_error(folder: Path) -> None:
    tensors(folder, lambda told: told.pop("encoder.layer.1.mlp.fc1.bias"))
    with pytest.raises(InputError, match=r"lacks: encoder\.layer\.1\.mlp\.fc1\.bias$"):
        Dino(str(folder))


def test_a_tensor_of_another_shape_is_an_error(folder: Path) -> None:
    tensors(folder, lambda told: told.update({"layernorm.bias": torch.zeros(8)}))
    with pytest.raises(InputError, match=r"in another shape .*: layernorm\.bias$"):
        Dino(str(folder))


def test_weights_of_another_patch_size_are_an_error(folder: Path) -> None:
    tell(folder, patch_size=16, image_size=80)  # as many positions, larger patches
    with pytest.raises(InputError, match=r"in another shape .*: embeddings\.patch_embeddings"):
        Dino(str(folder))


def test_weights_of_more_layers_than_the_config_says_are_an_error(folder: Path) -> None:
    tell(folder, num_hidden_layers=2, out_features=None, out_indices=None, stage_names=None)
    with pytest.raises(InputError, match=r"beyond the layers .*: encoder\.layer\.2\."):
        Dino(str(folder))


def test_a_head_that_is_not_used_does_no_harm(tmp_path: Path) -> None:
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=70, patch_size=14
    )
    folder = tiny.written(tmp_path, transformers.Dinov2ForImageClassification(config))
    assert "classifier.weight" in safetensors.load_file(folder / "model.safetensors")
    assert Dino(str(folder)).features([PICTURE])


def test_weights_of_half_precision_are_read_as_float32(folder: Path) -> None:
    def halve(told: dict[str, Any]) -> None:
        told.update({name: values.bfloat16() for name, values in told.items()})

    tensors(folder, halve)
    ((first, *_),) = Dino(str(folder), device="cpu").features([PICTURE])
    assert first.dtype == np.float32


def test_another_kind_of_network_is_refused_with_the_kinds_that_are_known(tmp_path: Path) -> None:
    folder = tiny.clipseg(tmp_path)
    with pytest.raises(InputError, match="'clipseg'") as caught:
        Dino(str(folder))
    assert all(kind in caught.value.hint for kind in KINDS)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"dinov2"'])
def test_a_config_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(InputError, match=r"config\.json"):
        Dino(str(folder))


@pytest.mark.parametrize("told", [{"hidden_size": "many"}, {"num_attention_heads": 0}, {"patch_size": -1}])
def test_a_config_that_makes_no_network_is_refused(folder: Path, told: dict[str, Any]) -> None:
    tell(folder, **told)
    with pytest.raises(InputError):
        Dino(str(folder))


def test_a_config_may_not_name_other_weights(folder: Path) -> None:
    shutil.copy(folder / "model.safetensors", folder / "other.safetensors")
    tell(folder, transformers_weights="other.safetensors")
    with pytest.raises(InputError, match="names a file of weights"):
        Dino(str(folder))


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "weights.bin"])
def test_an_index_may_not_lead_out_of_its_folder(folder: Path, name: str) -> None:
    (folder / "model.safetensors").rename(folder.parent / "model.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"layernorm.bias": name}}))
    with pytest.raises(InputError, match="of its own folder"):
        Dino(str(folder))


def test_a_part_of_the_weights_that_is_missing_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    told = {"weight_map": {"layernorm.bias": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(told))
    with pytest.raises(MissingExtraError, match="model-00001-of-00002"):
        Dino(str(folder))


def card(folder: Path, digest: str) -> None:
    told = {"name": "tiny", "version": "1", "sha256": digest}
    (folder / "model.card.json").write_text(json.dumps(told))


def test_weights_that_are_not_those_on_their_card_are_refused(folder: Path) -> None:
    digest = Dino(str(folder)).digest
    card(folder, digest)
    assert Dino(str(folder)).digest == digest

    tensors(folder, lambda told: told["layernorm.bias"].add_(1))
    with pytest.raises(InputError, match="does not hold the weights on its card"):
        Dino(str(folder))


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"image_mean": [0.5, 0.5, 0.5]},
        {"image_mean": [0.5], "image_std": [0.5]},
        {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0, 0.5]},
        {"image_mean": [0.5, 0.5, "half"], "image_std": [0.5, 0.5, 0.5]},
    ],
)
def test_without_mean_and_deviation_nothing_is_guessed(folder: Path, told: dict[str, Any]) -> None:
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    with pytest.raises(InputError, match="how pictures are prepared"):
        Dino(str(folder))


def test_a_folder_without_its_preparation_says_what_to_fetch(folder: Path) -> None:
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(InputError) as caught:
        Dino(str(folder))
    assert "preprocessor_config.json" in caught.value.hint


def test_the_preparation_may_lie_in_the_processor_of_newer_folders(folder: Path) -> None:
    (expected,) = Dino(str(folder)).features([PICTURE])
    told = json.loads((folder / "preprocessor_config.json").read_text())
    (folder / "preprocessor_config.json").unlink()
    (folder / "processor_config.json").write_text(json.dumps({"image_processor": told}))

    (found,) = Dino(str(folder)).features([PICTURE])

    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("package", ["transformers", "torch", "safetensors"])
def test_a_missing_package_is_said_with_the_line_that_installs_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=package) as caught:
        Dino(str(folder))
    assert caught.value.hint == "pip install 'maskwright[torch]'"


def test_loading_says_nothing_and_leaves_the_voice_of_transformers_as_it_was(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log = transformers.utils.logging
    before = log.get_verbosity(), log.is_progress_bar_enabled()

    Dino(str(folder)).features([PICTURE])

    shown = capfd.readouterr()
    assert shown.out == shown.err == ""
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == before
