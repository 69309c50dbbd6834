"""Which rule makes a file: found by the file's name, for rules that make thousands of them.

Snakemake's own index compares a wanted file with every output that begins alike up to its first
wildcard. Here that is every mask of a dataset, so that its time grew with the square of the images.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

from snakemake.common.prefix_lookup import PrefixLookup
from snakemake.io import regex_from_filepattern
from snakemake.output_index import OutputIndex

from rules.hooks.replacement import expect, replace


class OutputIndexByName(OutputIndex):
    """Looks up outputs whose last part has no wildcard by that part, others as Snakemake does."""

    on_missing: Callable[[str], None] | None = None

    def __init__(self, rules: list[Any]) -> None:
        self._named: dict[str, set[tuple[str, Any]]] = defaultdict(set)
        others = []
        for rule in rules:
            for product in rule.products():
                folder, _, name = str(product).rpartition("/")
                if "{" in folder and not {"{", "}"} & set(name):
                    self._named[name].add((folder, rule))
                else:
                    suffix = str(product.constant_suffix())
                    others.append((str(product.constant_prefix()), (rule, suffix)))
        self._lookup = PrefixLookup(entries=others)

    def match_producers(self, targetfile: str) -> set[Any]:
        """The rules that make a file; of one that none makes, `on_missing` is told."""
        folder, _, name = targetfile.rpartition("/")
        named = {
            rule
            for pattern, rule in self._named.get(name, ())
            if _regular_expression(pattern).match(folder)
        }
        found = named | super().match_producers(targetfile)
        if not found and OutputIndexByName.on_missing:
            OutputIndexByName.on_missing(targetfile)
        return found


@cache
def _regular_expression(pattern: str) -> re.Pattern[str]:
    return re.compile(regex_from_filepattern(pattern))


def install(on_missing: Callable[[str], None]) -> None:
    """Make Snakemake use this index, and tell of files that no rule makes: it says little."""
    import snakemake.dag  # which cannot be the first of Snakemake's modules that is imported

    OutputIndexByName.on_missing = staticmethod(on_missing)
    expect(OutputIndex, "match_producers", "(self, targetfile)")
    expect(OutputIndex, "__init__", uses=["_lookup"])
    expect(PrefixLookup, "__init__", "(self, entries)")
    expect(snakemake.dag.DAG, "file2jobs", uses=["match_producers"])
    replace(snakemake.dag, "OutputIndex", OutputIndexByName, "(rules)")
