import matplotlib.pyplot as plt
import pytest

from betascan import plots


@pytest.fixture(autouse=True)
def theme():
    with plots.themed():
        yield
    plt.close("all")
