"""What `make test` plans only, run for real: `make test-whole`."""

from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import numpy as np
import pytest
import yaml
from test_report import TEACHER, number, table
from test_voc2012 import FOLDER, TEST, configuration, submitted
from test_workflow import (
    TRAIN,
    changed_configuration,
    command,
    kill_once,
    png_hashes,
    snakemake,
)

from urn.files.images import read_mask

pytestmark = pytest.mark.slow


def test_after_a_killed_shard_the_whole_run_ends_as_without(copy):
    results = copy / "results" / "tiny"
    before = png_hashes(results / TEACHER)
    shard = [results / TEACHER / "weights" / f"{image_id}.png" for image_id in TRAIN[:6]]
    for file in shard:
        file.unlink()
    targets = [str(file.relative_to(copy)) for file in shard]
    kill_once(lambda: any(map(Path.exists, shard)), command(copy, *targets))
    snakemake(copy, "--unlock")
    snakemake(copy)
    assert png_hashes(results / TEACHER) == before
    assert "Nothing to be done" in snakemake(copy)


def test_cyclic_masks_have_labels_of_their_pseudo_masks_only(copy, tmp_path):
    file = changed_configuration(tmp_path, uncertainty={"labels": "pseudo_mask"})
    folder = Path(f"results/tiny/{TEACHER}/cyclic_masks")
    snakemake(copy, str(folder / f"{TRAIN[0]}.png"), configuration=file)
    for name in TRAIN[:6]:
        cyclic, pseudo = (
            set(np.unique(read_mask(copy / made / f"{name}.png")).tolist())
            for made in (folder, "results/tiny/pseudo_masks/ppmg")
        )
        assert cyclic <= pseudo | {0}


class Halting(SimpleHTTPRequestHandler):
    """Of VOC's archives half comes when they are first asked for; the connection stays open."""

    def do_GET(self):
        if self.path in self.server.halting:
            self.server.halting.remove(self.path)
            content = Path(self.translate_path(self.path)).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            return self.server.ended.wait()
        super().do_GET()

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Halting, directory=folder)) as http:
        http.daemon_threads, http.ended = True, Event()
        http.halting = {"/voc.tar", "/test.tar"}
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.ended.set()
        http.shutdown()


def test_from_nothing_to_voc_s_final_score_in_one_command_killed_in_every_stage(
    shared_data, tmp_path
):
    """Photographs of VOC in archives as the servers have them, which take the official's place."""
    root = shared_data / "voc12-mini"
    ids = (root / "ImageSets/Segmentation/train.txt").read_text().split()

    def photograph(number):
        mask = read_mask(root / "SegmentationClass" / f"{ids[number]}.png")
        return (root / "JPEGImages" / f"{ids[number]}.jpg").read_bytes(), mask

    file = configuration(tmp_path, scene=photograph)
    run, results = tmp_path / "run", tmp_path / "run" / "results" / "mini"
    run.mkdir()
    logs = {
        "an archive half there": run / "data/downloads/VOCtrainval_11-May-2012.tar.part",
        **{
            stage: results / "logs" / f"{stage}.log"
            for stage in (
                *("unpack_mini", "trainaug", "index", "train_classifier", "cams_00000"),
                *("pseudo_masks_ppmg_00000", f"train_{TEACHER}_baseline"),
                *(f"responses_{TEACHER}_baseline_train_00000", f"uncertainty_{TEACHER}_00000"),
                *(
                    f"train_{TEACHER}_urn",
                    f"predictions_{TEACHER}_urn_00000",
                    f"miou_{TEACHER}_urn",
                ),
            )
        },
    }
    target = f"results/mini/{TEACHER}/miou.txt"
    with serving(tmp_path) as url:
        content = yaml.safe_load(file.read_text())
        for archive in content["archives"].values():
            archive["urls"] = [f"{url}/{Path(archive.pop('path')).name}"]
        file.write_text(yaml.safe_dump(content))
        for log in logs.values():
            assert not log.exists()
            kill_once(log.exists, command(run, target, configuration=file))
            snakemake(run, "--unlock", configuration=file)
        snakemake(run, target, configuration=file)
    assert 0 <= number(run / target) <= 100
    assert "Nothing to be done" in snakemake(run, target, configuration=file)
    assert sorted(path.stem for path in (results / TEACHER / "weights").iterdir()) == [
        *("s0", "s1", "s2"),
        *("t0", "t1"),
    ]
    assert not [path for path in run.rglob(".*.part*") if path.is_file()]
    submission = f"results/mini/{TEACHER}/submission.tgz"
    with serving(tmp_path) as url:
        content["archives"]["voc2012_test"]["urls"] = [f"{url}/test.tar"]
        file.write_text(yaml.safe_dump(content))
        kill_once(
            (run / "data/downloads/VOC2012test.tar.part").exists,
            command(run, submission, configuration=file),
        )
        snakemake(run, "--unlock", configuration=file)
        snakemake(run, submission, configuration=file)
    assert list(submitted(run / submission)) == [f"{FOLDER}/{i}.png" for i in TEST]


def test_an_ablation_over_two_seeds(copy):
    changes = {"ablation": {"seeds": [0, 1], "refiners": ["crf"]}}
    file = changed_configuration(copy.parent, **changes)
    snakemake(copy, "results/tiny/figures/refiners.png", configuration=file)
    results = copy / "results" / "tiny"
    found = table(results, "refiners").set_index(["setting", "series"])
    for refiner, row in (("ppmg", "baseline"), ("crf", "baseline_crf")):
        folders = [results / f"{TEACHER}{suffix}" for suffix in ("", "-seed1")]
        values = [number(folder / row / "miou.txt") for folder in folders]
        assert found.loc[refiner, "baseline"]["mean"] == pytest.approx(np.mean(values))
