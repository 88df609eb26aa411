"""The 19 bioclimatic layers of WorldClim 2.1, from the provider's rasters to a table of cells.

Source: Fick & Hijmans 2017, doi:10.1002/joc.5086. Temperatures are in degrees Celsius (bio4 a
hundred times that), precipitation in millimetres, bio3 and bio15 in per cent.
"""

import csv
import hashlib
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from betascan.core.errors import DataError
from betascan.core.files import staged
from betascan.data import rasters
from betascan.data.download import data_root, fetch

LAYERS = tuple(f"bio{k}" for k in range(1, 20))
SHAPE = (1080, 2160)
"""Rows and columns of the 10-minute layers whose pixels the project knows."""

_CHUNK = 16384


@dataclass(frozen=True)
class Climate:
    """The cells that are valid in all 19 layers, from north to south and west to east."""

    values: NDArray[np.float32]
    """(n, 19), columns as in `LAYERS`."""
    rows: NDArray[np.int32]
    cols: NDArray[np.int32]
    lat: NDArray[np.float64]
    """Cell centres in degrees, as ``lon``."""
    lon: NDArray[np.float64]


def obtain(destination: Path, urls: Sequence[str], local: Path | None) -> None:
    """Put the 19 genuine layers into ``destination``, from ``local`` if it holds them.

    Otherwise download the provider's zip from the first of ``urls`` that answers. The pixels are
    verified either way, and ``destination`` appears complete or not at all.

    Raises:
        DataError: a layer is missing, damaged or not WorldClim's, or the download failed.
    """
    with staged(destination) as folder:
        folder.mkdir()
        if local is not None and any(local.glob("*_bio_*.tif")):
            verify(local)
            # Copies, 60 MB: a link would hand the user's own files to whatever cleans results.
            for path in rasters.paths(local):
                shutil.copyfile(path, folder / path.name)
        else:
            archive = destination.with_name(PurePosixPath(urls[0]).name)
            fetch(urls, archive)
            try:
                _unpack(archive, folder)
                verify(folder)
            except (DataError, zipfile.BadZipFile, EOFError, zlib.error) as error:
                archive.unlink()
                raise DataError(
                    f"{archive} is damaged or not WorldClim's ({str(error).split(';')[0]}); it has "
                    "been removed, run again to download it afresh"
                ) from None
            archive.unlink()


def obtain_layers(destination: Path, urls: Sequence[str], root: str | None) -> None:
    """`obtain`, from the folder worldclim/ of `data_root` if there is one."""
    folder = data_root(root)
    obtain(destination, urls, folder and folder / "worldclim")


def verify(folder: Path) -> None:
    """Compare every pixel with the project's table of facts, ``worldclim_pixels.csv``.

    It holds, a layer, the number of valid cells and the SHA-256 of their values (float32, little
    endian, row-major) and of the mask of valid cells (uint8, row-major), so that it holds too
    for files that have been compressed again.

    Raises:
        DataError: the first layer that differs.
    """
    table = resources.files("betascan.data").joinpath("worldclim_pixels.csv").read_text()
    with rasters.opened(folder) as sources:
        for source, fact in zip(sources, csv.DictReader(table.splitlines()), strict=True):
            if source.shape != SHAPE:
                raise DataError(
                    f"{source.name}: {source.shape} pixels, the 10-minute layers have {SHAPE}; "
                    "replace the file and run again"
                )
            values_hash, mask_hash, cells = hashlib.sha256(), hashlib.sha256(), 0
            for window in rasters.windows([source]):
                values, valid = rasters.read(source, window)
                values_hash.update(values[valid].astype("<f4").tobytes())
                mask_hash.update(valid.astype(np.uint8).tobytes())
                cells += int(valid.sum())
            if (values_hash.hexdigest(), mask_hash.hexdigest()) != (
                fact["sha256_valid_float32_le_rowmajor"],
                fact["sha256_mask_uint8_rowmajor"],
            ):
                raise DataError(
                    f"{source.name}: pixels differ from WorldClim 2.1 ({cells} valid cells, "
                    f"{fact['valid_cells']} expected); replace the file and run again"
                )


def iter_strips(folder: Path) -> Iterator[Climate]:
    """Yield the cells strip by strip from the north; the rasters of a strip take some 32 MB.

    Raises:
        DataError: a layer is missing, unreadable, or not on the grid of the others.
    """
    with rasters.opened(folder) as sources:
        yield from _strips(sources)


def read_layers(folder: Path) -> Climate:
    """Return all cells of the 19 GeoTIFFs ``wc2.1_<resolution>_bio_<k>.tif`` in ``folder``.

    Raises:
        DataError: as `iter_strips`.
    """
    strips = [vars(strip) for strip in iter_strips(folder)]
    return Climate(**{name: np.concatenate([s[name] for s in strips]) for name in strips[0]})


def write_table(folder: Path, path: Path) -> None:
    """Stream the layers of ``folder`` into one HDF5 file, with a data set a field of `Climate`.

    Attributes: ``source``, ``layers``, ``shape`` of the rasters, ``resolution`` in degrees,
    ``fingerprint`` (SHA-256 over values and cells). The file appears complete or not at all.

    Raises:
        DataError: as `iter_strips`, or the disk is full.
    """
    values_hash, cells_hash = hashlib.sha256(), hashlib.sha256()
    with (
        rasters.opened(folder) as sources,
        staged(path) as temporary,
        h5py.File(temporary, "w") as file,
    ):
        for strip in _strips(sources):
            for name, column in vars(strip).items():
                _append(file, name, column)
            values_hash.update(strip.values.astype("<f4").tobytes())
            cells_hash.update(np.stack([strip.rows, strip.cols], axis=1).astype("<i4").tobytes())
        first = sources[0]
        file.attrs["source"] = first.tags().get("SOURCE", "WorldClim 2.1")
        file.attrs["layers"] = LAYERS
        file.attrs["shape"] = first.shape
        file.attrs["resolution"] = first.res[0]
        file.attrs["fingerprint"] = hashlib.sha256(
            values_hash.digest() + cells_hash.digest()
        ).hexdigest()


def read_table(path: Path) -> Climate:
    """Return what `write_table` wrote.

    Raises:
        DataError: the file is missing, damaged, or something else.
    """
    try:
        with h5py.File(path) as file:
            return Climate(**{field.name: file[field.name][()] for field in fields(Climate)})
    except (OSError, KeyError) as error:
        raise DataError(f"{path}: no table of cells ({error}); delete it and run again") from None


def read_facts(path: Path) -> dict[str, Any]:
    """Return where the cells of `write_table` come from: source, fingerprint, resolution."""
    with h5py.File(path) as file:
        facts = {name: file.attrs[name] for name in ("source", "fingerprint", "resolution")}
    return {**facts, "resolution": round(float(facts["resolution"]), 6)}


def _append(file: Any, name: str, column: NDArray[Any]) -> None:
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


def _strips(sources: Sequence[Any]) -> Iterator[Climate]:
    to_degrees = sources[0].transform
    for window in rasters.windows(sources):
        layers, valid = [], np.ones((window.height, window.width), dtype=bool)
        for source in sources:
            values, valid_here = rasters.read(source, window)
            layers.append(values)
            valid &= valid_here
        rows, cols = np.nonzero(valid)
        rows += window.row_off
        yield Climate(
            values=np.stack([layer[valid] for layer in layers], axis=1),
            rows=rows.astype(np.int32),
            cols=cols.astype(np.int32),
            lat=to_degrees.f + (rows + 0.5) * to_degrees.e,
            lon=to_degrees.c + (cols + 0.5) * to_degrees.a,
        )


def _unpack(archive: Path, folder: Path) -> None:
    # By base name, so that no member can be written elsewhere.
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            name = PurePosixPath(member.filename).name
            if rasters.FILE.fullmatch(name):
                with members.open(member) as packed, (folder / name).open("wb") as target:
                    shutil.copyfileobj(packed, target)
