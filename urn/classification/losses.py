"""The losses of SEAM: equivariance between two scales of an image, with image-level tags.

Wang et al., "Self-Supervised Equivariant Attention Mechanism for Weakly Supervised Semantic
Segmentation" (CVPR 2020): the loss is L = L_cls + L_ER + L_ECR, to which the published code adds
the adaptive min pooling.

CAM tensors are N×(C+1)×h×w, map 0 the background; `tags` is N×C, 1 where a class is present.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-5


def with_background(tags: Tensor) -> Tensor:
    """N×C tags → N×(C+1)×1×1, the background present everywhere."""
    return torch.cat([torch.ones_like(tags[:, :1]), tags], dim=1)[:, :, None, None]


def max_normalised(cam: Tensor) -> Tensor:
    """Clip negative values to 0 and scale each map to [0, 1] by its own minimum and maximum."""
    cam = F.relu(cam)
    low, high = cam.amin((2, 3), keepdim=True), cam.amax((2, 3), keepdim=True)
    return F.relu(cam - low - EPSILON) / (high - low + EPSILON)


def foreground_maximum(cam: Tensor) -> Tensor:
    """Keep only the largest foreground map at every pixel; the background map is unchanged."""
    foreground = cam[:, 1:]
    kept = foreground * (foreground == foreground.amax(1, keepdim=True))
    return torch.cat([cam[:, :1], kept], dim=1)


def classification_loss(cam: Tensor, tags: Tensor) -> Tensor:
    """L_cls: multi-label soft-margin loss of the average-pooled foreground maps."""
    return F.multilabel_soft_margin_loss(cam[:, 1:].mean((2, 3)), tags)


def adaptive_min_pooling_loss(pcm_cam: Tensor, tags: Tensor) -> Tensor:
    """Mean of the lowest quarter of the per-pixel maximum over the present classes.

    It pushes the least active quarter of the image, probably background, towards zero.
    """
    strongest = (pcm_cam[:, 1:] * tags[:, :, None, None]).amax(1).flatten(1)
    lowest = strongest.topk(max(1, strongest.shape[1] // 4), dim=1, largest=False).values
    return F.relu(lowest).mean()


def equivariance_loss(cam_a: Tensor, cam_b: Tensor) -> Tensor:
    """L_ER: L1 distance between the branches' foreground CAMs (normalised, same size)."""
    return (cam_a[:, 1:] - cam_b[:, 1:]).abs().mean()


def cross_regularisation_loss(cam: Tensor, pcm_cam: Tensor) -> Tensor:
    """One term of L_ECR: mean of the top 20 % of |one branch's one-hot CAM − the other's PCM CAM|.

    Both are normalised and of one size; map 0 of `cam` is replaced by 1 − max foreground.
    """
    cam = cam.detach()
    background = 1 - cam[:, 1:].amax(1, keepdim=True)
    target = foreground_maximum(torch.cat([background, cam[:, 1:]], dim=1))
    difference = (target - pcm_cam).abs().flatten(1)
    return difference.topk(max(1, difference.shape[1] // 5), dim=1).values.mean()


def seam_losses(
    large: tuple[Tensor, Tensor],
    small: tuple[Tensor, Tensor],
    tags: Tensor,
    size: Sequence[int],
) -> dict[str, Tensor]:
    """The terms of SEAM's loss for an image (`large`) and its copy at scale 0.3 (`small`).

    Their sum is the loss.

    Args:
        large, small: raw CAM and PCM CAM of each branch, at the branch's own size.
        tags: N×C, 1 where a class is present.
        size: height and width at which the branches are compared.
    """
    (cam_l, pcm_l), (cam_s, pcm_s) = large, small

    def comparable(cam: Tensor) -> Tensor:
        normalised = max_normalised(cam)
        resized = F.interpolate(normalised, tuple(size), mode="bilinear", align_corners=False)
        return resized * with_background(tags)

    norm_l, norm_s = comparable(cam_l), comparable(cam_s)
    cross = cross_regularisation_loss(norm_s, comparable(pcm_l)) + cross_regularisation_loss(
        norm_l, comparable(pcm_s)
    )
    return {
        "loss_classification": (classification_loss(cam_l, tags) + classification_loss(cam_s, tags))
        / 2,
        "loss_min_pooling": (
            adaptive_min_pooling_loss(pcm_l, tags) + adaptive_min_pooling_loss(pcm_s, tags)
        )
        / 2,
        "loss_equivariance": equivariance_loss(norm_l, norm_s),
        "loss_cross": cross,
    }
