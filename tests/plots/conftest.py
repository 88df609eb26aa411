import pytest


@pytest.fixture(autouse=True)
def theme(themed):
    """All tests here draw in the theme."""
