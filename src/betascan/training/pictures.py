"""Minibatches of images as tensors, at the size and on the device that a training wants."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.nn import functional

from betascan.data.store import Images, Pixels
from betascan.errors import DataError

MEASURED = 10_000  # images that the total variance is taken from
BLOCK = 4096
SHARE = 0.6  # of the free memory of a CUDA device that images may take


class Pictures:
    """The images of a file of `data.store.write`, averaged 2 x 2 if half their size is asked for.

    total_variance is V, the mean squared distance to the mean image over (at most) 10,000 of
    them, with pixels in [0, 1]; varying the number of pixels that differ between images, times
    channels; pixel_scale the ratio of V at the file's size to V at `size`: sums over fewer pixels
    are multiplied by it, which keeps the normalised temperature T = beta sigma^2 / V.

    Raises DataError as `Images`, and if the file's images are neither `size` nor twice that.
    """

    def __init__(self, path: Path, size: int, device: torch.device):
        with Images(path) as images:
            own = images.shape[0]
            if own not in (size, 2 * size):
                raise DataError(f"{path} has images of {own} pixels, which cannot become {size}")
            self.facts, self.factors, self.channels = images.facts, images.factors, images.shape[2]
            self.device = device
            self._images, self._held, self._maximum = images, None, images.facts.maximum
            measured = np.linspace(0, len(images) - 1, min(len(images), MEASURED)).astype(np.int64)
            self.total_variance = _total_variance(images[measured], self._maximum)[0]
            self.pixel_scale = 1.0
            if own == 2 * size:
                self._held = _halved(images, self._maximum)
                self._maximum = 255
            elif device.type == "cuda" and _fits(images, device):
                self._held = torch.from_numpy(images[np.arange(len(images))]).permute(0, 3, 1, 2)
            if images.place == "disk" and self._held is None:
                self._images = Images(path)  # stays open
        V = self.total_variance
        self.total_variance, self.varying = _total_variance(self._pixels(measured), self._maximum)
        self.pixel_scale = V / self.total_variance
        if self._held is not None:
            self._held = self._held.to(device, memory_format=torch.channels_last)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.factors)

    def _pixels(self, rows: NDArray[np.int64]) -> Pixels:
        if self._held is None:
            return self._images[rows]
        return self._held[torch.from_numpy(rows)].permute(0, 2, 3, 1).numpy()

    def __getitem__(self, rows: ArrayLike) -> Tensor:
        """Return images (B, C, H, W) float32 in [0, 1], channels last in memory."""
        wanted = np.asarray(rows, np.int64)
        if self._held is None:
            batch = torch.from_numpy(self._images[wanted]).permute(0, 3, 1, 2).to(self.device)
        else:
            batch = self._held[torch.from_numpy(wanted).to(self.device)]
        return batch.float().div_(self._maximum)


def _halved(images: Images, maximum: int) -> Tensor:
    """Average 2 x 2 pixels, rounded to 1/255 of full brightness, (N, C, H/2, W/2) uint8."""
    height, width, channels = images.shape
    held = torch.empty((len(images), channels, height // 2, width // 2), dtype=torch.uint8)
    for start in range(0, len(images), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(images)))
        block = torch.from_numpy(images[rows]).permute(0, 3, 1, 2).float()
        held[rows] = functional.avg_pool2d(block, 2).mul_(255 / maximum).round_().byte()
    return held


def _fits(images: Images, device: torch.device) -> bool:
    free, _ = torch.cuda.mem_get_info(device)
    return len(images) * float(np.prod(images.shape)) < SHARE * free


def _total_variance(pixels: Pixels, maximum: int) -> tuple[float, int]:
    variance = sum_of_variances(pixels) / maximum**2
    return float(variance.sum()), int((variance > 0).sum())


def sum_of_variances(pixels: Pixels) -> NDArray[np.float64]:
    """Variance of every pixel and channel over images, exact in integers until the last step."""
    flat = pixels.reshape(len(pixels), -1)
    sums = flat.sum(0, dtype=np.int64)
    squares = np.square(flat, dtype=np.uint16).sum(0, dtype=np.int64)
    return squares / len(flat) - (sums / len(flat)) ** 2
