"""What there is to say of a dataset's images and tags, each in one line with what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from urn.check.duplicates import alike
from urn.check.facts import Facts
from urn.datasets.index import Entry, Index

FEW = 20  # images of a class
TOGETHER = 0.9  # of a class's images have another class, too: its CAMs show either
ALIKE = 10  # bits of the hash; docs/guide.md tells how far photographs are apart
SHORT = 64  # pixels: of 4×4 cells at an output stride of 16
LONG = 4  # times as long as it is short
FLAT = 3.0  # contrast below it: a lens cap, a blank page
COLOURLESS = 2.0  # colour below it: grey, but for the noise of a JPEG
FEW_GREY = 0.1  # of the images have no colour: they are odd

IN_BOTH, OTHER_TAGS, SAME = (
    "nearly the same in train and val",
    "nearly the same, with other tags",
    "nearly the same",
)


@dataclass(frozen=True)
class Remark:
    """One thing to say.

    Attributes:
        topic: what it is about; remarks of a topic stand together.
        text: what was found, one line.
        remedy: what to do about it, one line.
        images: ids of those it is about, the first of them shown.
    """

    topic: str
    text: str
    remedy: str
    images: tuple[str, ...] = ()


def remarks(index: Index, facts: Mapping[str, Facts]) -> list[Remark]:
    """All there is to say before training, what costs most first.

    Args:
        index: the dataset's train and val images.
        facts: of each of them, by id.
    """
    entries = [entry for entry in index.entries if entry.id in facts]
    return [
        *images_alike(entries, facts),
        *rare_classes(index),
        *tags_together(index),
        *odd_images(entries, facts),
    ]


def images_of_classes(index: Index, split: str = "train") -> dict[str, int]:
    """How many images of a split have each class among their tags, the commonest first."""
    counts = {name: 0 for name in index.classes if name}
    for entry in index.split(split):
        for tag in entry.tags:
            counts[tag] += 1
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def rare_classes(index: Index) -> Iterator[Remark]:
    """Classes with fewer than `FEW` train images, the rarest first."""
    counts = images_of_classes(index)
    for name, count in reversed(counts.items()):
        if count < FEW:
            images = tuple(entry.id for entry in index.split("train") if name in entry.tags)
            some = f"{count} train image{'s' * (count != 1)}" if count else "no train image"
            remedy = f"add images of {name} until it has {FEW}, or drop the class"
            yield Remark("rare class", f"{name} has {some}", remedy, images)


def tags_together(index: Index) -> Iterator[Remark]:
    """Pairs of classes of which one hardly ever comes without the other."""
    images: dict[str, set[str]] = {name: set() for name in index.classes if name}
    for entry in index.split("train"):
        for tag in entry.tags:
            images[tag].add(entry.id)
    for pair in combinations(images, 2):
        rarer, commoner = sorted(pair, key=lambda name: len(images[name]))
        both, of_rarer = images[rarer] & images[commoner], images[rarer]
        if len(both) > 1 and len(both) >= TOGETHER * len(of_rarer):
            yield Remark(
                "tags that come together",
                f"{len(both)} of the {len(of_rarer)} images of {rarer} also show {commoner}: "
                "a classifier cannot tell which pixels are which",
                f"add images of {rarer} without {commoner}, or make one class of both",
                tuple(entry.id for entry in index.split("train") if entry.id in both),
            )


def images_alike(entries: Sequence[Entry], facts: Mapping[str, Facts]) -> list[Remark]:
    """Near-duplicates: those that are in both splits first, then those with other tags."""
    seen = [entry for entry in entries if facts[entry.id].contrast >= FLAT]
    own = [facts[entry.id] for entry in seen]
    groups = alike([of.dhash for of in own], [of.mirrored for of in own], ALIKE)
    found = [_of_alike([seen[n] for n in group.members], group.mirrored) for group in groups]
    return sorted(found, key=lambda remark: (IN_BOTH, OTHER_TAGS, SAME).index(remark.topic))


def _of_alike(entries: Sequence[Entry], mirrored: bool) -> Remark:
    ids = tuple(entry.id for entry in entries)
    look = f"{_listed(ids)} look alike" + ", mirrored" * mirrored
    if len({entry.split for entry in entries}) > 1:
        return Remark(
            IN_BOTH,
            f"{look}, in train and in val",
            "keep them in one split: scores on images seen in training are too good",
            ids,
        )
    if len({frozenset(entry.tags) for entry in entries}) > 1:
        tags = "; ".join(", ".join(entry.tags) or "no tag" for entry in entries[:3])
        return Remark(
            OTHER_TAGS,
            f"{look}, but their tags differ ({tags})",
            "correct the tags, or keep one of the images",
            ids,
        )
    return Remark(
        SAME,
        f"{look}, in {entries[0].split}",
        "keep one of them: the others teach nothing new, and count as often",
        ids,
    )


def odd_images(entries: Sequence[Entry], facts: Mapping[str, Facts]) -> Iterator[Remark]:
    """Blank, tiny and drawn-out images one by one, and grey ones among coloured ones together."""
    for entry in entries:
        of = facts[entry.id]
        short, long = sorted((of.height, of.width))
        size = f"{of.width}×{of.height} pixels"
        if of.contrast < FLAT:
            what, remedy = "shows next to nothing", "look at it, and drop it if it is blank"
        elif short < SHORT:
            what, remedy = f"has only {size}", "find it in its own size, or drop it"
        elif long > LONG * short:
            what, remedy = f"has {size}: crops show a small part of it", "cut it into pieces"
        else:
            continue
        yield Remark("odd image", f"{entry.id} ({entry.split}) {what}", remedy, (entry.id,))
    grey = tuple(entry.id for entry in entries if facts[entry.id].colour < COLOURLESS)
    if 0 < len(grey) <= FEW_GREY * len(entries):
        yield Remark(
            "odd image",
            f"{len(grey)} of {len(entries)} images have no colour: {_listed(grey)}",
            "keep them only if such images will be segmented, too",
            grey,
        )


def _listed(ids: Sequence[str]) -> str:
    """Names of images, of many the first."""
    if len(ids) <= 4:
        return " and ".join(filter(None, (", ".join(ids[:-1]), ids[-1])))
    return f"{', '.join(ids[:3])} and {len(ids) - 3} others"
