import numpy as np
import pytest
from small_runs import stored


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """100 images of a square somewhere."""
    images = np.zeros((100, 32, 32, 1), np.uint8)
    for number, (x, y) in enumerate(np.random.default_rng(0).integers(0, 24, (100, 2))):
        images[number, y : y + 8, x : x + 8] = 1
    return stored(tmp_path_factory.mktemp("images") / "squares.h5", images, 1)
