"""docs/architecture.png is drawn from the imports, and these go downwards only."""

from itertools import pairwise

import pytest
from PIL import Image

from docs.draw_architecture import (
    PICTURE,
    SLOT,
    WIDTH,
    described,
    direct,
    imports,
    layers,
    places,
    rows,
)

GRAPH = {
    "urn/top": {"urn/left", "urn/right", "urn/bottom"},
    "urn/left": {"urn/bottom"},
    "urn/right": set(),
    "urn/bottom": set(),
}


def test_packages_import_downwards_only():
    heights = layers(imports())  # no circle
    assert max(heights, key=heights.__getitem__) == "rules/*.smk"
    for name, others in imports().items():
        if name.startswith("urn/"):
            assert {other.partition("/")[0] for other in others} <= {"urn"}, name


def test_the_picture_is_of_these_imports():
    drawn = Image.open(PICTURE).text["Description"]
    assert drawn == described(imports()), "run make architecture, and look at the picture"


def test_imports_are_read_from_modules_and_rule_files(tmp_path):
    for name, text in {
        "Snakefile": 'include: "rules/one.smk"\n',
        "rules/one.smk": "from rules.plan import (\n    paths,\n)\n\nrule a:\n    script: 'b.py'\n",
        "rules/plan/paths.py": "def f():\n    import urn.crf.lanes\n",
        "workflow_scripts/b.py": "from urn import crf\nfrom _job import logged\n",
        "urn/crf/lanes.py": "import numpy\nfrom urn.crf import other\n",
        "urn/__init__.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert imports(tmp_path) == {
        "rules/*.smk": {"rules/plan", "workflow_scripts"},
        "rules/plan": {"urn/crf"},
        "workflow_scripts": {"urn/crf"},
        "urn/crf": set(),
    }


def test_layers_and_direct_arrows():
    assert layers(GRAPH) == {"urn/top": 2, "urn/left": 1, "urn/right": 1, "urn/bottom": 0}
    assert direct(GRAPH)["urn/top"] == {"urn/left", "urn/right"}
    with pytest.raises(ValueError, match=r"circular imports among \['a', 'b'\]"):
        layers({"a": {"b"}, "b": {"a"}, "c": set()})


def test_nothing_overlaps():
    graph = {f"urn/{n}": {f"urn/{m}" for m in range(n) if n % (m + 2) == 0} for n in range(24)}
    arrows = direct(graph)
    found = rows(arrows, layers(graph))
    assert any(not isinstance(item, str) for row in found for item in row)  # an arrow passes by
    for row, across in zip(found, places(found, arrows), strict=True):
        for left, right in pairwise(row):
            widths = [WIDTH if isinstance(item, str) else SLOT for item in (left, right)]
            assert across[right] - across[left] >= sum(widths) / 2
