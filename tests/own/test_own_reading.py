"""Tables of one's own: the same numbers from every kind of file, and one line for what is wrong."""

import sys

import h5py
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import from_origin

from betascan.core.errors import DataError
from betascan.own import read, reading

VALUES = np.random.default_rng(0).normal(size=(12, 3)).round(3)
SITES = np.repeat(["a", "b", "c", "d"], 3)


@pytest.fixture
def frame():
    return pd.DataFrame(VALUES, columns=["x", "y", "z"]).assign(site=SITES)


@pytest.fixture
def csv(tmp_path, frame):
    path = tmp_path / "my.csv"
    frame.to_csv(path, index=False)
    return path


def rasters(folder, layers, *, shift=0.0, nodata=-9999):
    """Write bands of one grid, each as a file."""
    folder.mkdir(exist_ok=True)
    for name, values in layers.items():
        with rasterio.open(
            folder / f"{name}.tif", "w", driver="GTiff", height=values.shape[0], crs="EPSG:3035",
            width=values.shape[1], count=1, dtype="float32", nodata=nodata,
            transform=from_origin(shift, 100, 1, 1),
        ) as file:  # fmt: skip
            file.write(values.astype(np.float32), 1)
    return folder


def test_the_same_numbers_from_csv_npz_and_hdf5(csv, tmp_path):
    np.savez(tmp_path / "my.npz", data=VALUES, site=SITES)
    with h5py.File(tmp_path / "my.h5", "w") as file:
        file["inner/data"], file["site"] = VALUES, np.repeat([3, 1, 2, 0], 3)
    for path in (csv, tmp_path / "my.npz", tmp_path / "my.h5"):
        table = read(path, groups="site")
        np.testing.assert_array_equal(table.values, VALUES)
        together = table.groups[:, None] == table.groups
        np.testing.assert_array_equal(together, SITES[:, None] == SITES)


def test_columns_and_rows_are_left_out(csv, frame):
    table = read(csv, drop_columns=["y", "site"], drop_rows="x < 0")
    kept = frame[frame["x"] >= 0]
    np.testing.assert_array_equal(table.values, kept[["x", "z"]])
    assert (table.columns, table.left_out) == (("x", "z"), len(frame) - len(kept))
    assert read(csv, columns=["z", "x"]).columns == ("z", "x")


def test_a_table_that_comes_with_scikit_learn():
    table = read("scikit-learn:wine", columns=["alcohol", "ash"])
    assert table.values.shape == (178, 2)
    assert table.values[0].tolist() == [14.23, 2.43]  # the first wine of the UCI table


def test_cells_of_rasters_are_rows_and_blocks_are_kept(tmp_path):
    bands = {name: np.arange(24.0).reshape(4, 6) ** k for k, name in enumerate("abc", start=1)}
    bands["b"][1, 2] = -9999  # without data
    bands["c"][3, 5] = np.nan
    table = read(rasters(tmp_path / "tiles", bands), block=2)
    kept = np.ones((4, 6), bool)
    kept[1, 2] = kept[3, 5] = False
    np.testing.assert_array_equal(table.values, np.stack([b[kept] for b in bands.values()], 1))
    rows, cols = np.nonzero(kept)
    same = (rows[:, None] // 2 == rows // 2) & (cols[:, None] // 2 == cols // 2)
    np.testing.assert_array_equal(table.groups[:, None] == table.groups, same)
    assert read(tmp_path / "tiles", groups="a").columns == ("b", "c")


def test_rasters_with_fewer_than_three_blocks_are_refused(tmp_path):
    tiles = rasters(tmp_path / "tiles", {"a": np.arange(24.0).reshape(4, 6)})
    with pytest.raises(DataError, match=r"tiles has 2 blocks, .* give a smaller `block`"):
        read(tiles, block=4)


def test_parquet_without_pyarrow_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "my.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(DataError, match="pip install pyarrow, or save the table as CSV"):
        read(tmp_path / "my.parquet")


def test_parquet(tmp_path, frame):
    pytest.importorskip("pyarrow")
    frame.to_parquet(tmp_path / "my.parquet")
    np.testing.assert_array_equal(read(tmp_path / "my.parquet", groups="site").values, VALUES)


def test_rows_are_left_out_by_number_and_not_by_name(monkeypatch, csv, frame):
    """Parquet keeps an index, in which names may repeat."""
    repeated = frame.set_index(np.zeros(len(frame), int))
    monkeypatch.setitem(reading.READERS, ".csv", lambda path, array, groups: repeated)
    kept = read(csv, drop_columns=["site"], drop_rows="x < 0").values
    np.testing.assert_array_equal(kept, frame.loc[frame["x"] >= 0, ["x", "y", "z"]])


def changed(frame, column, row, value):
    frame = frame.astype({column: object})
    frame.loc[row, column] = value
    return frame


@pytest.mark.parametrize(
    ("edit", "options", "words"),
    [
        (lambda f: f, {}, "column site has 'a' in row 1, which is no number"),
        (lambda f: changed(f, "y", 4, "n/k"), {}, "column y has 'n/k' in row 5"),
        (
            lambda f: changed(f, "y", 4, np.nan),
            {"drop_columns": ["site"]},
            "column y has no finite number in row 5: leave out these rows or the column",
        ),
        (
            lambda f: f.assign(x=np.where(f.index < 3, np.inf, f["x"])),
            {"groups": "site"},
            "column x has no finite number in row 1 and 2 more rows",
        ),
        (lambda f: f.assign(z=7), {"groups": "site"}, "column z is constant: leave it out"),
        (lambda f: f.head(2), {"groups": "site"}, "column site has 1 group, and training"),
        (lambda f: f.assign(site=1), {"groups": "site"}, "column site has 1 group, and training"),
        (lambda f: f, {"groups": "side"}, "has no column side: it has x, y, z, site"),
        (
            lambda f: f.drop(columns="site").T.reset_index(drop=True),
            {},
            "3 rows and 12 columns are left",
        ),
        (lambda f: f, {"drop_rows": "x <"}, "rows cannot be chosen by 'x <'"),
        (lambda f: f, {"drop_rows": "x < 99", "drop_columns": ["site"]}, "0 rows and 3 columns"),
    ],
)  # fmt: skip
def test_a_bad_table_is_one_line(tmp_path, frame, edit, options, words):
    path = tmp_path / "bad.csv"
    edit(frame).to_csv(path, index=False)
    with pytest.raises(DataError) as error:
        read(path, **options)
    assert words in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_more_columns_than_memory_takes(csv, monkeypatch):
    monkeypatch.setattr(reading, "_memory", lambda: 100)
    with pytest.raises(DataError, match=r"12 rows and 3 columns need .* take fewer columns"):
        read(csv, groups="site")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nothing.csv", None, "does not exist"),
        ("empty.csv", b"", "is damaged"),
        ("no.npz", b"PK no archive", "is damaged"),
        ("no.h5", b"no HDF5", "is damaged"),
        ("my.xlsx", b"", ".xlsx is none of .csv, .parquet"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_of_several_arrays_one_is_named(tmp_path):
    np.savez(tmp_path / "two.npz", a=VALUES, b=2 * VALUES)
    with pytest.raises(DataError, match=r"has 2 arrays of shape .* name one of its arrays, a, b"):
        read(tmp_path / "two.npz")
    np.testing.assert_array_equal(read(tmp_path / "two.npz", array="b").values, 2 * VALUES)


def test_rasters_of_different_grids_are_refused(tmp_path):
    folder = rasters(tmp_path / "tiles", {"a": np.arange(24.0).reshape(4, 6)})
    rasters(folder, {"b": np.arange(24.0).reshape(4, 6)}, shift=0.5)
    with pytest.raises(DataError, match=r"b.tif: transform .* and a.tif has .* to one grid"):
        read(folder)
    rasters(folder, {"b": np.arange(20.0).reshape(4, 5)})
    with pytest.raises(DataError, match=r"b.tif: pixels \(4, 5\) and a.tif has \(4, 6\)"):
        read(folder)
    (folder / "b.tif").write_bytes(b"no TIFF")
    with pytest.raises(DataError, match=r"b.tif: not a readable GeoTIFF"):
        read(folder)


def test_a_folder_without_rasters_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"has no .tif"):
        read(tmp_path)
