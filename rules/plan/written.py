"""Files that are written together: of a training, of a score, for mmsegmentation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """What a training writes: the model, its curve, and its checkpoints until it is done."""

    folder: str
    name: str = "model.pth"

    @property
    def model(self) -> str:
        """The trained network."""
        return f"{self.folder}/{self.name}"

    @property
    def settings(self) -> str:
        """How a segmentation model looks at images: for predictions of others."""
        return f"{self.folder}/model.json"

    @property
    def curve(self) -> str:
        """Its losses, iteration by iteration."""
        return f"{self.folder}/curve.tsv"

    @property
    def work(self) -> str:
        """Checkpoints, until it is done."""
        return f"{self.folder}/work"


@dataclass(frozen=True)
class Scores:
    """The scores of masks or CAMs: mIoU, and IoU by class. `stem` is what both begin with."""

    stem: str

    @property
    def miou(self) -> str:
        """One number, and what it is."""
        return f"{self.stem}miou.txt"

    @property
    def classes(self) -> str:
        """A table."""
        return f"{self.stem}iou.tsv"


@dataclass(frozen=True)
class Mmsegmentation:
    """A model for mmsegmentation's own tools."""

    folder: str

    @property
    def config(self) -> str:
        """Its configuration."""
        return f"{self.folder}/config.py"

    @property
    def checkpoint(self) -> str:
        """Its weights."""
        return f"{self.folder}/checkpoint.pth"
