"""Images that look alike, by their perceptual hashes."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

PAIRS_AT_ONCE = 1 << 22  # bounds the memory, whatever the number of images


def alike(hashes: Sequence[str], most: int) -> list[list[int]]:
    """Groups of images whose hashes differ in few bits.

    Args:
        hashes: hexadecimal digits, a multiple of 16, of the same number each.
        most: bits in which two that are alike may differ.

    Returns:
        Positions in `hashes`, ascending; the groups by their first. Who is alike to one of a group
        belongs to it.
    """
    if not hashes:
        return []
    words = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint64).reshape(len(hashes), -1)
    distinct, which = np.unique(words, axis=0, return_inverse=True)
    pairs = np.concatenate(_near_pairs(distinct, most))
    graph = coo_array((np.ones(len(pairs), bool), pairs.T), shape=(len(distinct),) * 2)
    _, group_of_distinct = connected_components(graph, directed=False)
    groups: dict[int, list[int]] = {}
    for position, group in enumerate(group_of_distinct[which.ravel()].tolist()):
        groups.setdefault(group, []).append(position)
    return [members for members in groups.values() if len(members) > 1]


def _near_pairs(words: np.ndarray, most: int) -> list[np.ndarray]:
    """Pairs of rows of N×W uint64 that differ in at most `most` bits, M×2 each."""
    found = [np.empty((0, 2), np.int64)]
    rows_at_once = max(1, PAIRS_AT_ONCE // len(words))
    for first in range(0, len(words), rows_at_once):
        rows, others = words[first : first + rows_at_once], words[first:]
        bits = np.zeros((len(rows), len(others)), np.uint16)
        for word in range(words.shape[1]):
            bits += np.bitwise_count(rows[:, None, word] ^ others[None, :, word])
        found.append(first + np.argwhere(np.triu(bits <= most, k=1)))
    return found
