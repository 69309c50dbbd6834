"""Reading and writing images and masks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from pi_heif import register_heif_opener
from PIL import ExifTags, Image, ImageOps, TiffImagePlugin

from urn.errors import UserError
from urn.files.atomic import atomic_path
from urn.working_size import WorkingSize, enlarge_labels, nearest, working_shape

IGNORE = 255
GIVEN = "replace the file or drop its id"
MADE = "delete it and run again"

register_heif_opener()  # lets Pillow open phones' photographs, upright


@contextmanager
def _opened(path: str | Path, kind: str, fix: str = GIVEN) -> Iterator[Image.Image]:
    """Open an image file; errors in the block become a `UserError` about it."""
    if Path(path).exists() and not Path(path).is_file():  # reading a pipe would block
        raise UserError(f"{kind} {path} is not a file: {fix}")
    try:
        with Image.open(path) as image:
            if image.format == "PNG":  # of whose pixels Pillow reads, but does not compare, the CRC
                with Image.open(path) as checked:
                    checked.verify()
            yield image
    except UserError:
        raise
    except FileNotFoundError:
        fix = "add the file or drop its id" if fix == GIVEN else fix
        raise UserError(f"{kind} {path} does not exist: {fix}") from None
    except Exception as error:  # on damaged data Pillow's decoders raise exceptions of any kind
        reason = str(error).split(":")[0]
        raise UserError(f"{kind} {path} cannot be read ({reason}): {fix}") from None


def read_image(path: str | Path, working_size: WorkingSize = "original") -> np.ndarray:
    """Read any common image file as H×W×3 uint8 RGB.

    Grey, palette, CMYK, 1-bit and HEIC images are converted; 16-bit and 12-bit values are scaled to
    8 bits; transparent pixels are composited on white; the EXIF orientation is applied.

    Args:
        path: the file.
        working_size: larger images are shrunk to it, antialiased; others are unchanged.

    Raises:
        UserError: the file is missing, not a readable image, or has 32-bit values (whose range is
            unknown).
    """
    with _opened(path, "image") as image:
        own = image.size
        size = working_shape(*own, working_size)
        if size != own:
            image.draft(None, size)  # a JPEG is decoded smaller, though not below this size
        elif image.load() and image.size != own:
            raise ValueError("its header tells another size")
        turned = _turned(image)
        ImageOps.exif_transpose(image, in_place=True)
        image = _rgb(image, path)
        if size != own:
            image = image.resize(size[::-1] if turned else size, Image.Resampling.BICUBIC)
        return np.array(image)


def _rgb(image: Image.Image, path: str | Path) -> Image.Image:
    if image.mode in ("I", "F"):
        raise UserError(f"image {path} has 32-bit values: save it with 8 or 16 bits")
    if image.mode.startswith("I;16"):  # Pillow's own conversion clips instead of scaling
        # only TIFF has depths other than 16
        bits = getattr(image, "tag_v2", {}).get(TiffImagePlugin.BITSPERSAMPLE, (16,))[0]
        step = ((1 << bits) - 1) / 255
        grey = np.minimum(np.asarray(image) / step + 0.5, 255).astype(np.uint8)
        image = Image.fromarray(grey)
    elif image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _turned(image: Image.Image) -> bool:
    """Whether the EXIF orientation swaps height and width."""
    return image.getexif().get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)


def image_size(path: str | Path) -> tuple[int, int]:
    """Height and width of the image that `read_image` returns, read from the file's header.

    Raises:
        UserError: the file is missing or not an image.
    """
    with _opened(path, "image") as image:
        width, height = image.size
        return (width, height) if _turned(image) else (height, width)


def read_mask(path: str | Path) -> np.ndarray:
    """Read a mask (palette or grey PNG) as H×W uint8 class ids, 255 = ignore.

    Raises:
        UserError: the file is missing, unreadable, or not one channel of 8 bits.
    """
    return _one_channel(path, GIVEN, "save it as an 8-bit palette or grey PNG of class ids")


def read_made(path: str | Path, size: tuple[int, ...] | None = None) -> np.ndarray:
    """Read a mask or weight mask that `write_mask` or `write_grey` wrote: H×W uint8.

    Args:
        size: the height and width that it must have.

    Raises:
        UserError: it is missing, unreadable or of another size; the message says to remake it.
    """
    mask = _one_channel(path, MADE, MADE)
    if size is not None and mask.shape != size:
        raise UserError(f"mask {path} is not of the size of its image: {MADE}")
    return mask


def _one_channel(path: str | Path, fix: str, fix_of_mode: str) -> np.ndarray:
    with _opened(path, "mask", fix) as mask:
        if mask.mode not in ("P", "L"):
            raise UserError(f"mask {path} has mode {mask.mode}: {fix_of_mode}")
        return np.array(mask)


def palette(classes: int = 256) -> np.ndarray:
    """The PASCAL VOC colour map, classes×3 uint8: an id's bits spread over the channels."""
    ids = np.arange(classes)
    colours = np.zeros((classes, 3), dtype=np.uint8)
    for shift in range(8):
        for channel in range(3):
            colours[:, channel] |= (((ids >> (3 * shift + channel)) & 1) << (7 - shift)).astype(
                np.uint8
            )
    return colours


def write_mask(path: str | Path, mask: np.ndarray, size: tuple[int, int] | None = None) -> None:
    """Write H×W uint8 class ids as a palette PNG (VOC colours), whole or not at all.

    Args:
        path: the file.
        mask: the class ids.
        size: H and W of its image, to which the mask is enlarged (see `urn.working_size`).
    """
    mask = np.ascontiguousarray(mask, dtype=np.uint8)
    image = Image.fromarray(mask if size is None else enlarge_labels(mask, size))
    image.putpalette(palette().reshape(-1).tolist())
    with atomic_path(path) as temporary:
        image.save(temporary)


def write_grey(path: str | Path, values: np.ndarray, size: tuple[int, int] | None = None) -> None:
    """Write H×W uint8 values (a weight mask) as an 8-bit grey PNG, whole or not at all.

    Args:
        path: the file.
        values: the values.
        size: H and W to which they are enlarged, by nearest neighbour.
    """
    values = np.ascontiguousarray(values, dtype=np.uint8)
    with atomic_path(path) as temporary:
        Image.fromarray(values if size is None else nearest(values, size)).save(temporary)
