"""Segment photographs: python example.py PHOTO... writes PHOTO_mask.png beside each."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

folder = Path(__file__).parent
facts = json.loads((folder / "model.json").read_text(encoding="utf-8"))
session = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
for photo in map(Path, sys.argv[1:]):
    image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
    logits, labels = session.run(["logits", "labels"], {"image": np.asarray(image)})
    mask = Image.fromarray(labels)
    mask.putpalette(np.uint8(facts["palette"]).tobytes())
    mask.save(photo.with_name(f"{photo.stem}_mask.png"))
    print(photo, "shows", ", ".join(facts["classes"][i] for i in np.unique(labels)))
