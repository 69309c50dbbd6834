"""The GPUs of this machine, found without importing torch.

A GPU goes by the name that CUDA_VISIBLE_DEVICES has for it: its number, or its UUID.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, takewhile

from rules.plan.dataset import Dataset

SECONDS = 15  # for nvidia-smi, which takes one or two for each GPU without a persistent driver


@dataclass(frozen=True)
class Gpus:
    """Those that the jobs of a run share.

    Attributes:
        ids: names of GPUs, without repetition.
        limit: how many the running jobs have together; above the number of GPUs, jobs share them.
    """

    ids: Sequence[str]
    limit: int

    @property
    def most(self) -> int:
        """How many one job can have: of parts of divided GPUs, CUDA shows a process one."""
        divided = any(name.startswith("MIG-") for name in self.ids)
        return min(self.limit, 1 if divided else len(self.ids))

    @property
    def seats(self) -> list[str]:
        """Every GPU's name as often as jobs may have it at the same time."""
        return list(islice(cycle(self.ids), max(self.limit, len(self.ids))))

    def faults(self, dataset: Dataset) -> Iterator[str]:
        """Of trainings of a plain run that are to have more GPUs than one job can have here."""
        sections = [] if dataset.has_own_masks() else ["classification"]
        sections += ["multi_crop.classification"] if dataset.has_two_classifiers() else []
        sections += ["affinity"] if dataset.refiner == "affinity" else []
        trainings = [(section, dataset.settings(section)) for section in sections]
        trainings += [
            ("segmentation", dataset.settings("segmentation", backbone))
            for backbone in dataset.runs
        ]
        found = {
            f"config: {section}.gpus of dataset {dataset.name} is {settings['gpus']}, but a job "
            f"can have {self.most} GPU(s) here: write auto, or at most {self.most}"
            for section, settings in trainings
            if settings["gpus"] != "auto" and 0 < self.most < settings["gpus"]
        }
        yield from sorted(found)


def find() -> list[str]:
    """The names of the GPUs that this process may use: of those visible, else of all."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return in_machine() if visible is None else in_list(visible)


def in_list(visible: str) -> list[str]:
    """Those in a value of CUDA_VISIBLE_DEVICES, which ends for CUDA where an entry is no name."""
    names = takewhile(
        lambda name: re.fullmatch(r"\d+|(GPU|MIG)-.+", name), map(str.strip, visible.split(","))
    )
    return list(dict.fromkeys(names))


def in_machine() -> list[str]:
    """Those that nvidia-smi lists; none, and a line on standard error, where it fails."""
    if not shutil.which("nvidia-smi"):
        return []
    command = ["nvidia-smi", "-L"]
    asked = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    try:
        listing, _ = asked.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        asked.kill()  # without waiting for its end: a driver that hangs may let it have none
        return _none(f"did not answer within {SECONDS} s")
    if asked.returncode:
        return _none(f"failed ({' '.join(listing.split())})")
    return in_listing(listing)


def in_listing(listing: str) -> list[str]:
    """Those in the output of `nvidia-smi -L`; of a divided GPU, its parts."""
    found: list[list[str]] = []
    for line in listing.splitlines():
        if gpu := re.match(r"GPU (\d+): ", line):
            found.append([gpu[1]])
        elif part := re.match(r" +MIG .*\(UUID: (MIG-[^)]+)\)", line):
            found[-1].append(part[1])
    return [name for number, *parts in found for name in parts or [number]]


def _none(reason: str) -> list[str]:
    print(
        f"nvidia-smi {reason}: no GPU is used; CUDA_VISIBLE_DEVICES=0,1 would name two to use",
        file=sys.stderr,
    )
    return []
