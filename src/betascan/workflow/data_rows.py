"""The data sets as rows: files made or downloaded, and a panel of samples of each image set."""

from collections.abc import Iterator

from betascan.config.data import Data
from betascan.core.paths import Paths
from betascan.data.catalog import IMAGE_SETS
from betascan.studies.base import Figure, Study, Table


def data(config: Data, scale: str, paths: Paths) -> Study:
    """Return the rows of all data sets, whether the configuration uses them or not.

    Parameters
    ----------
    config : Data
        The configuration's section.
    scale : str
        Name of the scale, for footers.
    paths : Paths
        The folders of the run.
    """
    return Study(
        key="data",
        tables=[*_climate(config, paths), *_images(config, paths)],
        figures=[
            Figure(
                name=f"{name}_{source}",
                function="betascan.plots.image_grid.panel",
                needs={"images": f"{paths.data}/{name}_{source}.h5"},
                params={"name": name},
                footer=f"betascan data · scale: {scale} · data: {description}",
                caption="Images of the data set, and one factor changed at a time.",
            )
            for name, image_set in IMAGE_SETS.items()
            for source, description in image_set.sources.items()
        ],
    )


def _climate(config: Data, paths: Paths) -> Iterator[Table]:
    climate = config.climate
    yield Table(
        name="worldclim",
        function="betascan.data.worldclim.obtain_layers",
        needs={},
        makes={"destination": f"{paths.data}/worldclim/"},
        params={"urls": climate.urls, "root": config.root},
        environment="data",
        runtime=60,
        download=True,
    )
    yield Table(
        name="planet",
        function="betascan.data.climate.write_standin",
        needs={},
        makes={"folder": f"{paths.data}/planet/"},
        params=climate.standin.model_dump(),
        environment="data",
    )
    layers = "planet" if climate.source == "standin" else "worldclim"
    yield Table(
        name="climate",
        function="betascan.data.worldclim.write_table",
        needs={"folder": f"{paths.data}/{layers}/"},
        makes={"path": f"{paths.data}/climate.h5"},
        environment="data",
        runtime=30,
    )


def _images(config: Data, paths: Paths) -> Iterator[Table]:
    for name, image_set in IMAGE_SETS.items():
        wanted = getattr(config, name)
        drawn = {"name": name, "images": wanted.images, "seed": wanted.seed}
        for source in image_set.sources:
            download = source == "official"
            way = "write_official" if download else "write_rendered"
            yield Table(
                name=f"{name}_{source}_file",
                function=f"betascan.data.images.{way}",
                needs={},
                makes={"path": f"{paths.data}/{name}_{source}.h5"},
                params={**drawn, "root": config.root} if download else drawn,
                environment="data",
                threads=1 if download else 2,
                mem_mb=1500,
                runtime=600 if download else 120,
                download=download,
            )


def targets(config: Data, paths: Paths) -> dict[str, list[str]]:
    """Return what ``snakemake <name>`` makes for each data set, as configured and as stand-in."""

    def both(name: str, source: str) -> list[str]:
        stem = f"{name}_{source}"
        return [f"{paths.data}/{stem}.h5", f"{paths.figures}/data/{stem}.png"]

    wanted = {name: both(name, getattr(config, name).source) for name in IMAGE_SETS}
    standins = [name for name, row in IMAGE_SETS.items() if "standin" in row.sources]
    for name in standins:
        wanted.setdefault(f"{name.split('_')[0]}_standin", []).extend(both(name, "standin"))
    return wanted
