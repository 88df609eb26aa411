"""own: the tables and the figure of a table of the user's own."""

from pathlib import Path

from betascan.config.data import BUNDLED
from betascan.core.errors import ConfigError
from betascan.studies.base import Figure, Study, Table
from betascan.studies.context import Context
from betascan.studies.own.config import Own

READING = {"columns", "drop_columns", "drop_rows", "groups", "array", "block"}
SCANNING = {"standardise", "nonlinear", "latents", "updates", "seed"}


def study(context: Context[Own]) -> Study:
    """Return the rows of the study."""
    config = context.config
    spectrum, choose = context.result("spectrum.csv"), context.result("choose.csv")
    target = {"T": config.T} if config.distortion is None else {"distortion": config.distortion}
    there = Path(config.file).exists()
    if not there and not config.file.startswith(BUNDLED):
        raise ConfigError(
            f"own.file: {config.file} does not exist: give the path of a table, or of a folder of "
            "GeoTIFFs"
        )
    named = {"file": config.file}
    return Study(
        key=context.key,
        tables=[
            Table(
                name="analysis",
                function="jobs.analysis",
                needs=named if there else {},
                makes={
                    "spectrum": spectrum,
                    "choose": choose,
                    "provenance": context.result("provenance.json"),
                },
                params={
                    **({} if there else named),
                    "reading": config.model_dump(include=READING),
                    "scanning": {
                        **config.model_dump(include=SCANNING),
                        **target,
                        "temperatures": config.temperatures.grid(),
                    },
                },
                caption="Which beta keeps which latents: by T, beta in each convention of the "
                "reconstruction loss, active latents, distortion and rate; by rank, PCA ratio, "
                "collapse threshold and utility.",
                reported=("choose", "spectrum"),
                environment="train",
                threads=16,
                mem_mb=4000,
                runtime=240,
            )
        ],
        figures=[
            Figure(
                name="choose",
                function="figures.choose",
                needs={"spectrum": spectrum, "choose": choose},
                footer=f"betascan own · data: {Path(config.file).name}",
                caption="The collapse spectrum of the table beside its PCA ratios, the "
                "rate-distortion curve of the test rows, and active latents over T. The dashed "
                "line is the T that was asked for.",
            )
        ],
    )
