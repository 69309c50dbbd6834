"""For params: what a job's result depends on beside its files; see fingerprints.py."""

from collections.abc import Callable

from rules.plan import configuration, data_files, fingerprints, people
from rules.plan.dataset import Dataset
from rules.plan.shards import Shard
from rules.plan.wildcards import OfJob, Wildcards


class JobFingerprints:
    """Functions of wildcards that give fingerprints.

    A job that runs on a cluster has been decided on, and is told no fingerprint: they take time.
    """

    def __init__(self, datasets: Callable[[str], Dataset], seed: int, decided: bool) -> None:
        self._datasets = datasets
        self._seed = seed
        self._decided = decided

    def dataset(self, wildcards: Wildcards) -> Dataset:
        """The job's."""
        return self._datasets(wildcards.dataset)

    def code(self, script: str, draw: str | None = None) -> OfJob:
        """Of the library's modules that a script's result depends on.

        Args:
            draw: a function of the library that the script calls, such as `urn.figures.a:b`.
        """
        return lambda wildcards: "" if self._decided else fingerprints.code(script, draw=draw)

    def named_refiner_code(self, script: str) -> OfJob:
        """The same, of the refiners only with the one that the wildcards name."""
        return lambda wildcards: (
            "" if self._decided else fingerprints.code(script, wildcards.refiner)
        )

    def own_refiner_code(self, script: str) -> OfJob:
        """The same, of the refiners only with the dataset's own."""
        return lambda wildcards: (
            "" if self._decided else fingerprints.code(script, self.dataset(wildcards).refiner)
        )

    def data(self, *kinds: str, split: str = "train") -> OfJob:
        """Of the images, tags or masks of the job's shard, or of a whole split."""

        def of(wildcards: Wildcards) -> str:
            values = dict(wildcards.items())
            part = values.get("split", split)
            dataset = self.dataset(wildcards)
            ids = dataset.shards(part)[values["shard"]] if "shard" in values else None
            return self._data(dataset, part, kinds, ids)

        return of

    def data_of_splits(self, *kinds: str) -> OfJob:
        """The same of train and val."""
        return lambda wildcards: [
            self.data(*kinds, split=split)(wildcards) for split in configuration.SPLITS
        ]

    def data_of_first_shard(self, *kinds: str) -> OfJob:
        """The same of the first train shard."""

        def of(wildcards: Wildcards) -> str:
            dataset = self.dataset(wildcards)
            return self._data(dataset, "train", kinds, dataset.shards("train")["00000"])

        return of

    def data_of_shard(self, shard: Shard, *kinds: str) -> OfJob:
        """The same for the rule of one shard."""
        return lambda wildcards: self._data(
            self._datasets(shard.dataset), shard.split, kinds, shard.ids
        )

    def own_masks_of(self, shard: Shard) -> OfJob:
        """Of the user's own pseudo-masks, which Snakemake knows as one folder."""
        folder = self._datasets(shard.dataset).own_folder
        return lambda wildcards: (
            "" if self._decided else data_files.fingerprint_of(shard.pngs(folder))
        )

    def state_of_corrections(self, wildcards: Wildcards) -> str:
        """Of the masks that people drew, whatever form they have."""
        layout = self.dataset(wildcards).layout
        return "" if self._decided else people.state_of_corrections(layout)

    def _data(
        self, dataset: Dataset, split: str, kinds: tuple[str, ...], ids: list[str] | None
    ) -> str:
        if self._decided:
            return ""
        return dataset.data_fingerprint(split, kinds, tuple(ids) if ids else None)
