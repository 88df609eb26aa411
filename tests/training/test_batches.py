import numpy as np
import pytest
import torch

from betascan.config.vae import BetaVae, Likelihood, Model, Run, Training
from betascan.core.errors import DataError
from betascan.data import store
from betascan.data.grid import Grid
from betascan.training import batches
from betascan.training.batches import ImageBatches, downsample_2x
from betascan.training.loop import temperature

CPU = torch.device("cpu")
N = 100


def write(path, pixels, maximum):
    grid = Grid({"image": tuple(map(float, range(len(pixels))))})
    rows = np.arange(len(pixels))
    store.write(path, grid, rows, [pixels], source="made up", maximum=maximum)
    return path


def random_pixels(size, channels, maximum, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, maximum + 1, (N, size, size, channels), dtype=np.uint8)


KINDS = pytest.mark.parametrize(("channels", "maximum"), [(1, 1), (3, 255), (1, 63), (1, 64)])


@KINDS
def test_minibatches_are_the_images(tmp_path, channels, maximum):
    pixels = random_pixels(32, channels, maximum)
    images = ImageBatches(write(tmp_path / "a.h5", pixels, maximum), 32, CPU)
    rows = [7, 0, 99, 7]
    batch = images[rows]
    assert batch.dtype == torch.float32
    assert batch.is_contiguous(memory_format=torch.channels_last)
    expected = (pixels[rows] / maximum).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(batch.numpy(), expected, rtol=1e-6)
    assert len(images) == N
    assert images.pixel_scale == 1
    assert images.channels == channels


@KINDS
def test_downsampled_images_are_means_of_four_pixels(tmp_path, monkeypatch, channels, maximum):
    monkeypatch.setattr(batches, "BLOCK", 7)  # of which N is no multiple
    pixels = random_pixels(64, channels, maximum)
    images = ImageBatches(write(tmp_path / "a.h5", pixels, maximum), 32, CPU)
    means = pixels.reshape(N, 32, 2, 32, 2, channels).mean((2, 4)).transpose(0, 3, 1, 2) / maximum
    tolerance = 1e-6 if 4 * maximum <= 255 else 0.5001 / maximum
    np.testing.assert_allclose(images[np.arange(N)].numpy(), means, rtol=0, atol=tolerance)


def test_four_bright_pixels_become_a_bright_one():
    for maximum in (1, 63, 64, 255):
        pixels, full = downsample_2x(np.full((1, 2, 2, 1), maximum, np.uint8), maximum)
        assert pixels.tolist() == [[[[full]]]]


@pytest.mark.parametrize("size", [32, 64])
def test_total_variance_is_the_mean_squared_distance_to_the_mean(tmp_path, size):
    pixels = random_pixels(64, 3, 255)
    pixels[:, :2] = 9  # 2 x 64 pixels that never vary
    images = ImageBatches(write(tmp_path / "a.h5", pixels, 255), size, CPU)
    x = images[np.arange(N)].double()
    distance = (x - x.mean(0)).square().sum((1, 2, 3)).mean().item()
    assert images.total_variance == pytest.approx(distance, rel=1e-6)
    assert images.n_varying == 3 * (size * size - size * 2 // (64 // size))


def test_total_variance_is_taken_from_some_images_of_a_large_set(tmp_path, monkeypatch):
    path = write(tmp_path / "a.h5", random_pixels(64, 1, 1), 1)
    monkeypatch.setattr(batches, "N_FOR_VARIANCE", 12)
    some = np.linspace(0, N - 1, 12).astype(int)
    for size in (32, 64):
        images = ImageBatches(path, size, CPU)
        expected = images[some].double().var(0, correction=0).sum().item()
        assert images.total_variance == pytest.approx(expected, rel=1e-6)


def test_smaller_images_keep_the_temperature(tmp_path):
    """Smooth images, whose variance per pixel halving leaves alone, and noisy ones alike."""
    run = {
        "likelihood": Likelihood(kind="gaussian", variance=0.5),
        "objective": BetaVae(beta=3),
        "training": Training(
            batch_size=2, lr=1, epochs=1, steps=None, held_out=0, patience=None,
            interval=None, precision="float32", device="cpu", threads=1,
        ),
        "seed": 0,
    }  # fmt: skip
    model = {
        "encoder": "mlp", "decoder": "linear", "width": 1, "latents": 1, "activation": "relu",
        "posterior": "diagonal", "prior": "gaussian",
    }  # fmt: skip
    path = write(tmp_path / "a.h5", random_pixels(64, 1, 255), 255)
    both = []
    for size in (64, 32):
        images = ImageBatches(path, size, CPU)
        both.append(temperature(Run(model=Model(size=size, **model), **run), images))
        assert images.pixel_scale * images.total_variance == pytest.approx(
            ImageBatches(path, 64, CPU).total_variance
        )
    assert both[0] == pytest.approx(both[1], rel=1e-12)
    pixels = np.random.default_rng(1).integers(0, 256, (N, 1, 1, 1), dtype=np.uint8)
    flat = write(tmp_path / "b.h5", np.broadcast_to(pixels, (N, 64, 64, 1)).copy(), 255)
    assert ImageBatches(flat, 32, CPU).pixel_scale == pytest.approx(4)


def test_large_sets_are_read_from_the_disk(tmp_path, monkeypatch):
    pixels = random_pixels(64, 1, 255)
    path = write(tmp_path / "a.h5", pixels, 255)
    in_memory, small = ImageBatches(path, 64, CPU), ImageBatches(path, 32, CPU)

    def on_the_disk(path, rows=None, memory_mb=0):
        return store.Images(path, rows, memory_mb=0)

    monkeypatch.setattr(batches, "Images", on_the_disk)
    on_disk = ImageBatches(path, 64, CPU)
    assert on_disk._images.place == "disk"
    rows = [5, 3, 3, 98]
    assert torch.equal(on_disk[rows], in_memory[rows])
    assert on_disk.total_variance == in_memory.total_variance
    assert torch.equal(ImageBatches(path, 32, CPU)[rows], small[rows])


def test_other_sizes_are_refused(tmp_path):
    path = write(tmp_path / "a.h5", random_pixels(64, 1, 1), 1)
    with pytest.raises(DataError, match=r"a\.h5 has images of 64 pixels, which cannot become 128"):
        ImageBatches(path, 128, CPU)
    with pytest.raises(DataError, match=r"b\.h5 is missing"):
        ImageBatches(tmp_path / "b.h5", 64, CPU)
