from pathlib import Path
from rules.plan import configuration, data_files


class L:
    def __init__(s, e):
        s.e = e

    def ids(s, split):
        return configuration.ids(s.e, split)

    def lists(s, splits=("train", "val")):
        return configuration.lists(s.e, splits)

    def source(s):
        return configuration.source(s.e)

    def files(s, splits):
        return data_files.data_files(s.e, splits)

    @property
    def evaluated(s):
        return configuration.evaluated(s.e)

    @property
    def splits(s):
        return ["train", "val"] + (["test"] if "test" in s.e else [])

    def available(s, split):
        sp = ["test"] if split == "test" else configuration.SPLITS
        return s.e["layout"] == "shapes" or all(
            Path(p).exists() for p in configuration.lists(s.e, sp)
        )

    @property
    def preparable(s):
        return s.e["layout"] == "coco" or s.e.get("download", False)

    @property
    def reader(s):
        return f"urn.datasets.{s.e['layout']}"


def of(e):
    return L(e)
