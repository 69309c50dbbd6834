"""What a GPU does, in one table, within 8 minutes.

    python -m benchmarks.gpu [--folder FOLDER] [--size full|toy] [--patience 1] [--output gpu]

It compares the CRF and response scaling with the numba engine, training (four backbones, crop 512,
three precisions) and inference with plain mmsegmentation on the same model and data, tells images
per second and peak memory, and runs one tiny pipeline end to end. FOLDER is in VOC's layout;
without one, images are generated. Without a GPU everything runs at toy size, to see that it
works: its numbers mean nothing.

Every section runs in a process of its own and within its time (times PATIENCE). One that fails or
takes too long leaves the rows it had, and one that says so. The table is printed and written as
OUTPUT.md and OUTPUT.json.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from benchmarks.generated import write_photographs
from benchmarks.gpu_sections import REPOSITORY, SECTIONS, SIZES
from urn.files.atomic import atomic_path

IMAGES = 16  # that are generated


def device() -> str:
    """The GPU's name and memory, or the processor's architecture."""
    if not torch.cuda.is_available():
        return f"no GPU ({platform.machine()} processor)"
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory >> 30} GiB"


def measured(section: str, folder: Path, size: str, patience: float = 1) -> list[dict[str, str]]:
    """The rows of a section, measured in a process of its own, with `patience` times its limit."""
    limit = round(patience * SECTIONS[section][1])
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.gpu_sections"]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [*command, section, str(folder), size],
            stdout=out,
            stderr=errors,
            cwd=REPOSITORY,
            start_new_session=True,  # so that its own processes can be stopped with it
        )
        try:
            reason = f"failed with status {status}" if (status := process.wait(limit)) else ""
        except subprocess.TimeoutExpired:
            reason = f"stopped after {limit} s"
        finally:
            _stop(process)
        out.seek(0)
        errors.seek(0)
        rows = [json.loads(line) for line in out if line.startswith("{")]
        last = (errors.read().strip().splitlines() or [""])[-1]
    if reason:
        rows.append({"section": section, "what": reason, "value": last[:200]})
    return rows


def _stop(process: subprocess.Popen) -> None:
    """Stop what is left of a section's processes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def table(title: str, rows: list[dict[str, str]]) -> str:
    """The rows in Markdown."""
    lines = [title, "", "| section | what | value |", "|---|---|---|"]
    cells = ([text.replace("|", "\\|") for text in row.values()] for row in rows)
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in cells)]) + "\n"


def main() -> None:
    """Measure every section, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path)
    default = "full" if torch.cuda.is_available() else "toy"
    parser.add_argument("--size", choices=SIZES, default=default)
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--patience", type=float, default=1, help="multiplies the time limits")
    parser.add_argument("--output", type=Path, default=Path("gpu"))
    arguments = parser.parse_args()

    rows: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder and arguments.folder.resolve()
        if folder is None:
            folder = Path(temporary)
            write_photographs(folder, IMAGES, SIZES[arguments.size].generated)
        for section in arguments.sections:
            rows += measured(section, folder, arguments.size, arguments.patience)
            print(*("\t".join(row.values()) for row in rows if row["section"] == section), sep="\n")
    title = f"{device()}, torch {torch.__version__}, {arguments.size} size"
    text = table(title, rows)
    print(text)
    for suffix, content in (
        (".md", text),
        (".json", json.dumps({"title": title, "rows": rows}, indent=1, ensure_ascii=False)),
    ):
        with atomic_path(arguments.output.with_suffix(suffix)) as path:
            path.write_text(content)


if __name__ == "__main__":
    main()
