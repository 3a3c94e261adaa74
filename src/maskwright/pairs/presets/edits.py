"""Corpora of edits: an original and what became of it."""

from __future__ import annotations

from maskwright.pairs.presets.preset import Files, Preset, Table, When

EDITS = (
    Preset(
        name="instructpix2pix",
        title="InstructPix2Pix, filtered by CLIP",
        home="hf:timbrooks/instructpix2pix-clip-filtered",
        source="instructpix2pix-clip-filtered",
        size="313,010 rows, 63 GB",
        grade="read",
        evidence=("card:timbrooks/instructpix2pix-clip-filtered",),
        licence="none stated on the card",
        redistribute="nothing",
        container=Table(
            original="original_image", edited="edited_image", instruction=("edit_prompt",), key=()
        ),
        expected={"train": 313_010},
        authentic=False,
        whole_frame=True,
        notes=("Both sides are generated: no picture of it is authentic.",),
    ),
    Preset(
        name="magicbrush",
        title="MagicBrush",
        home="hf:osunlp/MagicBrush",
        source="MagicBrush",
        size="8,807 + 528 rows, 22 GB",
        grade="read",
        evidence=("card:osunlp/MagicBrush", "OSU-NLP-Group/MagicBrush#10"),
        licence="CC-BY-4.0; the test part must not be passed on unzipped",
        redistribute="pictures",
        container=Table(
            original="source_img",
            edited="target_img",
            instruction=("instruction",),
            mask="mask_img",
            key=("img_id",),
            turn="turn_index",
        ),
        expected={"train": 8_807, "dev": 528},
        authentic=When("turn_index", "1"),
        whole_frame=True,
        mask_rule="alpha == 0",
        mask_fit="nearest",
        notes=(
            "The mask is the picture with the edit region cut out: transparent is edited, and opening it as "
            "RGB loses that. It is the brush of the annotator, larger than the change.",
            "From turn 2 on the original is itself an edit.",
            "The photographs are COCO's, as are those of PIPE, DEAL-300K, CocoGlide and TGIF.",
        ),
    ),
    Preset(
        name="pipe",
        title="PIPE (Paint by Inpaint)",
        home="hf:paint-by-inpaint/PIPE",
        source="PIPE",
        size="888,230 rows, 80 GB",
        grade="read",
        evidence=("card:paint-by-inpaint/PIPE", "gh:RotsteinNoam/Paint-by-Inpaint dataset.py"),
        licence="CC-BY-4.0",
        redistribute="pictures",
        container=Table(
            original="target_img",
            edited="source_img",
            instruction=("Instruction_VLM-LLM", "Instruction_Class", "Instruction_Ref_Dataset"),
            key=("img_id", "ann_id"),
        ),
        expected={"train": 888_230, "test": 752},
        authentic=True,
        notes=(
            "The columns are named for adding an object; the photograph is `target_img`, and `source_img` is "
            "what was inpainted. The preset exchanges them, so the instruction tells the way back.",
            "Masks are a set of their own, PIPE_Masks, in other sizes than the pictures; they are not read.",
        ),
    ),
    Preset(
        name="casia-v2",
        title="CASIA v2.0",
        home="gh:namtpham/casia2groundtruth",
        source="CASIA2",
        size="5,123 forgeries, 7,491 authentic photographs, 2.6 GB",
        grade="read",
        evidence=(
            "gh:namtpham/casia2groundtruth README",
            "gh:SunnyHaze/CASIA2.0-Corrected-Groundtruth README",
            "gh:mjkwon2021/SAFIRE dataset_CASIAv2.py and lists",
            "gh:grip-unina/TruFor AbstractDataset.py",
        ),
        licence="for research; the site it came from is gone",
        redistribute="masks",
        container=Files(
            edited=r"(?P<stem>Tp_(?P<kind>[DS])_\w{3}_\w_\w_(?P<scene>[a-z]{3})(?P<number>\d{5})_\w{8}_\d{5})"
            r"\.(jpg|tif|bmp|png)",
            original=r"Au_(?P<scene>[a-z]{3})_(?P<number>\d{5})\.(jpg|tif|bmp|png)",
            mask=r"(?P<stem>Tp_\w+?)_gt3?\.png",
            spare=((r"Au_.*", "no forgery of this corpus is made from it"),),
            key=("scene", "number"),
        ),
        expected={"": 5_123},
        authentic=True,
        whole_frame=False,
        mask_rule="strongest > 0",
        mask_fit="turned",
        notes=(
            "A forgery's name has two scenes; the first is the photograph that was edited, the second gave "
            "the object. All 1,821 first ones of SAFIRE's list of splices are among the authentic files, 10 "
            "of the second are not.",
            "Masks come from the repository above, made by a thresholded difference. 17 have another size; "
            "5 of them lie on their side and are turned, those within 2 % are resized, the rest is refused.",
            "99 files are named as splices though they are copies, or the other way round, unless renamed.",
        ),
    ),
)
