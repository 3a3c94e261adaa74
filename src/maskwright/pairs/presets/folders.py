"""Corpora of edits that come as folders of files."""

from __future__ import annotations

from maskwright.pairs.presets.preset import Files, Preset

FOLDERS = (
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
        # SunnyHaze/IML-Dataset-Corrections README, 2.2; 5 on their side, 8 within 2 %, 4 refused
        misfits=(
            "Tp_D_CNN_M_N_sec00011_cha00085_11227",
            "Tp_D_CRN_S_N_ani10191_ani10190_12437",
            "Tp_D_CRN_S_N_nat10130_pla00049_11524",
            "Tp_D_NND_M_B_nat20098_nat20073_01602",
            "Tp_D_NRN_M_N_nat10134_nat00095_11912",
            "Tp_D_NRN_M_N_nat10134_nat10124_11913",
            "Tp_S_CRN_S_N_art00059_art00059_10508",
            "Tp_S_NND_S_N_sec20064_sec20064_01654",
            "Tp_S_NNN_S_N_art20077_art20077_01883",
            "Tp_S_NNN_S_N_ind20037_ind20037_01778",
            "Tp_S_NNN_S_N_sec00012_sec00012_11230",
            "Tp_S_NNN_S_N_sec00074_sec00074_00751",
            "Tp_S_NRD_S_N_arc20079_arc20079_01719",
            "Tp_S_NRD_S_N_pla20071_pla20071_01971",
            "Tp_S_NRN_S_B_ind10002_ind10002_20010",
            "Tp_S_NRN_S_N_art20077_art20077_02316",
            "Tp_S_NRN_S_N_pla20080_pla20080_01980",
        ),
        notes=(
            "A forgery's name has two scenes; the first is the photograph that was edited, the second gave "
            "the object. All 1,821 first ones of SAFIRE's list of splices are among the authentic files, 10 "
            "of the second are not.",
            "Masks come from the repository above, made by a thresholded difference. 17 have another size; "
            "5 of them lie on their side and are turned, those within 2 % are resized, the rest is refused.",
            "99 files are named as splices though they are copies, or the other way round, unless renamed.",
        ),
    ),
    Preset(
        name="deal-300k",
        title="DEAL-300K",
        home="gh:ymhzyj/DEAL-300K",
        source="DEAL-300K",
        size="119,371 photographs, 221,097 edits in four archives",
        grade="read",
        evidence=("gh:ymhzyj/DEAL-300K README and its six examples, decoded",),
        licence="MIT (the repository); photographs MS COCO",
        redistribute="masks",
        container=Files(
            edited=r"(?P<stem>(?P<photo>\d{12})_qwen(?P<checkpoint>\d+))\.jpg",
            original=r"(?P<photo>\d{12})\.jpg",
            mask=r"(?P<stem>\d{12}_qwen\d+)\.png",
            spare=((r"\d{12}\.jpg", "no edit of this photograph is here"),),
            key=("photo",),
        ),
        authentic=True,
        whole_frame=True,
        notes=(
            "Unpack the pictures and label.zip side by side; names decide, folders do not.",
            "InstructPix2Pix made every pixel anew; masks are machine-made, 255 is edited.",
            "Instructions are apart, by the photograph's name, in `instructions/` of its home.",
        ),
    ),
    Preset(
        name="miml",
        title="MIML, as its CAAA takes it",
        home="gh:qcf-568/MIML",
        source="MIML",
        size="123,150 forgeries",
        grade="read",
        evidence=("gh:qcf-568/MIML models for CIML/Readme.md, Auto_Annotate_SPG.py",),
        licence="CC-BY-NC-4.0; on request, for universities and research institutes",
        redistribute="nothing",
        container=Files(
            edited=r"(?P<folder>.*)/1\.jpg",
            original=r"(?P<folder>.*)/0\.jpg",
            key=("folder",),
        ),
        authentic=True,
        whole_frame=False,
        notes=(
            "This is the layout its annotator reads, `<folder>/0.jpg` and `1.jpg`; that of the published "
            "archive with masks was not established.",
            "Made by hand, saved and scaled again since: originals seldom fit to the pixel.",
        ),
    ),
    Preset(
        name="autosplice",
        title="AutoSplice",
        home="gh:shanface33/AutoSplice_Dataset",
        source="AutoSplice",
        size="3,621 forgeries at each of three JPEG qualities, 2,273 photographs",
        grade="read",
        evidence=("gh:shanface33/AutoSplice_Dataset README", "three loaders of it that agree on its layout"),
        licence="for academic research only",
        redistribute="nothing",
        container=Files(
            edited=r"Forged_(?P<split>JPEG\d+)/(?P<photo>[^/_]+)_[^/]+\.jpg",
            original=r"Authentic/(?P<photo>[^/_]+)\.jpg",
            mask=r"Mask/(?P<photo>[^/_]+)_mask\.png",
            spare=((r"Authentic/[^/]+\.jpg", "no forgery of this photograph is here"),),
            key=("photo",),
        ),
        expected={"JPEG100": 3_621, "JPEG90": 3_621, "JPEG75": 3_621},
        authentic=True,
        mask_rule="strongest > 0",
        mask_fit="nearest",
        notes=(
            "The three qualities are the same forgeries: take one of them as a test set.",
            "All forgeries of a photograph share its mask.",
        ),
    ),
    Preset(
        name="cocoglide",
        title="CocoGlide",
        home="gh:grip-unina/TruFor",
        source="CocoGlide",
        size="512 pairs of 256 pixels",
        grade="read",
        evidence=("gh:grip-unina/TruFor test_docker/data_test lists", "gh:mjkwon2021/SAFIRE lists"),
        licence="as TruFor, for nonprofit purposes; photographs MS COCO",
        redistribute="masks",
        container=Files(
            edited=r"fake/glide_inpainting_val2017_(?P<photo>\d+)_up\.png",
            original=r"real/[^/]+_(?P<photo>\d+)\.png",
            mask=r"mask/[^/]+_(?P<photo>\d+)_mask\.png",
            key=("photo",),
        ),
        expected={"": 512},
        authentic=True,
        mask_rule="strongest > 0",
        notes=(
            "Names begin with the class, which may hold blanks; the number at their end joins them.",
            "Whether pixels outside the mask were made anew was not established.",
        ),
    ),
)
"""Corpora of pairs that are found by the names of their files."""
