"""What a figure is: its place in the report, when there is one, and what it is drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rules.plan.dataset import Dataset
from rules.plan.wildcards import Wildcards

# The columns of sheets of images: title, kind (of urn.figures.panels), and folder of the masks.
Columns = list[tuple[str, str, str]]
CAPTION = "../report/figure.rst"  # from rules/: it shows the job's params.caption


def always(dataset: Dataset) -> bool:
    """For figures that every dataset has."""
    return True


def of_no_backbone(dataset: Dataset) -> Sequence[str]:
    """For figures whose name has no {backbone}: there is one."""
    return [""]


def no_options(dataset: Dataset) -> dict[str, Any]:
    """For functions that need nothing but what all of their kind get."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure of the report.

    Attributes:
        name: of its file, in which {backbone} may stand.
        rule: that draws it.
        category: of the report's menu.
        label: its line there.
        caption: reStructuredText, in which {backbone} may stand.
        applies: whether a dataset has it.
        backbones: of a dataset, those that it is drawn for if {backbone} stands in its name.
    """

    name: str
    rule: str
    category: str
    label: str
    caption: str
    applies: Callable[[Dataset], bool] = always
    backbones: Callable[[Dataset], Sequence[str]] = of_no_backbone

    def files(self, dataset: Dataset) -> list[str]:
        """The files of a dataset's run, one for each of `backbones`."""
        if not self.applies(dataset):
            return []
        names = [self.name.format(backbone=backbone) for backbone in self.backbones(dataset)]
        return [dataset.paths.figure(name) for name in names]

    @property
    def job(self) -> str:
        """What its log and benchmark are called."""
        return self.rule + "_{backbone}" * ("{backbone}" in self.name)

    @property
    def place(self) -> dict[str, Any]:
        """For Snakemake's `report`: where the report shows it."""
        return {"caption": CAPTION, "category": self.category, "labels": {"figure": self.label}}

    def told(self, wildcards: Wildcards, output: Sequence[str]) -> str:
        """For params: its caption.

        It asks for the output, so that Snakemake takes it for derived: a caption that is worded
        otherwise draws nothing again.
        """
        return self.caption.format(**dict(wildcards.items()))


@dataclass(frozen=True, kw_only=True)
class Sheet(Figure):
    """Images and their masks side by side, in rows.

    Attributes:
        columns: of a dataset (and a backbone, if {backbone} stands in `name`).
        data: what of the images it shows, see `data_files.KINDS`.
        split: of the images.
        table: of them.
        by: the table's column that ranks them; `position` is their place in the table.
        quantiles: which are shown.
        heading: of an image, with the table's columns in braces.
        tiles: images beside each other.
    """

    columns: Callable[..., Columns]
    data: Sequence[str] = ("images", "masks")
    split: str = "train"
    table: str = "train_images"
    by: str
    quantiles: list[float]
    heading: str = ""
    tiles: int = 1

    def headed(self, wildcards: Wildcards) -> str:
        """For params: the heading, whose braces are not the job's wildcards."""
        return self.heading


@dataclass(frozen=True, kw_only=True)
class Drawn(Figure):
    """What a function of the library draws.

    Attributes:
        draw: where it lies, such as `urn.figures.charts:training_curves`.
        options: its keyword arguments.
    """

    draw: str
    options: Callable[[Dataset], dict[str, Any]] = no_options


@dataclass(frozen=True, kw_only=True)
class OfExample(Drawn):
    """Of the one image that explains the method: draw(example, crf_backend, **options)."""


@dataclass(frozen=True, kw_only=True)
class Chart(Drawn):
    """Of tables: draw(*tables, **options).

    Attributes:
        tables: their files.
        columns: that each must have.
    """

    tables: Callable[[Dataset], list[str]]
    columns: Sequence[str]
