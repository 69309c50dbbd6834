"""What the objects of the generated dataset look like: outlines of parts and their textures.

Coordinates are the object's own, x to the right and y down, the object about within [-1, 1]².
Each class has one part with a texture and colours of its own, the `mark`; all other parts show it
faintly, on colours that the classes share. A classifier therefore learns the mark first, and its
activation leaves out parts of objects: the problem that pseudo-mask refinement is there to solve.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Fractions (h×w, 0 to 1) between a mark's two colours at coordinates x, y (h×w each).
Texture = Callable[[np.ndarray, np.ndarray], np.ndarray]
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """A polygon (N×2 coordinates); `fill` is "body", "shade", "dark" or "mark"."""

    outline: np.ndarray
    fill: str


@dataclass(frozen=True)
class Shape:
    """A class: parts from back to front, and the texture and RGB colours of its mark."""

    parts: tuple[Part, ...]
    texture: Texture
    colours: tuple[Colour, Colour]


def _polygon(fill: str, *points: tuple[float, float]) -> Part:
    return Part(np.array(points), fill)


def _box(fill: str, left: float, top: float, right: float, bottom: float) -> Part:
    return _polygon(fill, (left, top), (right, top), (right, bottom), (left, bottom))


def _ellipse(
    fill: str,
    x: float,
    y: float,
    radius_x: float,
    radius_y: float,
    turn: float = 0.0,
    arc: tuple[float, float] = (0.0, 360.0),
) -> Part:
    """An ellipse turned clockwise by `turn` degrees, or the segment that `arc` cuts off."""
    angles = np.radians(np.linspace(*arc, 48))
    points = np.stack([radius_x * np.cos(angles), radius_y * np.sin(angles)], axis=1)
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    return Part(points @ np.array([[cos, sin], [-sin, cos]]) + (x, y), fill)


def _star(fill: str, x: float, y: float, radius: float, tips: int = 5) -> Part:
    angles = np.pi * np.arange(2 * tips) / tips - np.pi / 2
    radii = np.where(np.arange(2 * tips) % 2 == 0, radius, 0.5 * radius)
    return Part(np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1), fill)


def _wave(phase: np.ndarray) -> np.ndarray:
    """A square wave of period 1 with soft flanks, so that nothing aliases."""
    return np.clip(0.5 + 1.5 * np.sin(2 * np.pi * phase), 0, 1)


def _stripes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _wave(x / 0.2)


def _rings(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _wave(np.hypot(np.abs(x) - 0.5, y + 0.36) / 0.19 + 0.25)


def _chequers(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    columns, rows = _wave(x / 0.4), _wave(y / 0.4)
    return columns * (1 - rows) + rows * (1 - columns)


def _dots(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    row = np.floor(y / 0.28)
    across = (x + 0.16 * (row % 2)) / 0.32 % 1 - 0.5
    down = y / 0.28 % 1 - 0.5
    return np.clip(4 * (0.36 - np.hypot(across, down)), 0, 1)


def _grid(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.maximum(_wave((x + y) / 0.3) - 0.3, _wave((x - y) / 0.3) - 0.3).clip(0, 0.7) / 0.7


def _zigzag(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _wave((y + 0.5 * np.abs((x / 0.3) % 1 - 0.5)) / 0.22)


SHAPES: dict[str, Shape] = {
    "butterfly": Shape(
        (
            _ellipse("body", -0.52, -0.36, 0.5, 0.42, turn=25),
            _ellipse("body", 0.52, -0.36, 0.5, 0.42, turn=-25),
            _ellipse("shade", -0.42, 0.42, 0.4, 0.34, turn=-30),
            _ellipse("shade", 0.42, 0.42, 0.4, 0.34, turn=30),
            _ellipse("mark", -0.5, -0.36, 0.28, 0.28),
            _ellipse("mark", 0.5, -0.36, 0.28, 0.28),
            _ellipse("dark", 0.0, 0.0, 0.1, 0.66),
        ),
        _rings,
        ((245, 240, 250), (125, 60, 165)),
    ),
    "fish": Shape(
        (
            _polygon("shade", (-0.5, 0.0), (-1.0, -0.5), (-0.86, 0.0), (-1.0, 0.5)),
            _polygon("shade", (-0.3, -0.3), (-0.05, -0.68), (0.35, -0.3)),
            _polygon("shade", (-0.1, 0.32), (-0.15, 0.64), (0.2, 0.35)),
            _ellipse("body", 0.1, 0.0, 0.78, 0.44),
            _ellipse("mark", 0.1, 0.0, 0.78, 0.44, arc=(-66, 66)),
            _ellipse("dark", 0.62, -0.1, 0.07, 0.07),
        ),
        _stripes,
        ((245, 205, 50), (45, 45, 60)),
    ),
    "house": Shape(
        (
            _box("shade", 0.4, -0.85, 0.62, -0.2),
            _box("body", -0.72, -0.2, 0.72, 0.85),
            _box("dark", -0.12, 0.3, 0.2, 0.85),
            _box("dark", -0.52, 0.12, -0.26, 0.4),
            _polygon("mark", (-0.92, -0.14), (-0.35, -0.75), (0.35, -0.75), (0.92, -0.14)),
        ),
        _chequers,
        ((175, 70, 45), (240, 215, 180)),
    ),
    "mushroom": Shape(
        (
            _polygon("body", (-0.26, 0.0), (0.26, 0.0), (0.42, 0.95), (-0.42, 0.95)),
            _ellipse("shade", 0.0, 0.1, 0.88, 0.9, arc=(180, 360)),
            _ellipse("mark", 0.0, 0.1, 0.88, 0.9, arc=(200, 340)),
        ),
        _dots,
        ((210, 35, 40), (250, 245, 235)),
    ),
    "sailboat": Shape(
        (
            _box("dark", -0.05, -0.98, 0.05, 0.5),
            _polygon("body", (0.04, -0.92), (0.85, 0.42), (0.04, 0.42)),
            _polygon("mark", (-0.04, -0.78), (-0.72, 0.42), (-0.04, 0.42)),
            _polygon("shade", (-0.9, 0.4), (0.9, 0.4), (0.6, 0.92), (-0.6, 0.92)),
        ),
        _grid,
        ((250, 250, 250), (35, 85, 185)),
    ),
    "tree": Shape(
        (
            _box("dark", -0.12, 0.6, 0.12, 1.0),
            _polygon("shade", (0.0, -0.1), (0.78, 0.72), (-0.78, 0.72)),
            _polygon("body", (0.0, -0.45), (0.64, 0.32), (-0.64, 0.32)),
            _polygon("shade", (0.0, -0.72), (0.48, -0.06), (-0.48, -0.06)),
            _star("mark", 0.0, -0.7, 0.4),
        ),
        _zigzag,
        ((255, 215, 60), (15, 105, 55)),
    ),
}
