"""How two published tools score a detector: IMDLBenCo (`benco`) and TruFor (`trufor`), quirks included.

Numbers of papers come from these tools, so a number of ours stands beside one of theirs only when it was
made their way. Every function here does what they do where we would do otherwise, and its docstring says
what that is; our own measures are in `metrics`. One function a measure, no modes.

A picture's figures are made first (`benco_picture`, `trufor_picture`); a summary (`benco`, `trufor`) is a
function of them, so pictures can stream:

    benco(benco_picture(change, truth) for change, truth in pictures)

In a summary, what is used and what is skipped add up to all pictures, for every figure.
Change maps are (H, W) float32, truth is (H, W) bool, True = edited, on one grid; nothing is resized.
"""

from maskwright.measures.protocols.figures import Figure, Skipped
from maskwright.measures.protocols.imdlbenco import (
    BencoAuc,
    BencoPicture,
    BencoSummary,
    benco,
    benco_image_accuracy,
    benco_image_auc,
    benco_image_f1,
    benco_picture,
    benco_pixel_auc,
    benco_pixel_auc_double,
    benco_pixel_auc_reverse,
    benco_pixel_f1,
    benco_pixel_f1_double,
    benco_pixel_f1_reverse,
    benco_pixel_iou,
    benco_pixel_iou_double,
    benco_pixel_iou_reverse,
    benco_truth,
)
from maskwright.measures.protocols.trufor_metrics import (
    TruforPicture,
    TruforSummary,
    TruforTruth,
    trufor,
    trufor_balanced_accuracy,
    trufor_detection_auc,
    trufor_f1_best,
    trufor_f1_th,
    trufor_picture,
    trufor_truth,
)

PROTOCOLS: dict[str, str] = {
    "benco": "as IMDLBenCo does: every pixel of every picture at threshold 0.5, plain means, "
    "0 for a picture without edit",
    "trufor": "as TruFor does: edited pictures only, a ring along the border of the edit left out, "
    "the better of the map and its inverse",
}
"""The profiles by name, each in one sentence."""

__all__ = [
    "PROTOCOLS",
    "BencoAuc",
    "BencoPicture",
    "BencoSummary",
    "Figure",
    "Skipped",
    "TruforPicture",
    "TruforSummary",
    "TruforTruth",
    "benco",
    "benco_image_accuracy",
    "benco_image_auc",
    "benco_image_f1",
    "benco_picture",
    "benco_pixel_auc",
    "benco_pixel_auc_double",
    "benco_pixel_auc_reverse",
    "benco_pixel_f1",
    "benco_pixel_f1_double",
    "benco_pixel_f1_reverse",
    "benco_pixel_iou",
    "benco_pixel_iou_double",
    "benco_pixel_iou_reverse",
    "benco_truth",
    "trufor",
    "trufor_balanced_accuracy",
    "trufor_detection_auc",
    "trufor_f1_best",
    "trufor_f1_th",
    "trufor_picture",
    "trufor_truth",
]
