"""Corpora of edits whose rows hold lists: of pictures, or of the edits of a session."""

from __future__ import annotations

from maskwright.pairs.presets.preset import Preset, Skip, Unfold, When

LISTS = (
    Preset(
        name="pico-banana",
        title="Pico-Banana-400K, single edits",
        home="gh:apple/pico-banana-400k",
        source="sft_with_local_source_image_path.jsonl",
        size="257,000 rows; pictures from Open Images apart",
        grade="read",
        evidence=(
            "gh:apple/pico-banana-400k README, map_openimage_url_to_local.py",
            "three loaders of sft.jsonl and a line of it",
            "apple/pico-banana-400k#16, #20, #22",
        ),
        licence="CC BY-NC-ND 4.0; originals CC BY 2.0",
        redistribute="masks",
        container=Unfold(
            original=("local_input_image", "open_image_input_url"),
            edited="output_image",
            instruction="text",
            key="open_image_input_url",
        ),
        authentic=True,
        whole_frame=True,
        skip=(
            Skip(
                When("edit_type", "(change overall color tone|add film grain|strong artistic style).*"),
                "the edit changes tone, grain or style of the whole frame",
            ),
            Skip(
                When("edit_type", "(zoom in|outpainting).*"),
                "the edit moves or extends the whole frame",
            ),
        ),
        notes=(
            "Originals are not shipped: the authors' script adds `local_input_image`; without it they are "
            "URLs, fetched with `--allow-remote`. Put the list where the paths of its pictures begin.",
            "The output has another shape than the input, up to a cropped height with a widened frame.",
            "No masks were made, its authors say. `preference.jsonl` holds failed edits and is not for this.",
            "Five kinds of edits that touch the whole frame are skipped; of 35 kinds these were read.",
        ),
    ),
    Preset(
        name="pico-banana-multi-turn",
        title="Pico-Banana-400K, sessions",
        home="gh:apple/pico-banana-400k",
        source="multi-turn_with_local_source_image_path.jsonl",
        size="72,000 sessions; pictures from Open Images apart",
        grade="read",
        evidence=(
            "gh:apple/pico-banana-400k README, map_openimage_url_to_local.py",
            "two loaders of multi-turn.jsonl and a line of it",
        ),
        licence="CC BY-NC-ND 4.0; originals CC BY 2.0",
        redistribute="masks",
        container=Unfold(
            original=("local_input_image", "files[id=original_input_image].url"),
            edited="files[id=edit_turn{n}].url",
            last="files[id=final_image].url",
            instruction="metadata_edit_turn_prompts[{i}]",
            key="files[id=original_input_image].url",
        ),
        authentic=When("session_turn", "1"),
        whole_frame=True,
        notes=("An edit starts from the picture of the edit before it.",),
    ),
    Preset(
        name="imgedit",
        title="ImgEdit, single edits",
        home="hf:sysuyy/ImgEdit",
        source="remove_part5.parquet",
        size="1.2 million pairs with the sessions",
        grade="read",
        evidence=("gh:PKU-YuanGroup/ImgEdit README",),
        licence="not established; a card of its source pictures says MIT",
        redistribute="nothing",
        container=Unfold(original=("input_images[0]",), edited="output_images[0]", instruction="prompt"),
        notes=(
            "Lists name files inside of tars (`*.tar.split.NNN`, to be joined): unpack them beside the list.",
            "The masks of ImgEdit_recap_mask are of objects, not of edits, and their decoder inverts them.",
        ),
    ),
    Preset(
        name="imgedit-multi-turn",
        title="ImgEdit, sessions",
        home="hf:sysuyy/ImgEdit",
        source="version_backtracking_part0.parquet",
        size="1.2 million pairs with the single edits",
        grade="read",
        evidence=("gh:PKU-YuanGroup/ImgEdit README",),
        licence="not established; a card of its source pictures says MIT",
        redistribute="nothing",
        container=Unfold(
            original=("data[{i}].input_images[0]",),
            edited="data[{i}].output_images[0]",
            instruction="data[{i}].prompt",
            key="data[0].input_images[0]",
        ),
        notes=("Every edit names its own original, which need not be the picture before: sessions go back.",),
    ),
    Preset(
        name="gpt-image-edit",
        title="GPT-Image-Edit-1.5M",
        home="hf:UCSC-VLAA/GPT-Image-Edit-1.5M",
        source="hqedit/edit/hqedit_gpt_edit.json",
        size="1,553,575 pairs in six lists, about 5 TB",
        grade="read",
        evidence=(
            "gh:wyhlovecpp/GPT-Image-Edit README, data.txt, univa/dataset/qwen2vl_dataset.py",
            "card:UCSC-VLAA/GPT-Image-Edit-1.5M, a copy",
        ),
        licence="CC-BY-4.0 on the card; built on HQ-Edit, which is CC-BY-NC-4.0",
        redistribute="masks",
        container=Unfold(original=("image[0]",), edited="image[-1]", instruction="conversations[0].value"),
        whole_frame=True,
        notes=(
            "Lists come apart from pictures (gpt-image-edit-training, training_json): put each into the "
            "folder that data.txt names beside it.",
            "All outputs are GPT-Image-1's; in `hqedit/generate` the inputs are, too.",
        ),
    ),
    Preset(
        name="seed-data-edit-multi-turn",
        title="SEED-Data-Edit, part 3",
        home="hf:AILab-CVC/SEED-Data-Edit-Part2-3",
        source="multi_turn_editing/annotations/split_0.jsonl",
        size="21,000 sessions of up to 5 edits, 95,000 edits",
        grade="second-hand",
        evidence=("card:AILab-CVC/SEED-Data-Edit-Part2-3", "a loader of split_*.jsonl by others"),
        licence="CC-BY-NC-4.0",
        redistribute="masks",
        container=Unfold(
            original=("source_image",),
            edited="edit_image_{n}",
            instruction="instruction_{n}",
            key="source_image",
            within="../images",
        ),
        authentic=When("session_turn", "1", then=None),
        skip=(
            Skip(
                When("session_key", r"20240330_315P_1323turns/Data/(208|209|210|211|212)\b.*"),
                "files of these sessions are reported damaged",
            ),
        ),
        notes=("Edits are people's; each starts from the picture before it.",),
    ),
)
"""Corpora of pairs in Parquet, JSON or JSON Lines that are unfolded first."""
