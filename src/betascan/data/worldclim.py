"""The 19 bioclimatic layers of WorldClim 2.1, from the provider's rasters to a table of cells.

Temperatures are in degrees Celsius (bio4 a hundred times that), precipitation in millimetres, bio3
and bio15 in per cent.

References
----------
Fick and Hijmans 2017, doi:10.1002/joc.5086.
"""

import csv
import hashlib
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float32, Float64, Int32

from betascan.core.errors import ContentError
from betascan.core.files import check_space, reading, staged
from betascan.data.download import REPLACE, data_root, fetch, locate_or_download
from betascan.data.rasters import LAYER_NAME, iter_windows, layer_paths, open_layers, read_window

LAYERS = tuple(f"bio{k}" for k in range(1, 20))
SHAPE = (1080, 2160)
"""Rows and columns of the 10-minute layers whose pixels the project knows."""

_FILES = ("wc2.1_10m_bio_*.tif", "wc2.1_10m_bio.zip")
"""The layers, unpacked or as the provider packs them."""
_CHUNK = 16384
_MARGIN = 1 << 20
"""Disk space in bytes for what HDF5 writes in addition to the cells."""


@dataclass(frozen=True)
class Climate:
    """The cells that are valid in all 19 layers, from north to south and west to east."""

    values: Float32[np.ndarray, "cells layers"]
    """Columns as in `LAYERS`."""
    rows: Int32[np.ndarray, " cells"]
    """Rows of the rasters."""
    cols: Int32[np.ndarray, " cells"]
    """Columns of the rasters."""
    lat: Float64[np.ndarray, " cells"]
    """Latitude of the cell centres, in degrees."""
    lon: Float64[np.ndarray, " cells"]
    """Longitude of the cell centres, in degrees."""


def obtain(destination: str | Path, urls: Sequence[str], local: Path | None) -> None:
    """Put the 19 genuine layers into a folder, and verify their pixels.

    Parameters
    ----------
    destination : str or Path
        The folder, which appears complete or not at all.
    urls : sequence of str
        Addresses of the provider's zip file, tried in this order.
    local : Path or None
        A folder that is searched first for the layers or the zip file, with two levels of folders
        in it. What is found there is copied and left alone.

    Raises
    ------
    ContentError
        The user's own layers are incomplete, damaged or not WorldClim's.
    DataError
        The download failed, or the disk is full.
    """
    destination = Path(destination)
    archive = destination.with_name(_FILES[1])
    downloaded = False
    with staged(destination) as folder:
        folder.mkdir()

        def download() -> Path:
            nonlocal downloaded
            fetch(urls, archive, lambda path: _unpack(path, folder))
            downloaded = True
            return archive

        source = locate_or_download(_FILES, local, download)
        if downloaded:
            archive.unlink()
        elif LAYER_NAME.fullmatch(source.name):
            verify(source.parent)
            # Copies, 60 MB: a link would expose the user's own files to whatever cleans results.
            for path in layer_paths(source.parent):
                shutil.copyfile(path, folder / path.name.lower())
        else:
            _unpack(source, folder)


def obtain_layers(destination: str | Path, urls: Sequence[str], root: str | None) -> None:
    """Put the 19 genuine layers into a folder, from the user's data folder if it has them.

    Parameters
    ----------
    destination, urls
        Folder and addresses, as in `obtain`.
    root : str or None
        ``data.root`` of the configuration, see `data_root`.

    Raises
    ------
    DataError
        As `obtain` and `data_root`.
    """
    obtain(destination, urls, data_root(root))


def verify(folder: str | Path) -> None:
    """Compare every pixel with the project's table of facts, ``worldclim_pixels.csv``.

    For each layer it holds the number of valid cells and the SHA-256 of their values (float32,
    little endian, row-major) and of the mask of valid cells (uint8, row-major), so it is
    also valid for files that have been recompressed.

    Parameters
    ----------
    folder : str or Path
        Holds the 19 layers.

    Raises
    ------
    ContentError
        The first layer that differs.
    DataError
        As `open_layers`.
    """
    table = resources.files("betascan.data").joinpath("worldclim_pixels.csv").read_text()
    with open_layers(folder) as layers:
        for layer, fact in zip(layers, csv.DictReader(table.splitlines()), strict=True):
            if layer.shape != SHAPE:
                raise ContentError(
                    f"{layer.name}: {layer.shape} pixels, the 10-minute layers have {SHAPE}; "
                    f"{REPLACE}"
                )
            values_hash, mask_hash, cells = hashlib.sha256(), hashlib.sha256(), 0
            for window in iter_windows([layer]):
                values, valid = read_window(layer, window)
                values_hash.update(values[valid].astype("<f4").tobytes())
                mask_hash.update(valid.astype(np.uint8).tobytes())
                cells += int(valid.sum())
            if (values_hash.hexdigest(), mask_hash.hexdigest()) != (
                fact["sha256_valid_float32_le_rowmajor"],
                fact["sha256_mask_uint8_rowmajor"],
            ):
                raise ContentError(
                    f"{layer.name}: pixels differ from WorldClim 2.1 ({cells} valid cells, "
                    f"{fact['valid_cells']} expected); {REPLACE}"
                )


def iter_strips(folder: str | Path) -> Iterator[Climate]:
    """Read the cells strip by strip.

    Parameters
    ----------
    folder : str or Path
        Holds the 19 layers ``wc2.1_<resolution>_bio_<k>.tif``.

    Yields
    ------
    Climate
        The cells of a strip, starting in the north; its rasters take at most 32 MB.

    Raises
    ------
    DataError
        A layer is missing, unreadable, or not on the grid of the others.
    """
    with open_layers(folder) as layers:
        yield from _strips(layers)


def read_layers(folder: str | Path) -> Climate:
    """Read all cells.

    Parameters
    ----------
    folder : str or Path
        Holds the 19 layers ``wc2.1_<resolution>_bio_<k>.tif``.

    Returns
    -------
    Climate
        The cells that are valid in all layers.

    Raises
    ------
    DataError
        As `iter_strips`.
    """
    strips = [vars(strip) for strip in iter_strips(folder)]
    return Climate(**{name: np.concatenate([s[name] for s in strips]) for name in strips[0]})


def write_table(folder: str | Path, path: str | Path) -> None:
    """Write the cells of a folder of layers to one HDF5 file, strip by strip.

    It has a data set for each field of `Climate`, and the attributes ``source``, ``layers``,
    ``shape`` of the rasters, ``resolution`` in degrees and ``fingerprint`` (SHA-256 of values and
    cells).

    Parameters
    ----------
    folder : str or Path
        Holds the 19 layers.
    path : str or Path
        The file, which appears complete or not at all.

    Raises
    ------
    DataError
        As `iter_strips`, or the disk is full.
    """
    values_hash, cells_hash = hashlib.sha256(), hashlib.sha256()
    with (
        open_layers(folder) as layers,
        staged(path) as temporary,
        h5py.File(temporary, "w") as file,
    ):
        for strip in _strips(layers):
            columns = vars(strip)
            # HDF5 does not survive a full disk: it crashes while closing the file
            check_space(temporary.parent, sum(c.nbytes for c in columns.values()) + _MARGIN)
            for name, column in columns.items():
                _append(file, name, column)
            values_hash.update(strip.values.astype("<f4").tobytes())
            cells_hash.update(np.stack([strip.rows, strip.cols], axis=1).astype("<i4").tobytes())
        first = layers[0]
        file.attrs["source"] = first.tags().get("SOURCE", "WorldClim 2.1")
        file.attrs["layers"] = LAYERS
        file.attrs["shape"] = first.shape
        file.attrs["resolution"] = first.res[0]
        file.attrs["fingerprint"] = hashlib.sha256(
            values_hash.digest() + cells_hash.digest()
        ).hexdigest()


def read_table(path: str | Path) -> Climate:
    """Read the cells written by `write_table`.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Climate
        The cells.

    Raises
    ------
    DataError
        The file is missing, locked, damaged, or not what it should be.
    """
    with reading(path), h5py.File(path) as file:
        return Climate(**{field.name: file[field.name][()] for field in fields(Climate)})


def read_facts(path: str | Path) -> dict[str, Any]:
    """Read where the cells of `write_table` come from.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    dict
        ``source``, ``fingerprint``, and ``resolution`` in degrees.

    Raises
    ------
    DataError
        As `read_table`.
    """
    with reading(path), h5py.File(path) as file:
        facts = {name: file.attrs[name] for name in ("source", "fingerprint", "resolution")}
        return {**facts, "resolution": round(float(facts["resolution"]), 6)}


def _append(file: Any, name: str, column: np.ndarray) -> None:
    if name not in file:
        width = column.shape[1:]
        file.create_dataset(
            name,
            shape=(0, *width),
            maxshape=(None, *width),
            chunks=(_CHUNK, *width),
            dtype=column.dtype,
            compression="gzip",
            compression_opts=1,
            shuffle=True,
        )
    start = len(file[name])
    file[name].resize(start + len(column), axis=0)
    file[name][start:] = column


def _strips(layers: Sequence[Any]) -> Iterator[Climate]:
    to_degrees = layers[0].transform
    for window in iter_windows(layers):
        values, valid = [], np.ones((window.height, window.width), dtype=bool)
        for layer in layers:
            of_layer, valid_in_layer = read_window(layer, window)
            values.append(of_layer)
            valid &= valid_in_layer
        rows, cols = np.nonzero(valid)
        rows += window.row_off
        yield Climate(
            values=np.stack([of_layer[valid] for of_layer in values], axis=1),
            rows=rows.astype(np.int32),
            cols=cols.astype(np.int32),
            lat=to_degrees.f + (rows + 0.5) * to_degrees.e,
            lon=to_degrees.c + (cols + 0.5) * to_degrees.a,
        )


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack the provider's zip file into an existing folder, and verify the layers."""
    for path in folder.iterdir():  # left by an archive that was not the right one
        path.unlink()
    with reading(archive, REPLACE), zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            name = PurePosixPath(member.filename).name.lower()
            if LAYER_NAME.fullmatch(name):  # without folders: nothing is written elsewhere
                with members.open(member) as packed, (folder / name).open("wb") as target:
                    shutil.copyfileobj(packed, target)
    try:
        verify(folder)
    except ContentError as error:
        reason = str(error).replace(f"{folder}/", "").split(";")[0].replace(str(folder), "it")
        raise ContentError(f"{archive} is not WorldClim's ({reason}); {REPLACE}") from None
