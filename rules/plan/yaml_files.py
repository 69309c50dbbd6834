"""Configuration files, read strictly: what is wrong with one is told with its line and column."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from urn.errors import raise_faults

# The parser in C, where PyYAML was built with it: six times as fast.
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check(paths: Iterable[str | Path]) -> None:
    """Check that files are YAML (or JSON) of keys, none of them twice.

    Raises:
        UserError: every fault with file, line and column.
    """
    files = dict.fromkeys(map(str, paths))
    raise_faults("the configuration", (fault for path in files for fault in faults(path)))


def load(path: str | Path) -> dict[str, Any]:
    """A file's keys and values, as far as `check` finds no fault with it."""
    loaded: dict[str, Any] = yaml.load(Path(path).read_text(encoding="utf-8-sig"), LOADER)
    return loaded


def faults(path: str | Path) -> Iterator[str]:
    """What is wrong with a file, in sentences."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        yield f"configuration file {path} cannot be read ({error.strerror}): check --configfile"
        return
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        yield f"{path}, line {line}: not UTF-8 text: save the file as UTF-8"
        return
    try:
        root = yaml.compose(text, LOADER)
    except yaml.MarkedYAMLError as error:
        if not _is_json(text):
            yield _syntax(path, error)
        return
    except yaml.YAMLError as error:  # a character that YAML does not allow
        yield f"{path} is not YAML: {str(error).splitlines()[0]}"
        return
    if root is None:
        yield f"{path} is empty: write at least one key, such as `dataset: shapes`"
    elif not isinstance(root, yaml.MappingNode):
        yield f"{path} holds no keys: begin it with one, such as `dataset: shapes`"
    else:
        yield from _repeated(path, root, "", set())


def _syntax(path: str | Path, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = ", ".join(part for part in (error.context, error.problem) if part)
    fix = "indent with blanks, and quote values with a colon"
    return f"{path}{place}: not valid YAML ({problem}): {fix}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _repeated(path: str | Path, node: yaml.Node, where: str, seen: set[int]) -> Iterator[str]:
    """The keys that stand twice in a mapping, at any depth; an alias counts where its anchor is."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _repeated(path, item, f"{where}[{number}]", seen)
    if isinstance(node, yaml.MappingNode):
        first: dict[tuple[str, str], int] = {}
        for key, value in node.value:
            line, name = key.start_mark.line + 1, where
            if isinstance(key, yaml.ScalarNode):
                name = f"{where}.{key.value}".lstrip(".")
                if (key.tag, key.value) in first and key.value != "<<":
                    yield (
                        f"{path}, line {line}: the key {name} stands on line "
                        f"{first[key.tag, key.value]} already, and only the last would count: "
                        "keep one"
                    )
                first.setdefault((key.tag, key.value), line)
            yield from _repeated(path, value, name, seen)
