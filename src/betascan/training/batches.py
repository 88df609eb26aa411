"""Minibatches of images as tensors, at the model's size and on its device."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from numpy.typing import ArrayLike
from torch import Tensor

from betascan.core.errors import DataError
from betascan.data.store import Images

N_FOR_VARIANCE = 10_000  # images from which the total variance is computed
BLOCK = 1 << 15  # images read at a time when all are copied: 400 MB in colour
MAX_GPU_FRACTION = 0.6  # of the free memory of a CUDA device that images may take

Pixels = UInt8[np.ndarray, "n height width channels"]


class ImageBatches:
    """The images of a file of `data.store.write`, indexed by row.

    Indexing with rows (batch,) gives float32 tensors (batch, channels, height, width) in [0, 1]
    on the device, channels last in memory. Images are kept on a CUDA device if they fit; on a
    CPU they are read as needed, unless they are downsampled.

    Parameters
    ----------
    path : Path
        The file.
    size : int
        Pixels per side: as in the file, or half as many, for which 2 x 2 pixels are averaged.
    device : torch.device
        Where minibatches are wanted.

    Attributes
    ----------
    facts, factors
        Facts and factors of the file, as in `data.store.Images`.
    channels : int
        1 or 3.
    total_variance : float
        V, the mean squared distance of an image from the mean image, with pixels in [0, 1], over
        at most 10,000 images spread evenly over the file.
    n_varying : int
        How many pixels, times channels, differ between these images.
    pixel_scale : float
        V at the file's size over V at `size`. Sums over the fewer pixels are multiplied by it,
        which keeps the normalised temperature T = beta sigma^2 / V.

    Raises
    ------
    DataError
        If the file is missing or damaged, or its images have neither `size` nor twice that.
    """

    def __init__(self, path: Path, size: int, device: torch.device) -> None:
        self.device = device
        with Images(path, memory_mb=0) as images:
            file_size, _, self.channels = images.shape
            self.facts, self.factors = images.facts, images.factors
        if file_size not in (size, 2 * size):
            raise DataError(f"{path} has images of {file_size} pixels, which cannot become {size}")
        downsample, self._maximum = file_size != size, self.facts.maximum
        shape = len(self), size, size, self.channels
        on_cuda = device.type == "cuda" and _fits(shape, device)
        self._cache: Tensor | None = None
        if downsample or on_cuda:
            self._cache = torch.empty(shape, dtype=torch.uint8, device=device if on_cuda else "cpu")
            sample = self._fill(self._cache, path, downsample)
        else:
            self._images = Images(path)  # which stays open
            sample = self._images[self._sample_rows()]
        self.total_variance, self.n_varying = _total_variance(sample, self._maximum)
        self.pixel_scale = 1.0
        if downsample:
            V = self.total_variance
            sample, self._maximum = downsample_2x(sample, self._maximum)
            self.total_variance, self.n_varying = _total_variance(sample, self._maximum)
            self.pixel_scale = V / self.total_variance

    def _sample_rows(self) -> Int64[np.ndarray, " n"]:
        return np.linspace(0, len(self) - 1, min(len(self), N_FOR_VARIANCE)).astype(np.int64)

    def _fill(self, cache: Tensor, path: Path, downsample: bool) -> Pixels:
        """Copy images in blocks, to bound the memory, and return the sample for V."""
        sample_rows, sample = self._sample_rows(), []
        for start in range(0, len(self), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(self)))
            with Images(path, rows) as images:
                block = images[rows - start]
            sample.append(block[np.isin(rows, sample_rows)])
            if downsample:
                block, _ = downsample_2x(block, self.facts.maximum)
            cache[start : start + len(rows)] = torch.from_numpy(block)
        return np.concatenate(sample)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.factors)

    def __getitem__(self, rows: ArrayLike) -> Float[Tensor, "batch channels height width"]:
        """Return images as a minibatch."""
        indices = np.asarray(rows, np.int64)
        if self._cache is None:
            pixels = torch.from_numpy(self._images[indices])
        else:
            pixels = self._cache[torch.from_numpy(indices).to(self._cache.device)]
        return pixels.to(self.device).permute(0, 3, 1, 2).float().div_(self._maximum)


def downsample_2x(
    pixels: Pixels, maximum: int
) -> tuple[UInt8[np.ndarray, "n half_height half_width channels"], int]:
    """Average 2 x 2 pixels.

    Parameters
    ----------
    pixels : ndarray
        Images.
    maximum : int
        The value of full brightness.

    Returns
    -------
    averages : ndarray
        Exact where sums of four pixels fit into a byte, as for binary images, else rounded.
    maximum : int
        The value of full brightness of the averages: 4 x that of the images where they are exact.
    """
    exact = 4 * maximum <= 255
    dtype = np.uint8 if exact else np.uint16
    pairs = np.add(pixels[:, ::2], pixels[:, 1::2], dtype=dtype)
    sums = pairs[:, :, ::2] + pairs[:, :, 1::2]
    if exact:
        return sums, 4 * maximum
    return ((sums + 2) // 4).astype(np.uint8), maximum


def _fits(shape: tuple[int, ...], device: torch.device) -> bool:
    free, _ = torch.cuda.mem_get_info(device)
    return float(np.prod(shape)) < MAX_GPU_FRACTION * free


def _total_variance(pixels: Pixels, maximum: int) -> tuple[float, int]:
    """Return the sum of variances of all pixels in [0, 1], and how many vary at all."""
    flat = pixels.reshape(len(pixels), -1)
    # exact in integers until the last step
    sums = flat.sum(0, dtype=np.int64)
    squares = np.square(flat, dtype=np.uint16).sum(0, dtype=np.int64)
    variance = (squares / len(flat) - (sums / len(flat)) ** 2) / maximum**2
    return float(variance.sum()), int((variance > 0).sum())
