"""One image through every stage at the working size `auto`; prints the peak of memory in MB.

Usage: large_image.py IMAGE FOLDER
"""

import sys
from pathlib import Path

import numpy as np
import torch

from urn.classification.inference import multi_scale_cam
from urn.classification.network import SEAM
from urn.files.archives import write_archive
from urn.files.images import image_size, read_image, write_grey, write_mask
from urn.refinement import crf_mask, ppmg
from urn.segmentation.inference import Views, logits_of, predict_probabilities
from urn.segmentation.model import build_segmentor
from urn.uncertainty import response_scaling

path, folder = Path(sys.argv[1]), Path(sys.argv[2])
torch.manual_seed(0)
image, size = read_image(path, "auto"), image_size(path)

classifier = SEAM("efficientnet_lite0", 3, 16, pretrained=False).eval()
cams = multi_scale_cam(classifier, image, [1, 2], [1])
write_archive(folder / "cams.npz", [("a", np.array([1, 2]), cams)])
write_mask(folder / "pseudo.png", ppmg(image, dict(zip((1, 2), cams, strict=True))), size)

model = build_segmentor(
    "efficientnet_lite0", 4, head_channels=16, auxiliary_channels=16, pretrained=False
)
views = Views(ratios=[1], scale=(512, 320))
response = predict_probabilities(logits_of(model), image, views)
write_archive(folder / "responses.npz", [("a", np.arange(4), response)])
found = response_scaling(image, response, [0.5, 2])
write_mask(folder / "cyclic.png", found.mask, size)
write_grey(folder / "weight.png", found.weight, size)
write_mask(folder / "predicted.png", crf_mask(image, response), size)

status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) >> 10)
