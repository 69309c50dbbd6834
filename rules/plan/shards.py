"""Shards: what the per-image stages are cut into, each one job."""

from dataclasses import dataclass

from rules.plan.paths import Paths, pngs


@dataclass(frozen=True)
class Shard:
    """One job of a per-image stage.

    Attributes:
        stage: such as "uncertainty"; the rule is called <stage>_<dataset>_<number>.
        dataset: its name.
        split: train, val or test.
        number: of the shard, five digits.
        ids: of its images.
    """

    stage: str
    dataset: str
    split: str
    number: str
    ids: list[str]

    @property
    def name(self) -> str:
        """Of its rule."""
        return f"{self.stage}_{self.dataset}_{self.number}"

    @property
    def paths(self) -> Paths:
        """Those of the dataset."""
        return Paths(self.dataset)

    @property
    def index(self) -> str:
        """The index with its images."""
        return self.paths.index(self.split)

    def pngs(self, folder: str) -> list[str]:
        """The images' files in a folder."""
        return pngs(folder, self.ids)

    def log(self, job: str | None = None) -> str:
        """Where a rule with wildcards names them in `job`."""
        return self.paths.log(f"{job or self.stage}_{self.number}")

    def benchmark(self, job: str | None = None) -> str:
        """Likewise."""
        return self.paths.benchmark(f"{job or self.stage}_{self.number}")


def cut(image_ids: list[str], size: int) -> dict[str, list[str]]:
    """Consecutive ids in shards of at most `size`, by the shard's number."""
    starts = range(0, len(image_ids), size)
    return {f"{n:05d}": image_ids[start : start + size] for n, start in enumerate(starts)}
