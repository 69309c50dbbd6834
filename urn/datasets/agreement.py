"""Whether masks say the same as the tags of their images: what tells a wrong coding of masks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from urn.datasets.index import Record
from urn.errors import in_thousands
from urn.files.images import IGNORE


@dataclass(frozen=True)
class Shown:
    """What a record's mask shows: the values of its pixels, and the class ids of the tags."""

    record: Record
    values: frozenset[int]
    tags: frozenset[int]

    @property
    def classes(self) -> frozenset[int]:
        """The class ids in the mask."""
        return self.values - {0, IGNORE}


def coding_faults(masks: Sequence[Shown], classes: Sequence[str]) -> Iterator[str]:
    """What is wrong with a split's masks as a whole, in sentences.

    Found are: masks without a pixel that counts, masks of 0 and 255 alone, and masks of which most
    show none of their image's tags, or would show no other in another order of the classes. Tags
    that are merely incomplete, or not all outlined, are no contradiction.
    """
    if not masks:
        return
    split = masks[0].record.entry.split
    if all(mask.values == {IGNORE} for mask in masks):
        yield f"every pixel of every {split} mask is {IGNORE}, so none counts: mend the masks"
        return
    if all(mask.values <= {0, IGNORE} for mask in masks) and any(
        mask.values == {0, IGNORE} for mask in masks
    ):
        yield f"all {split} masks are of 0 and {IGNORE} alone, {_BINARY}"
        return
    compared = [mask for mask in masks if mask.tags]
    order = _likeliest(compared)
    opposed = [mask for mask in compared if not mask.classes & mask.tags]
    beyond = [mask for mask in compared if not mask.classes <= mask.tags]
    if 2 * len(opposed) > len(compared):
        wrong = opposed
    elif 2 * len(beyond) > len(compared) and _explains(order, compared):
        wrong = beyond
    else:
        return
    yield (
        f"{in_thousands(len(wrong))} of {in_thousands(len(compared))} {split} masks contradict the "
        f"tags of their images ({_example(wrong[0], classes)}): {_guess(compared, classes, order)}"
    )


_BINARY = f"where 0 is background and {IGNORE} ignored: save the ids of classes, 1 for the first"


def _example(mask: Shown, classes: Sequence[str]) -> str:
    entry = mask.record.entry
    shown = ", ".join(f"{i} ({classes[i - 1]})" for i in sorted(mask.classes))
    return f"{entry.mask} has {shown or 'no class'}, its image is tagged {', '.join(entry.tags)}"


def _guess(masks: Sequence[Shown], classes: Sequence[str], order: dict[int, int]) -> str:
    """What the likely mistake is."""
    met = frozenset[int]().union(*(mask.values for mask in masks))
    if met <= {0, IGNORE}:
        return f"they are of 0 and {IGNORE} alone, {_BINARY}"
    if met <= {0, 1, IGNORE} and len(classes) > 1:
        return "they seem to tell foreground from background only: save the ids of the classes"
    if _explains(order, masks):
        moved = {i: k for i, k in sorted(order.items()) if i != k}
        pairs = ", ".join(f"{i} with {classes[k - 1]}" for i, k in moved.items())
        return f"their ids go with other classes ({pairs}): bring `classes` into the masks' order"
    return "perhaps a program reordered the masks' palettes: save them with their first ids"


def _likeliest(masks: Sequence[Shown]) -> dict[int, int]:
    """For every class id in the masks, the tag that goes with it best."""
    together = Counter((i, k) for mask in masks for i in mask.classes for k in mask.tags)
    with_id = Counter(i for mask in masks for i in mask.classes)
    with_tag = Counter(k for mask in masks for k in mask.tags)
    best: dict[int, tuple[float, bool, int]] = {}
    for (i, k), count in together.items():
        overlap = count / (with_id[i] + with_tag[k] - count)
        best[i] = max(best.get(i, (0.0, False, k)), (overlap, i == k, k))
    return {i: k for i, (_, _, k) in best.items()}


def _explains(order: dict[int, int], masks: Sequence[Shown]) -> bool:
    """Whether another order of the classes brings most masks to agree with their tags."""
    if len(set(order.values())) < len(order) or all(i == k for i, k in order.items()):
        return False
    agreeing = [mask for mask in masks if {order.get(i, 0) for i in mask.classes} <= mask.tags]
    return 2 * len(agreeing) > len(masks)
