"""Images that look alike, by their perceptual hashes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

PAIRS_AT_ONCE = 1 << 22  # bounds the memory, whatever the number of images


class Group(NamedTuple):
    """Images that look alike.

    Attributes:
        members: positions, ascending.
        mirrored: whether some look like others only if mirrored.
    """

    members: list[int]
    mirrored: bool


def alike(hashes: Sequence[str], mirrored: Sequence[str], most: int) -> list[Group]:
    """Groups of images whose hashes differ in few bits.

    Args:
        hashes: hexadecimal digits, a multiple of 16, of the same number each.
        mirrored: the same of the mirrored images.
        most: bits in which two that are alike may differ.

    Returns:
        The groups by their first member. Who is alike to one of a group belongs to it.
    """
    if not hashes:
        return []
    both = np.concatenate([_words(hashes), _words(mirrored)], axis=1)
    distinct, which = np.unique(both, axis=0, return_inverse=True)
    own, other = np.split(distinct, 2, axis=1)
    pairs = _near_pairs(own, own, most)
    upright = _components(pairs, len(distinct))[which.ravel()]
    pairs = np.concatenate([pairs, _near_pairs(own, other, most)])
    groups: dict[int, list[int]] = {}
    for position, group in enumerate(_components(pairs, len(distinct))[which.ravel()].tolist()):
        groups.setdefault(group, []).append(position)
    return [
        Group(members, mirrored=len(np.unique(upright[members])) > 1)
        for members in groups.values()
        if len(members) > 1
    ]


def _words(hashes: Sequence[str]) -> np.ndarray:
    """N×W uint64."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), np.uint64).reshape(len(hashes), -1)


def _components(pairs: np.ndarray, number: int) -> np.ndarray:
    """The group of each of a number of images, by M×2 pairs."""
    graph = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(number, number))
    _, groups = connected_components(graph, directed=False)
    return np.asarray(groups)


def _near_pairs(words: np.ndarray, others: np.ndarray, most: int) -> np.ndarray:
    """M×2 places of a row of N×W uint64 and a later one of others, at most `most` bits apart."""
    found = [np.empty((0, 2), np.int64)]
    rows_at_once = max(1, PAIRS_AT_ONCE // len(words))
    for first in range(0, len(words), rows_at_once):
        rows, later = words[first : first + rows_at_once], others[first:]
        bits = np.zeros((len(rows), len(later)), np.uint16)
        for word in range(words.shape[1]):
            bits += np.bitwise_count(rows[:, None, word] ^ later[None, :, word])
        found.append(first + np.argwhere(np.triu(bits <= most, k=1)))
    return np.concatenate(found)
