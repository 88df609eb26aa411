"""The page of all keys, and that each of them is explained."""

import pytest

from betascan.workflow import reference
from betascan.workflow.config import Config

FIELDS = list(reference.fields(Config))


def test_the_committed_page_is_up_to_date():
    assert reference.PAGE.read_text() == reference.page(), "python -m betascan.workflow.reference"


@pytest.mark.parametrize(
    ("key", "description"), [(key, text) for key, text, nested in FIELDS if nested is None]
)
def test_every_key_is_explained(key, description):
    assert len(description) > 5, key


def test_the_page_has_every_key():
    text = reference.page()
    assert "| `scan.temperatures.per_decade` | `8` |" in text
    assert all(
        f"`{key.partition('.')[2] or key}`" in text for key, _, nested in FIELDS if not nested
    )
