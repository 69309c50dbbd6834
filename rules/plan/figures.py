"""The registry of figures: for each its place in the report, its caption, and when there is one.

Of the sheets, of the figures of one image and of the charts, rules/figures.smk makes the rules.
"""

from rules.plan.dataset import Dataset
from rules.plan.figure_kinds import Chart, Columns, Figure, OfExample, Sheet

PICTURES, QUALITY, COSTS = "Pictures", "Quality", "Training and cost"  # the report's categories


def files(dataset: Dataset) -> list[str]:
    """The figures that a dataset's runs and masks allow."""
    return [file for figure in FIGURES for file in figure.files(dataset)]


# When a figure applies.


def has_truth_of_train(dataset: Dataset) -> bool:
    """Whether the masks of train images are scored."""
    return "train" in dataset.layout.evaluated


def has_truth(dataset: Dataset) -> bool:
    """Whether any masks are scored."""
    return bool(dataset.layout.evaluated)


def has_urn_of_teacher(dataset: Dataset) -> bool:
    """Whether a plain run trains it."""
    return (dataset.teacher, "urn") in dataset.trained


def teacher(dataset: Dataset) -> list[str]:
    """The backbone whose uncertainty is used."""
    return [dataset.teacher]


def compared(dataset: Dataset) -> list[str]:
    """The backbones of which both the row of the baseline and urn have scores."""
    if "val" not in dataset.layout.evaluated:
        return []
    both = {dataset.baseline_row, "urn"}
    return [name for name, rows in dataset.runs.items() if both <= set(rows)]


# What a figure shows.


def uncertainty_columns(dataset: Dataset) -> Columns:
    """The teacher's cyclic masks and their uncertainty, and what is false where that is known."""
    masks = dataset.paths.cyclic_masks(dataset.teacher)
    columns = [
        ("image", "image", ""),
        ("ground truth", "truth", ""),
        ("cyclic mask", "mask", masks),
        ("false pixels", "false", masks),
        ("uncertainty", "uncertainty", dataset.paths.weights(dataset.teacher)),
    ]
    known = has_truth_of_train(dataset)
    return [column for column in columns if known or column[1] not in ("truth", "false")]


def comparison_columns(dataset: Dataset, backbone: str) -> Columns:
    """A backbone's baseline beside its urn, on val."""
    paths = dataset.paths
    return [
        ("image", "image", ""),
        ("ground truth", "truth", ""),
        (dataset.baseline_title, "mask", paths.predictions(backbone, dataset.baseline_row)),
        ("urn", "mask", paths.predictions(backbone, "urn")),
    ]


def contact_columns(dataset: Dataset) -> Columns:
    """Every mask of train images."""
    paths = dataset.paths
    return [
        ("image", "image", ""),
        ("pseudo-mask", "mask", paths.pseudo_masks(dataset.refiner)),
        ("cyclic mask", "mask", paths.cyclic_masks(dataset.teacher)),
        ("uncertainty", "uncertainty", paths.weights(dataset.teacher)),
    ]


def curves(dataset: Dataset) -> dict[str, tuple[str, str]]:
    """The curves of a dataset's trainings, and the panel and name each is drawn with."""
    paths, found = dataset.paths, {}
    if not dataset.has_own_masks():
        found[paths.classifier.curve] = ("classifier", "classifier")
    for backbone, row in dataset.trained:
        found[paths.training(backbone, row).curve] = ("segmentation", f"{backbone} {row}")
    return found


SHEETS = [
    Sheet(
        name="uncertainty",
        rule="uncertainty_sheet",
        category=PICTURES,
        label="2 uncertainty beside the errors",
        caption="The uncertainty beside the noise it should find (Figure 1 of the paper). Training "
        "images at 50, 75, 90 and 97 % of the ranking by mean uncertainty. False pixels of the "
        "cyclic mask: it shows an object that is not there (false positive), lacks one (missing "
        "positive), or takes it for another class.",
        columns=uncertainty_columns,
        by="uncertainty",
        quantiles=[0.5, 0.75, 0.9, 0.97],
        heading="{image}: mean uncertainty {uncertainty:.2f}",
    ),
    Sheet(
        name="comparison_{backbone}",
        rule="comparison_sheet",
        category=PICTURES,
        label="4 baseline against urn, {backbone}",
        caption="{backbone} trained as the baseline (the supervision that `baseline_row` names) "
        "and with URN. Val images ranked by how much URN changed their mIoU: the best, the one at "
        "95 %, the median, the one at 5 % and the worst.",
        backbones=compared,
        columns=comparison_columns,
        split="val",
        table="val_images_{backbone}",
        by="change",
        quantiles=[1, 0.95, 0.5, 0.05, 0],
        heading="{image}: mIoU of this image {baseline:.1f} → {urn:.1f} ({change:+.1f})",
    ),
    Sheet(
        name="contact_sheet",
        rule="contact_sheet",
        category=PICTURES,
        label="5 contact sheet of the training images",
        caption="24 training images, evenly spaced in the list of ids, with what the stages made "
        "of them.",
        columns=contact_columns,
        data=["images"],
        by="position",
        quantiles=[n / 23 for n in range(24)],
        tiles=2,
    ),
]

OF_EXAMPLE = [
    OfExample(
        name="response_scales",
        rule="response_scales_figure",
        category=PICTURES,
        label="3 narrow and wide response scales",
        caption="Response scaling (the image is selected as in pipeline.png): the response of the "
        "largest foreground class raised to several powers, the mask that the dense CRF makes of "
        "each, and its false pixels of that class (Figure 2 of the paper). A wide response (s < 1) "
        "causes false positives, a narrow one (s > 1) missing positives. A pixel is uncertain if "
        "its label changes with the scale; the class that varies most decides the uncertainty.",
        draw="urn.figures.response_scales:response_scales",
        options=lambda dataset: {"scales": dataset.settings("uncertainty")["scales"]},
    ),
    OfExample(
        name="crf_parameters",
        rule="crf_figure",
        category=PICTURES,
        label="6 the parameters of the dense CRF",
        caption="What the parameters of the dense CRF do. The middle column of every row has the "
        "published parameters of the segmentation side; the others have one of them divided or "
        "multiplied by about 3 and 10. The image is selected as in pipeline.png.",
        draw="urn.figures.crf_parameters:crf_parameters",
    ),
]

CHARTS = [
    Chart(
        name="stages",
        rule="stages_figure",
        category=QUALITY,
        label="1 scores of every stage",
        caption="mIoU (%) of every stage's masks. CAMs are cut at their best threshold. CAMs, "
        "pseudo-masks and cyclic masks are scored on the training images with ground truth, the "
        "models' predictions on the val images.",
        applies=has_truth,
        tables=lambda dataset: [dataset.paths.table("stages")],
        columns=["split", "stage", "miou"],
        draw="urn.figures.charts:stage_scores",
    ),
    Chart(
        name="classes",
        rule="classes_figure",
        category=QUALITY,
        label="2 scores by class",
        caption="IoU (%) of every class, background included, for the masks of every stage.",
        applies=has_truth,
        tables=lambda dataset: [dataset.paths.table("classes")],
        columns=["class"],
        draw="urn.figures.charts:class_scores",
    ),
    Chart(
        name="alpha",
        rule="alpha_figure",
        category=QUALITY,
        label="4 choice of alpha",
        caption="How the alpha of the pseudo-masks was chosen, without any ground truth. Above, "
        "the cost of masks made with every alpha, for every class (thin) and in all (bold): their "
        "normalised cut, the less, the better they follow the images, and their area. The dashed "
        "line is the dataset's choice. Below, how many classes in images have which alpha.",
        applies=lambda dataset: dataset.chooses_alpha(dataset.refiner),
        tables=lambda dataset: [dataset.paths.alphas_considered(dataset.refiner)],
        columns=["alpha", "cost", "dataset", "chosen"],
        draw="urn.figures.charts:alpha_choice",
    ),
    Chart(
        name="training",
        rule="training_figure",
        category=COSTS,
        label="1 losses",
        caption="The training losses. Those of different supervisions are not comparable: a "
        "weighted loss is smaller because uncertain pixels count less, and pretended "
        "under-fitting caps the loss of single pixels.",
        tables=lambda dataset: list(curves(dataset)),
        columns=["iteration", "loss"],
        draw="urn.figures.charts:training_curves",
        options=lambda dataset: {"trainings": list(curves(dataset).values())},
    ),
]

# Those with rules of their own.

PIPELINE = Figure(
    name="pipeline",
    rule="pipeline_figure",
    category=PICTURES,
    label="1 one image through every stage",
    caption="One image through every stage: the training image at the third quartile of the mean "
    "uncertainty, among those whose cyclic mask has more than one label. A classifier that knows "
    "only tags gives CAMs; a refiner turns them into a pseudo-mask; the baseline learns from "
    "pseudo-masks and responds (shown: its largest foreground probability); dense CRF turns the "
    "response into the cyclic mask; response scaling estimates the uncertainty; where the weight "
    "is at most t, the loss is multiplied by t.",
    applies=has_urn_of_teacher,
)
RELIABILITY = Figure(
    name="reliability_{backbone}",
    rule="reliability",
    category=QUALITY,
    label="3 is uncertain also wrong?",
    caption="Are uncertain pixels wrong? Above, the share of wrong pixels of the cyclic masks in "
    "each tenth of the uncertainty; the dashed line is their share among all pixels. Below, how "
    "many pixels each tenth has. In the grey band the weight W = 1 − U is at most t: these pixels' "
    "losses are multiplied by t.",
    applies=has_truth_of_train,
    backbones=teacher,
)
COST = Figure(
    name="cost",
    rule="cost",
    category=COSTS,
    label="2 cost of every stage",
    caption="Wall time of every stage, summed over its jobs as if run one after another. A resumed "
    "training counts from where it resumed.",
)

FIGURES: list[Figure] = [*SHEETS, *OF_EXAMPLE, *CHARTS, PIPELINE, RELIABILITY, COST]
