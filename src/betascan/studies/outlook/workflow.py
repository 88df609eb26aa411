"""outlook: nonlinear VAEs on climate, coarser grids and fewer data: tables and figures."""

from betascan.studies.base import Figure, Study, Table
from betascan.studies.context import Context
from betascan.studies.outlook.config import Outlook


def study(context: Context[Outlook]) -> Study:
    """Return the rows of the study."""
    config, nonlinear = context.config, context.config.nonlinear
    scale, data = context.scale(datasets=["climate"]), context.described("climate")
    table = f"{context.paths.data}/climate.h5"
    split = config.split.model_dump()
    scans = {seed: context.intermediate(f"nonlinear-{seed}.npz") for seed in nonlinear.seeds}
    records = {seed: context.intermediate(f"nonlinear-{seed}.json") for seed in nonlinear.seeds}
    measured = {
        "observables": context.result("nonlinear_observables.csv.gz"),
        "modes": context.result("nonlinear_modes.csv"),
        "points": context.result("nonlinear_points.csv"),
    }
    scaling, scaled = context.result("scaling.csv"), context.intermediate("scaling.json")
    modes, points = measured["modes"], measured["points"]
    statements = context.result("statements.csv")
    shown = f"{context.footer(scale, data)} · test split"
    seeds = f"{len(nonlinear.seeds)} seeds" if len(nonlinear.seeds) > 1 else "1 seed"
    return Study(
        key=context.key,
        tables=[
            *(
                Table(
                    name=f"train_{seed}",
                    function="train.train",
                    needs={"table": table},
                    makes={"trained": scans[seed], "record": records[seed]},
                    params={
                        **nonlinear.protocol(),
                        "split": split,
                        "seed": seed,
                        "temperatures": nonlinear.temperatures.grid(),
                    },
                    environment="train",
                    threads=nonlinear.threads,
                    mem_mb=3000,
                    runtime=480,
                )
                for seed in nonlinear.seeds
            ),
            Table(
                name="nonlinear",
                function="measure.measure",
                needs={"table": table, "scans": list(scans.values())},
                makes=measured,
                params={
                    "split": split,
                    "samples": nonlinear.samples,
                    "floor": config.fit_floor,
                },
                environment="train",
                mem_mb=3000,
                runtime=60,
                reported=("modes", "points"),
                caption="Of each scan of nonlinear VAEs: by rank, the fitted collapse threshold, "
                "how far the signal fraction departs from the mean-field law, and the utility, "
                "beside PCA; by T, active latents, distortion and rate beside the linear law.",
            ),
            Table(
                name="scaling_scans",
                function="scaling.scans",
                needs={"table": table},
                makes={"scaling": scaling, "record": scaled},
                params={
                    **config.scaling.protocol(),
                    "split": split,
                    "conditions": config.scaling.conditions(),
                    "temperatures": config.scaling.temperatures.grid(),
                    "floor": config.fit_floor,
                },
                environment="train",
                threads=16,
                mem_mb=3000,
                runtime=120,
                caption="Of linear VAEs on coarser grids and on fewer blocks: by rank, PCA ratio, "
                "threshold and utility, and which principal axis of all the data it is most like.",
            ),
            Table(
                name="statements",
                function="statements.statements",
                needs={"modes": modes, "points": points, "scaling": scaling},
                makes={"statements": statements},
                params={"scale": scale, "standins": context.standins(["climate"])},
                caption="What the outlook announces, and what came out.",
            ),
            Table(
                name="provenance",
                function="tables.provenance",
                needs={
                    "table": table,
                    "records": [*records.values(), scaled],
                },
                makes={"provenance": context.result("provenance.json")},
                params={"scale": scale, "config": config.model_dump()},
                environment="train",  # whose versions it records
            ),
        ],
        figures=[
            Figure(
                name="signal",
                function="figures.signal",
                needs={"observables": measured["observables"], "modes": modes},
                footer=f"{shown} · seed {nonlinear.seeds[0]}",
                caption="Signal fractions of a nonlinear VAE over T, and over T in units of each "
                "latent's threshold, where the mean-field law is one line for all of them.",
            ),
            Figure(
                name="spectrum",
                function="figures.spectrum",
                needs={"modes": modes},
                footer=f"{shown} · {seeds}",
                caption="Utilities of the latents of a nonlinear VAE against their collapse "
                "thresholds, beside PCA, for which they are one (hirn2026, Eq. 49); and the "
                "thresholds by rank, one marker a seed.",
            ),
            Figure(
                name="concentration",
                function="figures.concentration",
                needs={"points": points},
                footer=f"{shown} · {seeds}",
                caption="Distortion of nonlinear VAEs against the number of their active latents, "
                "and that number over T, beside the exact law of linear VAEs. hirn2026 expects "
                "nonlinear decoders to need fewer latents at the same distortion. Hollow points "
                "had not come to rest when their updates ran out.",
            ),
            Figure(
                name="scaling",
                function="figures.scaling",
                needs={"scaling": scaling},
                footer=f"{context.footer(scale, data)} · linear VAEs, training split",
                caption="Collapse thresholds by rank as the grid is coarsened and as training has "
                "fewer blocks, and below how much each latent's principal axis is like one of all "
                "the data; 1 is the same axis.",
            ),
        ],
    )
