import pytest
import torch


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that spin at the barriers of small operations take ten times as long where
    something else keeps a core busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
