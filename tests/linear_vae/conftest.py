import pytest
from linear_reference import samples

from betascan.core.machine import processor_flags
from betascan.linear_vae import compiler, training
from betascan.linear_vae.compiler import NATIVE, WIDTHS, NoKernelError
from betascan.linear_vae.kernel import KernelEngine
from betascan.linear_vae.torch_engine import TorchEngine


@pytest.fixture(scope="session")
def data():
    """Training and validation samples of five features."""
    x = samples(1210, [3, 1, 0.6, 0.3, 0.1])
    x -= x[:1005].mean(axis=0)
    return x[:1005], x[1005:]


@pytest.fixture
def cxx():
    """Skip where there is no compiler."""
    try:
        compiler._compiler()
    except NoKernelError:
        pytest.skip("needs a C++ compiler")


@pytest.fixture
def no_kernel(monkeypatch):
    """Have scans do without the compiled kernel."""

    def refuse(*args):
        raise NoKernelError("this test does without")

    monkeypatch.setattr(training, "KernelEngine", refuse)


@pytest.fixture(params=["kernel", "torch"])
def way(request):
    """Run scans with the compiled kernel, then without it."""
    request.getfixturevalue("cxx" if request.param == "kernel" else "no_kernel")


@pytest.fixture(params=["native", *WIDTHS, "torch"])
def engine(request):
    """A function that makes an engine of a layout, feature weights and an estimator."""
    if request.param == "torch":
        return lambda *args: TorchEngine(*args, device="cpu")
    request.getfixturevalue("cxx")
    if request.param in WIDTHS and request.param not in processor_flags():
        pytest.skip(f"needs a processor with {request.param}")
    target = WIDTHS.get(request.param, NATIVE)
    return lambda *args: KernelEngine(*args, workers=2, target=target)
