import subprocess
import sys


def test_the_catalog_is_read_without_the_packages_of_the_rules():
    code = "import sys, betascan.data.catalog; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "h5py", "pandas", "rasterio", "torch", "jaxtyping"}
    assert not heavy & set(loaded.stdout.split())
