"""Images in memory, as `urn.files.images.read_image` reads files."""

import numpy as np
from PIL import Image, ImageOps

from urn.files.images import _rgb
from urn.working_size import WorkingSize, working_shape


def picture(
    image: Image.Image | np.ndarray, working_size: WorkingSize = "original"
) -> tuple[np.ndarray, tuple[int, int]]:
    """An image as RGB at the working size, and its own height and width.

    Args:
        image: Pillow's, whose EXIF orientation is applied; or H×W×3 uint8 RGB.
        working_size: see `urn.working_size`.

    Raises:
        UserError: the image has 32-bit values.
        ValueError: the array is no image.
    """
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError(f"image must be H×W×3 uint8, got {image.shape} {image.dtype}")
        image = Image.fromarray(image)
    image = _rgb(ImageOps.exif_transpose(image), "given")
    size = image.height, image.width
    shape = working_shape(*size, working_size)
    if shape != size:
        image = image.resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.array(image), size
