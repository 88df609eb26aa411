"""Minibatches of images as tensors, at the size and on the device that a training wants."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from betascan.core.errors import DataError
from betascan.data.store import Images, Pixels

N_FOR_VARIANCE = 10_000  # images that the total variance is taken from
BLOCK = 1 << 15  # images read at a time where all are copied: 400 MB in colour
MAX_GPU_FRACTION = 0.6  # of the free memory of a CUDA device that images may take


class ImageBatches:
    """The images of a file of `data.store.write`, averaged 2 x 2 if half their size is asked for.

    total_variance is V, the mean squared distance to the mean image over (at most) 10,000 of
    them, with pixels in [0, 1]; n_varying the number of pixels that differ between images, times
    channels; pixel_scale the ratio of V at the file's size to V at `size`: sums over fewer pixels
    are multiplied by it, which keeps the normalised temperature T = beta sigma^2 / V.

    Raises DataError as `Images`, and if the file's images are neither `size` nor twice that.
    """

    def __init__(self, path: Path, size: int, device: torch.device):
        self.device = device
        with Images(path, memory_mb=0) as images:
            own, _, self.channels = images.shape
            self.facts, self.factors = images.facts, images.factors
        if own not in (size, 2 * size):
            raise DataError(f"{path} has images of {own} pixels, which cannot become {size}")
        halve, self._maximum = own != size, self.facts.maximum
        shape = len(self), size, size, self.channels
        on_cuda = device.type == "cuda" and _fits(shape, device)
        self._cache: Tensor | None = None
        if halve or on_cuda:
            self._cache = torch.empty(shape, dtype=torch.uint8, device=device if on_cuda else "cpu")
            measured = self._copy(path, self._cache, halve)
        else:
            self._images = Images(path)  # which stays open
            measured = self._images[self._measured()]
        self.total_variance, self.n_varying = _total_variance(measured, self._maximum)
        self.pixel_scale = 1.0
        if halve:
            V = self.total_variance
            measured, self._maximum = downsample_2x(measured, self._maximum)
            self.total_variance, self.n_varying = _total_variance(measured, self._maximum)
            self.pixel_scale = V / self.total_variance

    def _measured(self) -> NDArray[np.int64]:
        return np.linspace(0, len(self) - 1, min(len(self), N_FOR_VARIANCE)).astype(np.int64)

    def _copy(self, path: Path, cache: Tensor, halve: bool) -> Pixels:
        """Fill `cache` block by block, so that a large set is not in memory at the file's size.

        Returns the measured images as they are in the file.
        """
        measured, kept = self._measured(), []
        for start in range(0, len(self), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(self)))
            with Images(path, rows) as images:
                block = images[rows - start]
            kept.append(block[np.isin(rows, measured)])
            if halve:
                block, _ = downsample_2x(block, self.facts.maximum)
            cache[start : start + len(rows)] = torch.from_numpy(block)
        return np.concatenate(kept)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.factors)

    def __getitem__(self, rows: ArrayLike) -> Tensor:
        """Return images (B, C, H, W) float32 in [0, 1], channels last in memory."""
        wanted = np.asarray(rows, np.int64)
        if self._cache is None:
            pixels = torch.from_numpy(self._images[wanted])
        else:
            pixels = self._cache[torch.from_numpy(wanted).to(self._cache.device)]
        return pixels.to(self.device).permute(0, 3, 1, 2).float().div_(self._maximum)


def downsample_2x(pixels: Pixels, maximum: int) -> tuple[Pixels, int]:
    """Average 2 x 2 pixels of images (n, H, W, C), and return them with their full brightness.

    Exact where sums of four fit a byte, as for binary images, else rounded to 1/255.
    """
    exact = 4 * maximum <= 255
    kind = np.uint8 if exact else np.uint16
    pairs = np.add(pixels[:, ::2], pixels[:, 1::2], dtype=kind)
    sums = pairs[:, :, ::2] + pairs[:, :, 1::2]
    if exact:
        return sums, 4 * maximum
    return ((sums + 2) // 4).astype(np.uint8), maximum


def _fits(shape: tuple[int, ...], device: torch.device) -> bool:
    free, _ = torch.cuda.mem_get_info(device)
    return float(np.prod(shape)) < MAX_GPU_FRACTION * free


def _total_variance(pixels: Pixels, maximum: int) -> tuple[float, int]:
    variance = sum_of_variances(pixels) / maximum**2
    return float(variance.sum()), int((variance > 0).sum())


def sum_of_variances(pixels: Pixels) -> NDArray[np.float64]:
    """Variance of every pixel and channel over images, exact in integers until the last step."""
    flat = pixels.reshape(len(pixels), -1)
    sums = flat.sum(0, dtype=np.int64)
    squares = np.square(flat, dtype=np.uint16).sum(0, dtype=np.int64)
    return squares / len(flat) - (sums / len(flat)) ** 2
