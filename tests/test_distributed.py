"""Training in two processes against training in one."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from mmengine.dist import get_rank
from test_workflow import changed_configuration, planned, snakemake
from tiny_training import TinyModel, train_tiny

from urn.files.models import save_model
from urn.training.distributed import is_main, launch
from urn.training.loop import prepare

# One process with 8 images, two with 4 each. Without momentum and decay, the weights after one step
# at a rate of 1 are the old ones minus the gradients.
BATCH = 8
ONE_STEP = {"iterations": 1, "learning_rate": 1.0, "momentum": 0.0, "weight_decay": 0.0}
CASES = {"gradients": ONE_STEP, "curve": {"iterations": 12, "curve_interval": 3}}


class FrozenModel(TinyModel):
    """BN in eval mode and no dropout: nothing that sees which images come together."""

    def train(self, mode: bool = True) -> "FrozenModel":
        super().train(mode)
        self.layers.eval()
        return self


def train_cases(folder: Path) -> None:
    prepare(3)
    for name, changes in CASES.items():
        torch.manual_seed(7)
        model = FrozenModel()
        train_tiny(
            model, folder / name / "work", folder / name / "curve.tsv", batch_size=BATCH, **changes
        )
        save_model(model, folder / name / "model.pth", {})
        torch.save(model.state_dict(), folder / name / f"of_process_{get_rank()}.pth")


def launch_cases(folder: Path) -> None:
    """`train_cases` in two processes."""
    script = folder / "run.py"
    here = Path(__file__)
    script.write_text(
        f"import sys; sys.path[:0] = [{str(here.parent)!r}, {str(here.parents[1])!r}]\n"
        f"from pathlib import Path\nfrom test_distributed import train_cases\n"
        f"train_cases(Path({str(folder)!r}))\n"
    )
    assert launch(str(script), 2, stdout=sys.stdout) == 0


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """The folders of a training in one process and in two."""
    folders = {number: tmp_path_factory.mktemp(f"processes_{number}") for number in (1, 2)}
    train_cases(folders[1])
    launch_cases(folders[2])
    return folders


def weights(folder: Path, case: str, file: str = "model.pth") -> dict[str, torch.Tensor]:
    stored = torch.load(folder / case / file, weights_only=True)
    return stored.get("state_dict", stored)


def test_two_processes_make_the_gradients_of_one(runs):
    torch.manual_seed(7)
    before = FrozenModel().state_dict()
    one, two = weights(runs[1], "gradients"), weights(runs[2], "gradients")
    for name, start in before.items():
        if start.is_floating_point():
            torch.testing.assert_close(two[name] - start, one[name] - start, rtol=1e-4, atol=1e-6)
    assert (one["last.weight"] - before["last.weight"]).abs().max() > 1e-3


def test_the_curve_is_that_of_the_whole_batch(runs):
    one, two = (pd.read_csv(runs[n] / "curve" / "curve.tsv", sep="\t") for n in (1, 2))
    assert two["iteration"].tolist() == [3, 6, 9, 12]
    np.testing.assert_allclose(two["loss"], one["loss"], rtol=1e-3)
    assert one["loss"].iloc[-1] < one["loss"].iloc[0]


def test_processes_end_with_the_same_weights(runs):
    first, second = (weights(runs[2], "curve", f"of_process_{rank}.pth") for rank in (0, 1))
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_processes_go_on_where_they_were(runs, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(runs[2], folder)
    work = folder / "curve" / "work"
    newest, before = sorted(work.glob("*.pth"), key=lambda p: int(p.stem[10:]), reverse=True)
    newest.unlink()
    made = before.stat().st_mtime_ns
    launch_cases(folder)
    assert before.stat().st_mtime_ns == made  # a training from the start would have removed it
    old, new = weights(runs[2], "curve"), weights(folder, "curve")
    assert all(torch.equal(new[name], old[name]) for name in old)


def test_a_failing_process_ends_the_training(tmp_path):
    script = tmp_path / "fails.py"
    script.write_text("import os, time\nif os.environ['RANK'] == '1': exit(3)\ntime.sleep(600)\n")
    assert launch(str(script), 2) != 0


def test_only_a_launch_makes_other_processes_than_the_main(monkeypatch):
    assert is_main()
    monkeypatch.setenv("RANK", "1")
    assert not is_main()


@pytest.mark.slow
def test_trainings_of_the_workflow_in_two_processes(finished, tmp_path, monkeypatch):
    """The same scripts, started by the same rules; another number of GPUs makes nothing run.

    The classifier keeps its batch statistics and drops nothing out: but for rounding, its losses
    are those of one process.
    """
    run = tmp_path / "run"
    shutil.copytree(finished, run, copy_function=shutil.copy2)
    models = ["results/tiny/cam/classifier.pth", "results/tiny/resnet18/urn/model.pth"]
    curves = [run / model.replace(Path(model).name, "curve.tsv") for model in models]
    expected = pd.read_csv(curves[0], sep="\t")
    auto = {"gpus": "auto"}
    file = changed_configuration(tmp_path, classification=auto, segmentation=auto)
    for visible in ("", "GPU-a", "GPU-a,GPU-b"):  # which are not there: processors take their part
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert planned(run, configuration=file) == {}
    for model in models:
        (run / model).unlink()
    only = ("--allowed-rules", "train_classifier", "train_segmentation")
    snakemake(run, *models, *only, configuration=file)
    for name in ("train_classifier", "train_resnet18_urn"):
        log = (run / "results/tiny/logs" / f"{name}.log").read_text()
        assert log.count("iteration/s") == 1  # the first process's word for all
    classifier, segmentation = (pd.read_csv(curve, sep="\t") for curve in curves)
    losses = [name for name in expected if name.startswith("loss")]
    assert len(losses) == 5
    np.testing.assert_allclose(classifier[losses], expected[losses], rtol=1e-3)
    assert segmentation["iteration"].iloc[-1] == 6 and segmentation["loss"].notna().all()
