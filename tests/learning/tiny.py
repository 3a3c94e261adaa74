"""Networks of transformers with random weights and a few thousand numbers, in the hub's layout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import torch
import transformers

from maskwright.learning.pretrained import quiet

MEAN, STD = (0.48, 0.45, 0.41), (0.23, 0.22, 0.24)


def written(folder: Path, model: Any, **preparation: Any) -> Path:
    """Save a network as the hub has it, and how its pictures are prepared."""
    with quiet():
        model.save_pretrained(folder)
    told = {"image_mean": list(MEAN), "image_std": list(STD), **preparation}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return folder


def lively(model: Any, seed: int = 1) -> Any:
    """All weights anew, so that no layer scale of 1e-6 and no zero hides what a layer does."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weights in model.parameters():
            fan_in = weights[0].numel() if weights.ndim > 1 else 4
            weights.copy_(torch.randn(weights.shape, generator=generator) / fan_in**0.5)
    return model


def dinov2(layers: int = 3, patch: int = 14) -> Any:
    config = transformers.Dinov2Config(
        hidden_size=16, num_hidden_layers=layers, num_attention_heads=2, image_size=70, patch_size=patch
    )
    return lively(transformers.Dinov2Model(config))


def dinov2_with_registers() -> Any:
    config = transformers.Dinov2WithRegistersConfig(
        hidden_size=16,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=70,
        patch_size=14,
        num_register_tokens=4,
    )
    return lively(transformers.Dinov2WithRegistersModel(config))


def dinov3_vit() -> Any:
    config = transformers.DINOv3ViTConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=64,
        patch_size=16,
        num_register_tokens=4,
    )
    return lively(transformers.DINOv3ViTModel(config))


def dinov3_convnext() -> Any:
    config = transformers.DINOv3ConvNextConfig(hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1])
    return lively(transformers.DINOv3ConvNextModel(config))


DINOS: dict[str, Callable[[], Any]] = {
    "dinov2": dinov2,
    "dinov2_with_registers": dinov2_with_registers,
    "dinov3_vit": dinov3_vit,
    "dinov3_convnext": dinov3_convnext,
}


def vit() -> Any:
    config = transformers.ViTConfig(
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=64,
        patch_size=16,
    )
    return lively(transformers.ViTModel(config, add_pooling_layer=False))


def sam() -> Any:
    """With its decoder and all, as SAM's weights are published; one layer of three sees the whole."""
    sizes = {"image_size": 64, "patch_size": 16}
    config = transformers.SamConfig(
        vision_config={
            **sizes,
            "hidden_size": 16,
            "output_channels": 16,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "mlp_dim": 32,
            "window_size": 3,
            "global_attn_indexes": [1],
        },
        prompt_encoder_config={**sizes, "hidden_size": 16, "mask_input_channels": 4},
        mask_decoder_config={
            "hidden_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "mlp_dim": 32,
            "iou_head_hidden_dim": 16,
        },
    )
    return lively(transformers.SamModel(config))


CONVNEXT = {"hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 2, 1]}


def convnext() -> Any:
    """As most are published: with a head that tells classes apart."""
    return lively(transformers.ConvNextForImageClassification(transformers.ConvNextConfig(**CONVNEXT)))


def upernet(backbone: Any = None) -> Any:
    stages = {"out_features": ["stage1", "stage2", "stage3", "stage4"]}
    config = transformers.UperNetConfig(
        backbone_config=transformers.ConvNextConfig(**CONVNEXT, **stages) if backbone is None else backbone,
        hidden_size=16,
        auxiliary_channels=8,
        auxiliary_in_channels=16,
        num_labels=5,
    )
    return lively(transformers.UperNetForSemanticSegmentation(config))


def clipseg(folder: Path, *, side: int = 64, bias: float | None = None, seed: int = 2) -> Path:
    """A CLIPSeg and its tokenizer, which knows letters.

    Args:
        bias: of the last layer: what its log odds are nearly everywhere; None leaves it at random.
    """
    words = [*ascii_lowercase, *(f"{letter}</w>" for letter in ascii_lowercase)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    start, end = len(words) - 2, len(words) - 1
    (folder / "vocab.json").write_text(json.dumps({word: place for place, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    config = transformers.CLIPSegConfig(
        text_config={
            "vocab_size": len(words),
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "max_position_embeddings": 12,
            "bos_token_id": start,
            "eos_token_id": end,
            "pad_token_id": end,
        },
        vision_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 4,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 16,
        },
        projection_dim=8,
        extract_layers=[1, 2, 3],
        reduce_dim=8,
        decoder_intermediate_size=16,
        decoder_num_attention_heads=2,
    )
    model = lively(transformers.CLIPSegForImageSegmentation(config), seed)
    if bias is not None:
        with torch.no_grad():
            model.decoder.transposed_convolution.bias.fill_(bias)
    return written(folder, model, size={"height": side, "width": side})


def grounding_dino(folder: Path, *, seed: int = 3) -> Path:
    """A Grounding DINO on a Swin of transformers' own, and its tokenizer, which knows letters."""
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "."]
    words += [*ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase)]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=4,
            image_size=64,
            out_indices=[2, 3, 4],
        ),
        text_config=transformers.BertConfig(
            vocab_size=len(words),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
            max_position_embeddings=64,
        ),
        d_model=64,  # two channels in each of 32 groups: one value cannot be normed
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        num_queries=9,
        max_text_len=32,
    )
    model = lively(transformers.GroundingDinoForObjectDetection(config), seed)
    return written(folder, model, size={"shortest_edge": 64, "longest_edge": 128})
