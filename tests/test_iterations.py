"""The length of trainings whose iterations are `auto`."""

import pytest

from rules.plan.iterations import decided


@pytest.mark.parametrize(
    ("section", "images", "budget", "expected"),
    [
        ("classification", 100, "normal", 600),
        ("classification", 2000, "normal", 2000),
        ("segmentation", 100, "fast", 500),
        ("segmentation", 2000, "thorough", 5000),
    ],
)
def test_iterations_follow_the_images_and_the_budget(section, images, budget, expected):
    settings = {"iterations": "auto", "batch_size": 8}
    found = decided(settings, section, images, budget)
    assert found == {"iterations": expected, "batch_size": 8}


def test_a_given_number_stays():
    settings = {"iterations": 7, "batch_size": 8}
    assert decided(settings, "affinity", 10_000, "thorough") == settings
