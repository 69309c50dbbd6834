"""`shapes`, the default dataset: small photograph-like scenes, drawn by the project itself.

Each scene has one to three objects on a cluttered ground. What tells the class of an object is the
texture of one part (see `urn.datasets.shape_parts`), which shows through the rest more faintly. The
colours under it are shared by the classes and by clutter, but differ from the ground around them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from urn.datasets.ids import SPLITS, shapes_ids
from urn.datasets.index import Record
from urn.datasets.shape_parts import SHAPES, Shape
from urn.datasets.voc import voc_records
from urn.files.atomic import atomic_path
from urn.files.images import write_mask
from urn.progress import progress

SHAPES_CLASSES = tuple(SHAPES)

LIST = "ImageSets/Segmentation/{split}.txt"
SUPERSAMPLING = 4  # outlines are drawn this much larger, for smooth edges
MOST_OVERLAP = 0.1  # part of a class's pixels that a later object may hide
MOST_OUTSIDE = 0.1  # part of an object's width or height that the border may cut off
LEAST_CONTRAST = 75.0  # RGB distance between a body's own colour and the ground
HINT = 0.65  # how much of its class's texture shows through a body
JPEG_QUALITY = 92

# Two or three ground colours that go together: meadow, sea, sand, stone, dusk, snow.
GROUNDS = (
    ((86, 122, 58), (128, 150, 84), (70, 92, 52)),
    ((52, 98, 128), (96, 146, 168), (40, 76, 104)),
    ((196, 172, 126), (172, 144, 100), (214, 198, 160)),
    ((122, 120, 116), (150, 146, 138), (92, 92, 96)),
    ((110, 84, 100), (148, 112, 110), (78, 66, 92)),
    ((206, 212, 220), (178, 190, 206), (226, 226, 224)),
)
BODIES = (
    (178, 92, 52),
    (84, 128, 74),
    (206, 168, 96),
    (72, 104, 160),
    (150, 84, 120),
    (128, 132, 136),
    (224, 214, 196),
    (82, 66, 60),
)


@dataclass(frozen=True)
class Pose:
    """Where an object is: `matrix` (2×2) and `centre` take its coordinates to pixels (x, y)."""

    matrix: np.ndarray
    centre: np.ndarray

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Pixel coordinates of N×2 object coordinates."""
        return points @ self.matrix.T + self.centre

    def to_object(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Object coordinates x and y (height×width each) of an image's pixel centres."""
        rows, columns = np.mgrid[:height, :width] + 0.5
        offsets = np.stack([columns - self.centre[0], rows - self.centre[1]])
        x, y = np.tensordot(np.linalg.inv(self.matrix), offsets, axes=1)
        return x, y


def write_shapes(root: str | Path, train: int, val: int, seed: int = 0) -> None:
    """Write the dataset in VOC's layout under `root`; equal arguments give equal files."""
    root = Path(root)
    for split, count in zip(SPLITS, (train, val), strict=True):
        ids = shapes_ids(split, count)
        for number, image_id in enumerate(progress(ids, f"drawing {split}", count)):
            image, mask = draw_scene(split, number, seed)
            with atomic_path(root / "JPEGImages" / f"{image_id}.jpg") as temporary:
                Image.fromarray(image).save(temporary, quality=JPEG_QUALITY)
            write_mask(root / "SegmentationClass" / f"{image_id}.png", mask)
        with atomic_path(root / LIST.format(split=split)) as temporary:
            temporary.write_text("".join(f"{image_id}\n" for image_id in ids))


def shapes_records(root: str | Path) -> list[Record]:
    """Read what `write_shapes` wrote; tags are the classes in the masks."""
    train, val = (LIST.format(split=split) for split in SPLITS)
    return voc_records(root, SHAPES_CLASSES, train, val, tags="masks")


def read(source: Mapping[str, Any]) -> tuple[Sequence[str], list[Record]]:
    """Classes and records of a dataset; see `urn.datasets.readers`."""
    return SHAPES_CLASSES, shapes_records(source["root"])


def draw_scene(split: str, number: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw image `number` of a split: an image H×W×3 uint8 and its mask H×W uint8."""
    rng = np.random.default_rng([seed, SPLITS.index(split), number])
    height, width = (int(side) for side in rng.integers(152, 209, 2))
    ground = np.array(GROUNDS[rng.integers(len(GROUNDS))], dtype=np.float64)
    image = _ground(rng, ground, height, width)
    _clutter(rng, image, ground)
    mask = np.zeros((height, width), dtype=np.uint8)
    count = rng.choice([1, 2, 3], p=[0.35, 0.4, 0.25])
    share = rng.uniform(0.06 + 0.08 * count, 0.35) / count
    class_id = 1 + number % len(SHAPES_CLASSES)  # every class is in any few successive images
    for _ in range(count):
        shape = SHAPES[SHAPES_CLASSES[class_id - 1]]
        pose = _free_pose(rng, shape, share * rng.uniform(0.8, 1.25), mask)
        if pose is not None:
            mask[_draw_object(rng, image, shape, pose, ground)] = class_id
        if rng.random() < 0.6:
            class_id = int(rng.integers(1, len(SHAPES_CLASSES) + 1))
    light = 1 + 0.2 * _noise(rng, height, width, cells=2)
    image = image * light[..., None] + rng.normal(0, 3, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), mask


def _noise(rng: np.random.Generator, height: int, width: int, cells: int) -> np.ndarray:
    """Smooth noise in about [-1, 1], `cells` bumps across the image."""
    coarse = rng.uniform(-1, 1, (cells + 1, cells + 1)).astype(np.float32)
    smooth = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(smooth, dtype=np.float64)


def _ground(rng: np.random.Generator, colours: np.ndarray, height: int, width: int) -> np.ndarray:
    """A ground of three colours mixed by noise and a gradient, grained in three octaves."""
    slope = np.linspace(-0.5, 0.5, height)[:, None] * rng.uniform(-1, 1)
    first = np.clip(0.5 + 0.6 * _noise(rng, height, width, 3) + slope, 0, 1)[..., None]
    second = np.clip(0.7 * _noise(rng, height, width, 6), 0, 1)[..., None]
    image = colours[0] * first + colours[1] * (1 - first)
    image = image * (1 - second) + colours[2] * second
    for cells, strength in ((12, 9), (30, 8), (70, 8)):
        image += strength * _noise(rng, height, width, cells)[..., None]
    return image


def _clutter(rng: np.random.Generator, image: np.ndarray, ground: np.ndarray) -> None:
    """Draw strokes and blobs that are no class into `image`, some in the colours of bodies."""
    height, width = image.shape[:2]
    for _ in range(rng.integers(4, 10)):
        centre, turn = rng.uniform(0, (width, height)), rng.uniform(0, np.pi)
        long = rng.uniform(4, 11)
        radii = (2.5 * long, rng.uniform(1, 2.5)) if rng.random() < 0.5 else (long, 0.6 * long)
        angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
        wobble = rng.uniform(0.75, 1.25, 12)
        points = np.stack([np.cos(angles) * wobble, np.sin(angles) * wobble], axis=1)
        pose = Pose(_rotation(turn) @ np.diag(radii), centre)
        palette = ground if rng.random() < 0.6 else np.array(BODIES)
        colour = palette[rng.integers(len(palette))] + rng.normal(0, 20, 3)
        _paint(image, _coverage([pose.to_pixels(points)], height, width), colour)


def _rotation(angle: float) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]])


def _free_pose(
    rng: np.random.Generator, shape: Shape, share: float, mask: np.ndarray
) -> Pose | None:
    """A random pose in which the object fills `share` of the image and hides little of others."""
    height, width = mask.shape
    outlines = [part.outline for part in shape.parts]
    unit = _coverage([60 + 50 * outline for outline in outlines], 120, 120).sum() / 50**2
    scale = np.sqrt(share * height * width / unit)
    for _ in range(60):
        flip, stretch = rng.choice([-1, 1]), rng.uniform(0.9, 1.1)
        matrix = _rotation(rng.uniform(-0.45, 0.45)) @ np.diag(
            [scale * flip * stretch, scale / stretch]
        )
        corners = np.concatenate(outlines) @ matrix.T
        low, high = corners.min(axis=0), corners.max(axis=0)
        outside = MOST_OUTSIDE * (high - low)
        first, last = -low - outside, (width, height) - high + outside
        if (first <= last).all():
            pose = Pose(matrix, rng.uniform(first, last))
            covered = _coverage([pose.to_pixels(line) for line in outlines], height, width) >= 0.5
            hidden = [
                (covered & (mask == class_id)).sum() / (mask == class_id).sum()
                for class_id in np.unique(mask[mask > 0])
            ]
            if max(hidden, default=0.0) <= MOST_OVERLAP:
                return pose
        scale *= 0.97
    return None


def _coverage(polygons: list[np.ndarray], height: int, width: int) -> np.ndarray:
    """The part (height×width, 0 to 1) of each pixel that polygons (N×2 pixel x, y) cover."""
    canvas = Image.new("L", (width * SUPERSAMPLING, height * SUPERSAMPLING))
    draw = ImageDraw.Draw(canvas)
    for points in polygons:
        draw.polygon((points * SUPERSAMPLING).reshape(-1).tolist(), fill=255)
    return np.asarray(canvas.reduce(SUPERSAMPLING), dtype=np.float64) / 255


def _paint(image: np.ndarray, coverage: np.ndarray, colour: np.ndarray) -> None:
    """Lay a colour (3, or one per pixel) over `image` where `coverage` says."""
    image += coverage[..., None] * (colour - image)


def _draw_object(
    rng: np.random.Generator, image: np.ndarray, shape: Shape, pose: Pose, ground: np.ndarray
) -> np.ndarray:
    """Draw an object into `image`; return the pixels (H×W bool) that are more it than not."""
    height, width = image.shape[:2]
    outlines = [pose.to_pixels(part.outline) for part in shape.parts]
    covered = _coverage(outlines, height, width) >= 0.5
    here = image[covered].mean(axis=0)
    bodies = [np.array(body) for body in BODIES if np.linalg.norm(here - body) >= LEAST_CONTRAST]
    body = bodies[rng.integers(len(bodies))] + rng.normal(0, 8, 3)
    light, dark = (np.array(colour) + rng.normal(0, 10, 3) for colour in shape.colours)
    mix = shape.texture(*pose.to_object(height, width))[..., None]
    mark = light + mix * (dark - light)
    body = body + HINT * (mark - body)
    colours = {"body": body, "shade": 0.8 * body, "dark": 0.45 * body, "mark": mark}
    grain = 6 * _noise(rng, height, width, 24) + 5 * _noise(rng, height, width, 60)
    for part, outline in zip(shape.parts, outlines, strict=True):
        _paint(image, _coverage([outline], height, width), colours[part.fill] + grain[..., None])
    return covered
