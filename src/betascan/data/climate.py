"""A made-up planet with the layers of WorldClim: a stand-in that needs no download.

Continents, heights and twelve months of weather are smooth random fields on the sphere, shaped by
latitude, season and distance from the sea. The 19 layers are computed from the months by their
definitions, so they depend on each other as the genuine ones do (rank 18, a spectrum over six
decades), but no place on the planet means anything.
"""

from pathlib import Path

import numpy as np
import rasterio
from jaxtyping import Bool, Float, Float64

from betascan.core.files import staged
from betascan.core.randomness import stream
from betascan.data.proj import use_bundled_proj

Places = Float64[np.ndarray, "*places"]
Months = Float[np.ndarray, "12 *places"]
Variables = Float[np.ndarray, "19 *places"]

SOURCE = "stand-in: a made-up planet, not WorldClim"
"""Tag of the GeoTIFFs, which `betascan.data.worldclim.write_table` copies."""

_NODATA = -3.4e38
_LAND = 0.31
_WAVES = 48


def bioclim(tmin: Months, tmax: Months, precipitation: Months) -> Variables:
    """Compute the 19 bioclimatic variables from monthly values.

    A quarter is three consecutive months, December being followed by January; among equal quarters
    the first counts. Standard deviations are those of a sample (n - 1), and bio15 adds 1 mm to the
    mean, which is how the genuine layers were made: their cells with 1 mm a year all have
    bio15 = 26.646936.

    Parameters
    ----------
    tmin, tmax : ndarray of float, shape (12, ...)
        Minimum and maximum temperature of each month, in degrees Celsius.
    precipitation : ndarray of float, shape (12, ...)
        Precipitation of each month, in millimetres.

    Returns
    -------
    ndarray of float, shape (19, ...)
        bio1 to bio19, in the units of WorldClim.

    References
    ----------
    Nix 1986 and the ANUCLIM manual, as in Fick and Hijmans 2017, doi:10.1002/joc.5086.
    """
    mean = (tmin + tmax) / 2
    warmth, rain = _quarters(mean) / 3, _quarters(precipitation)
    wettest, driest = rain.argmax(axis=0), rain.argmin(axis=0)
    warmest, coldest = warmth.argmax(axis=0), warmth.argmin(axis=0)
    diurnal = (tmax - tmin).mean(axis=0)
    highest, lowest = tmax.max(axis=0), tmin.min(axis=0)
    annual = highest - lowest
    return np.stack(
        [
            mean.mean(axis=0),
            diurnal,
            100 * diurnal / annual,
            100 * mean.std(axis=0, ddof=1),
            highest,
            lowest,
            annual,
            _at_quarter(warmth, wettest),
            _at_quarter(warmth, driest),
            _at_quarter(warmth, warmest),
            _at_quarter(warmth, coldest),
            precipitation.sum(axis=0),
            precipitation.max(axis=0),
            precipitation.min(axis=0),
            100 * precipitation.std(axis=0, ddof=1) / (1 + precipitation.mean(axis=0)),
            _at_quarter(rain, wettest),
            _at_quarter(rain, driest),
            _at_quarter(rain, warmest),
            _at_quarter(rain, coldest),
        ]
    )


def write_standin(folder: str | Path, rows: int = 180, cols: int = 360, seed: int = 0) -> None:
    """Write the 19 layers of a planet in WorldClim's layout.

    They cover the whole globe in cells of EPSG:4326, float32, without data over the sea.

    Parameters
    ----------
    folder : str or Path
        Where ``wc2.1_standin_bio_<k>.tif`` are written. It appears complete or not at all, and the
        same arguments give the same bytes.
    rows, cols : int
        The grid, which samples the planet but does not change it.
    seed : int
        Seed of the planet.

    Raises
    ------
    DataError
        The disk is full.
    BetascanError
        As `betascan.data.proj.use_bundled_proj`.
    """
    use_bundled_proj()
    lat, lon = np.meshgrid(
        90 - (np.arange(rows) + 0.5) * 180 / rows,
        -180 + (np.arange(cols) + 0.5) * 360 / cols,
        indexing="ij",
    )
    land, relief = _continents(lat, lon, seed)
    layers = bioclim(*_months(lat[land], lon[land], relief[land], seed)).astype(np.float32)
    # The difference of the rounded layers, as in the genuine ones, not the rounded difference.
    layers[6] = layers[4] - layers[5]
    with staged(folder) as temporary:
        temporary.mkdir()
        for k, layer in enumerate(layers, start=1):
            raster = np.full((rows, cols), _NODATA, dtype=np.float32)
            raster[land] = layer
            with rasterio.open(
                temporary / f"wc2.1_standin_bio_{k}.tif",
                "w",
                driver="GTiff",
                width=cols,
                height=rows,
                count=1,
                dtype="float32",
                crs="EPSG:4326",
                transform=rasterio.Affine(360 / cols, 0, -180, 0, -180 / rows, 90),
                nodata=_NODATA,
                compress="lzw",
            ) as target:
                target.update_tags(SOURCE=SOURCE)
                target.write(raster, 1)


def _quarters(months: Months) -> Months:
    """Sum each month with the two that follow it."""
    return months + np.roll(months, -1, axis=0) + np.roll(months, -2, axis=0)


def _at_quarter(values: Months, quarter: np.ndarray) -> np.ndarray:
    return np.asarray(np.take_along_axis(values, quarter[None], axis=0)[0])


def _continents(lat: Places, lon: Places, seed: int) -> tuple[Bool[np.ndarray, "*places"], Places]:
    """Return the mask of land and, on it, a relief that rises from 0 at the coast."""
    relief = np.zeros_like(lat)
    for wavelength, weight in ((90, 1.0), (40, 0.5), (18, 0.25), (8, 0.12)):
        relief += weight * _field(lat, lon, wavelength, seed, f"relief/{wavelength}")
    area = np.cos(np.radians(lat)).ravel()
    order = np.argsort(relief, axis=None)
    sea = np.searchsorted(np.cumsum(area[order]), (1 - _LAND) * area.sum())
    relief -= relief.ravel()[order[sea]]
    return relief > 0, relief


def _months(lat: Places, lon: Places, relief: Places, seed: int) -> tuple[Months, Months, Months]:
    """Return the monthly minimum and maximum temperature and precipitation.

    The constants were tuned until the ranges of the 19 layers and the spectrum of planet 0 came
    close to the genuine ones.
    """

    def field(wavelength: float, purpose: str) -> Places:
        return _field(lat, lon, wavelength, seed, purpose)

    def monthly(wavelength: float, purpose: str) -> Months:
        return np.stack([field(wavelength, f"{purpose}/{month}") for month in range(12)])

    year = 2 * np.pi * (np.arange(12)[:, None] + 0.5) / 12
    sun = 23.4 * np.sin(year - 2 * np.pi * 2.7 / 12)  # latitude of the overhead sun, degrees
    inland = 1 - np.exp(-1.5 * relief)
    height = 4 * np.tanh(
        0.4 * inland**2 * np.exp(0.6 * field(12, "height")) * (1 + relief) / 2
    )  # km
    polar = np.sin(np.radians(lat))

    # Precipitation: the rains that follow the sun, the storms of middle latitudes, and the sea.
    tropics = 150 * np.exp(-(((lat - 0.7 * sun - 3 * field(60, "rains")) / 13) ** 2))
    storms = (70 - 1.4 * sun * np.sign(lat)) * np.exp(-(((np.abs(lat) - 50) / 16) ** 2))
    phase = year + 2 * field(50, "monsoon/phase")
    monsoon = np.exp(0.8 * np.tanh(field(45, "monsoon")) * np.cos(phase))
    moisture = (
        1.3 * np.tanh(0.5 * field(30, "moisture") + 0.25 * field(9, "moisture/local")) - inland
    )
    local = np.exp(0.25 * monthly(25, "rain") + 0.12 * monthly(8, "rain/local"))
    # Whole millimetres, as in the genuine layers.
    precipitation = np.round((tropics + storms + 6) * monsoon * np.exp(moisture) * local)

    # Temperature: the sun's height, delayed and softened by the sea, less 6.5 K per kilometre.
    swing = (3 + 26 * inland * np.exp(0.25 * field(40, "swing"))) * polar
    lag = 2 * np.pi * (3.9 - 0.7 * inland + 0.1 * field(50, "lag")) / 12
    mean = (
        29
        - 46 * polar**2
        - 6.5 * height
        + 3 * field(50, "currents")
        + swing * np.sin(year - lag)
        + 1.2 * field(35, "second") * np.cos(2 * year + field(60, "second/phase"))
        + 0.5 * monthly(30, "weather")
        + 0.15 * monthly(9, "weather/local")
    )
    dry = np.exp(-precipitation / 60)
    diurnal = (
        (6 + 5 * inland + 5 * dry + 1.5 * field(25, "diurnal"))
        * (1 - 0.35 * polar**2)
        * np.exp(0.05 * monthly(20, "diurnal"))
    )
    half = np.maximum(diurnal, 1) / 2
    return mean - half, mean + half, precipitation


def _field(lat: Places, lon: Places, wavelength: float, seed: int, purpose: str) -> Places:
    """Return a smooth Gaussian field of unit variance with features ``wavelength`` degrees apart.

    A sum of plane waves in space, evaluated on the sphere: it has no seam, no poles, and the same
    value at a place on every grid.
    """
    random = stream(seed, f"data/climate/{purpose}")
    waves = random.standard_normal((_WAVES, 3))
    waves *= np.exp(0.3 * random.standard_normal((_WAVES, 1))) / np.linalg.norm(
        waves, axis=1, keepdims=True
    )
    phases = random.uniform(0, 2 * np.pi, _WAVES)
    phi, lam = np.radians(lat), np.radians(lon)
    x, y, z = np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)
    total = np.zeros_like(lat)
    for (a, b, c), phase in zip(waves * 360 / wavelength, phases, strict=True):
        total += np.cos(a * x + b * y + c * z + phase)
    total *= np.sqrt(2 / _WAVES)
    return total
