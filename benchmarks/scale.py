"""Snakemake's own cost at the size of VOC and COCO, by shard size.

    python -m benchmarks.scale [CASE ...]

Cases are TRAIN,VAL,SHARD (numbers of images); by default VOC's and COCO's. Datasets are lists of
ids without images, and jobs touch their outputs instead of running. Times are processor seconds on
one core, which other load affects little, and include importing Snakemake.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[1]
CASES = ("10582,1449,25", "10582,1449,50", "10582,1449,100", "82081,40137,100")
COLUMNS = ("images", "shard", "jobs", "job_parse_s", "dag_s", "dag_mb", "run_s", "s_per_job")
COLUMNS += ("run_mb", "metadata_mb", "again_s")


def main() -> None:
    """Measure every case and print a table."""
    print("\t".join(COLUMNS))
    for case in sys.argv[1:] or CASES:
        with tempfile.TemporaryDirectory() as folder:
            row = measure(Path(folder), *map(int, case.split(",")))
        values = (
            f"{row[name]:.3g}" if isinstance(row[name], float) else row[name] for name in COLUMNS
        )
        print("\t".join(map(str, values)), flush=True)


def measure(work: Path, train: int, val: int, shard: int) -> dict[str, float | int]:
    """Parse as a job does, build the DAG, "run" all jobs, and check again."""
    write_lists(work, train, val, shard)
    parse, _, _ = snakemake(work, "--list-rules", "--allowed-rules", "uncertainty_big_00000")
    dag, dag_memory, output = snakemake(work, "--dry-run", "--quiet", "rules")
    jobs = next(int(line.split()[1]) for line in output.splitlines() if line.startswith("total"))
    run, run_memory, _ = snakemake(work, "--touch", "--quiet", "all")
    again, _, _ = snakemake(work, "--dry-run", "--quiet", "all")
    records = (work / ".snakemake" / "metadata").rglob("*")
    metadata = sum(file.stat().st_size for file in records if file.is_file())
    return {
        "images": train + val,
        "shard": shard,
        "jobs": jobs,
        "job_parse_s": parse,
        "dag_s": dag,
        "dag_mb": dag_memory,
        "run_s": run,
        "s_per_job": (run - dag) / jobs,
        "run_mb": run_memory,
        "metadata_mb": metadata / 1e6,
        "again_s": again,
    }


def write_lists(work: Path, train: int, val: int, shard: int) -> None:
    """A dataset of ids alone, with a baseline and a `urn` model of one backbone."""
    for name, number in (("train", train), ("val", val)):
        ids = "".join(f"{name}_{i:07d}\n" for i in range(number))
        (work / f"{name}.txt").write_text(ids)
    dataset = {"layout": "voc", "root": str(work), "train": "train.txt", "val": "val.txt"}
    dataset |= {"tags": "masks", "evaluate": [], "shard_size": shard, "teacher": "resnet18"}
    dataset["runs"] = {"resnet18": ["baseline", "urn"]}
    configuration = {"dataset": "big", "datasets": {"big": dataset}}
    (work / "config.yaml").write_text(yaml.safe_dump(configuration))


def snakemake(work: Path, *arguments: str) -> tuple[float, int, str]:
    """Run Snakemake on one core; its processor seconds, peak memory in MB and output."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", "1"]
    command += ["--snakefile", str(REPOSITORY / "Snakefile"), "--directory", str(work)]
    command += ["--workflow-profile", str(REPOSITORY / "profiles" / "default")]
    command += ["--configfile", str(work / "config.yaml")]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        output.seek(0)
        text = output.read().decode()
    if status:
        raise SystemExit(text[-3000:])
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, text


if __name__ == "__main__":
    main()
