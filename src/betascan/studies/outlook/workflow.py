"""outlook: nonlinear VAEs on climate and dSprites, coarser grids and less data."""

from betascan.studies.base import Figure, Measurement, Study, Table, Training
from betascan.studies.context import Context
from betascan.studies.image_rows import annealed, plateaus, provenance
from betascan.studies.outlook.config import Outlook

CLIMATE = ("split", "fit_floor", "nonlinear", "scaling")
"""Parts of the configuration that the scans of climate depend on."""
PARTS = ("climate", "dsprites")
"""Parts of the study; each has statements of its own."""


def study(context: Context[Outlook]) -> Study:
    """Return the rows of the study."""
    config, nonlinear = context.config, context.config.nonlinear
    climate = [context.scale(part, ["climate"]) for part in CLIMATE]
    scale = next((name for name in climate if name != context.papers_name), context.papers_name)
    data = context.described("climate")
    models = [
        Training(
            data=context.images("dsprites"),
            run=config.dsprites.run(seed, beta),
            keys={"seed": seed, "beta": beta},
        )
        for seed in config.dsprites.seeds
        for beta in config.dsprites.betas
    ]
    twins = annealed(models, "beta", config.dsprites.anneal_above)
    sprites_scale = context.scale("dsprites", ["dsprites"])
    small = f", {config.dsprites.model.size} pixels" if config.dsprites.model.size != 64 else ""
    steps = context.steps(config.dsprites.steps, context.papers.dsprites.steps)
    seeds_of_sprites = context.of_papers(
        len(config.dsprites.seeds), len(context.papers.dsprites.seeds)
    )
    sprites_footer = context.footer(
        sprites_scale,
        f"{context.described('dsprites')}{small}, {steps}, {seeds_of_sprites} seeds",
    )
    latents, sprite_modes = (
        context.result("dsprites_latents.csv"),
        context.result("dsprites_modes.csv"),
    )
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
    statements = {part: context.result(f"{part}_statements.csv") for part in PARTS}
    shown = f"{context.footer(scale, data)} · test split"
    seeds = f"{len(nonlinear.seeds)} seeds" if len(nonlinear.seeds) > 1 else "1 seed"
    return Study(
        key=context.key,
        trainings=[*models, *twins],
        points_per_job=config.dsprites.points_per_job,
        statements=list(statements.values()),
        measurements=[
            Measurement(
                name="latents",
                function="sprites.latents",
                files={"latents": "latents.csv"},
                of=[*models, *twins],
                params={"samples": config.dsprites.samples},
            )
        ],
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
                caption="For each scan of nonlinear VAEs: by rank, the fitted collapse threshold, "
                "how far the signal fraction departs from the mean-field law, and the utility, "
                "with PCA; by T, active latents, distortion and rate, with the linear law.",
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
                caption="For linear VAEs on coarser grids and on fewer blocks: by rank, PCA ratio, "
                "threshold and utility, and the most similar principal axis of all the data.",
            ),
            plateaus(context, models, twins, "beta"),
            Table(
                name="dsprites_spectrum",
                function="sprites.spectrum",
                needs={
                    "parts": context.measured("latents.csv", [*models, *twins]),
                    "plateaus": context.result("plateaus.csv"),
                },
                makes={"latents": latents, "modes": sprite_modes},
                params={"floor": config.fit_floor},
                environment="train",
                reported=("latents", "modes"),
                caption="Each latent of VAEs on dSprites against T: signal fraction, rate, "
                "distortion from the latents up to its rank, and its information about each factor "
                "as a share of the factor's entropy; and each rank's threshold and utility. "
                "Plateau: a model that carries no information although an informative one has a "
                "lower loss; it is left out of thresholds, and the model annealed from a lower "
                "beta replaces it, if that carries information.",
            ),
            Table(
                name="climate_statements",
                function="statements.climate",
                needs={"modes": modes, "points": points, "scaling": scaling},
                makes={"statements": statements["climate"]},
                params={"scale": scale, "standins": context.standins(["climate"])},
                caption="What hirn2026 announces, and what came out on climate.",
            ),
            Table(
                name="dsprites_statements",
                function="statements.dsprites",
                needs={"latents": latents, "sprite_modes": sprite_modes},
                makes={"statements": statements["dsprites"]},
                params={"scale": sprites_scale},
                caption="What hirn2026 announces, and what came out on dSprites.",
            ),
            Table(
                name="provenance",
                function="betascan.studies.climate.provenance",
                needs={
                    "table": table,
                    "records": [*records.values(), scaled],
                },
                makes={"provenance": context.result("provenance.json")},
                params={"scale": scale, "config": config.model_dump()},
                environment="train",  # whose versions it records
            ),
            provenance(
                context,
                [*models, *twins],
                scale=sprites_scale,
                config=config.dsprites,
                path=context.result("dsprites_provenance.json"),
                name="dsprites_provenance",
            ),
        ],
        figures=[
            Figure(
                name="signal",
                function="figures.signal",
                needs={"observables": measured["observables"], "modes": modes},
                footer=f"{shown} · seed {nonlinear.seeds[0]}",
                caption="Signal fractions of a nonlinear VAE against T, and against T in units of "
                "each latent's threshold, where the mean-field law is one line for all of them.",
            ),
            Figure(
                name="spectrum",
                function="figures.spectrum",
                needs={"modes": modes},
                footer=f"{shown} · {seeds}",
                caption="Utilities of the latents of a nonlinear VAE against their collapse "
                "thresholds, with PCA, for which the two coincide (hirn2026, Eq. 49); and the "
                "thresholds by rank, one marker per seed. Open markers: the latent is inactive at "
                "points of the scan below its fitted threshold, and the law does not hold.",
            ),
            Figure(
                name="concentration",
                function="figures.concentration",
                needs={"points": points},
                footer=f"{shown} · {seeds}",
                caption="Distortion of nonlinear VAEs against the number of their active latents, "
                "and that number against T, with the exact law of linear VAEs. hirn2026 expects "
                "nonlinear decoders to need fewer latents at the same distortion. Hollow points "
                "reached the update limit.",
            ),
            Figure(
                name="scaling",
                function="figures.scaling",
                needs={"scaling": scaling},
                footer=f"{context.footer(scale, data)} · linear VAEs, training split",
                caption="Collapse thresholds by rank as the grid is coarsened and as training has "
                "fewer blocks; below, how similar each latent's principal axis is to one of all "
                "the data (1: the same axis).",
            ),
            Figure(
                name="dsprites",
                function="sprite_figures.dsprites",
                needs={"latents": latents, "modes": sprite_modes},
                params={"fit_floor": config.fit_floor},
                footer=sprites_footer,
                caption="VAEs on dSprites: signal fractions of the latents against T by rank, with "
                "the fitted mean-field law; utilities measured by pruning against thresholds, one "
                "marker per seed; and MIG against T, a mean over seeds with its standard error. "
                "Dashed: the highest MIG of models without active latents. Crosses, left out of "
                "fits and means: models on a plateau, which carry no information although an "
                "informative one has a lower loss. Models annealed from a lower beta replace them, "
                "if they carry information.",
            ),
            Figure(
                name="dsprites_factors",
                function="sprite_figures.factors",
                needs={"latents": latents},
                params={"fit_floor": config.fit_floor},
                footer=f"{sprites_footer} · seed {config.dsprites.seeds[0]}",
                caption="The factor that each latent carries most information about, by rank and "
                "T, as the latents collapse one after the other. The area of a marker is this "
                "information as a share of the factor's entropy; grey dots are collapsed latents. "
                "Models on a plateau are left out.",
            ),
        ],
    )
