"""hirn2026: the tables made from scans of linear VAEs on climate, and its figures.

The rules hirn2026_split and hirn2026_scan are in ``workflow/rules/special.smk``.
"""

from betascan.studies.base import Compared, Figure, Study, Table
from betascan.studies.context import Context
from betascan.studies.hirn2026.config import Hirn2026, ScanOf

MEASURED = ("observables", "distortion", "points", "protocol")


def study(context: Context[Hirn2026]) -> Study:
    """Return the rows of the study."""
    config = context.config
    scale, data = context.scale(datasets=["climate"]), context.described("climate")
    table, first = f"{context.paths.data}/climate.h5", config.split.seeds[0]
    scans, replicates = config.scans(), config.replicates()
    shown = replicates[0]
    # one per row of tables and figures: every estimator on the first split with the first seed
    references = [scans[f"{first}/{name}-{shown.seed}"] for name in config.scan.estimators]
    tried = [shown, *(scan for scan in scans.values() if scan.name in config.remedies.scans)]

    def of_split(seed: int, file: str) -> str:
        return context.intermediate(f"{seed}/{file}")

    def of_scan(scan: ScanOf, file: str) -> str:
        return context.intermediate(f"{scan.folder}/{file}")

    def of_jobs(scan: ScanOf, file: str) -> list[str]:
        return [of_scan(scan, file.format(part=part)) for part in range(len(config.jobs(scan)))]

    cells, pca = of_split(first, "cells.npz"), of_split(first, "pca.csv")
    splits, modes = context.result("splits.csv"), context.result("modes.csv")
    numbers, statements = context.result("numbers.csv"), context.result("statements.csv")
    joined, draws = context.result("replicates.csv"), context.result("split_draws.csv.gz")
    convergence, remedies = context.result("convergence.csv"), context.result("remedies.csv")
    measured = {
        "observables": context.result("observables.csv.gz"),
        "distortion": context.result("distortion.csv.gz"),
        "points": context.result("points.csv"),
        "protocol": context.result("protocol.csv"),
    }
    estimator, floor = shown.name, config.fit_floor
    changed = ("lr", "batch_size", "updates", "epsilon", "annealed")
    blocks = config.split.model_dump(exclude={"seeds"})
    footer = context.footer(scale, data)
    test_footer = f"{footer} · {estimator}, test split"
    several = (
        f"{footer} · seeds on one split: {len(config.scan.seeds)}, "
        f"draws of the split: {len(config.split.seeds)}"
    )

    return Study(
        key=context.key,
        tables=[
            Table(
                name="split_sizes",
                function="tables.split_sizes",
                needs={"table": table, "cells": cells},
                makes={"splits": splits},
                params={"side_km": config.split.side_km},
                caption="Sizes of the splits with the published ones, the number of blocks and "
                "the share of the area.",
            ),
            Table(
                name="numbers",
                function="tables.numbers",
                needs={"table": table, "cells": cells},
                makes={"numbers": numbers},
                params={
                    **config.scan.model_dump(include={"batch_size", "updates", "patience"}),
                    "scale": scale,
                },
                caption="Numbers of the protocol, published and ours. Sizes of the splits are by "
                "construction: the share of training and the smallest size of a block were set to "
                "give them.",
            ),
            Table(
                name="split_draws",
                function="draws.split_draws",
                needs={"table": table},
                makes={"draws": draws},
                params={
                    **blocks,
                    "temperatures": config.scan.temperatures.grid(),
                    "floor": floor,
                },
                environment="train",
                mem_mb=2000,
            ),
            *(
                Table(
                    name=f"pca_{seed}",
                    function="measure.principal_components",
                    needs={"cells": of_split(seed, "cells.npz")},
                    makes={"pca": of_split(seed, "pca.csv")},
                    environment="train",
                    mem_mb=2000,
                )
                for seed in config.split.seeds
            ),
            *(
                Table(
                    name=f"measure_{scan.split}_{scan.name}_{scan.seed}",
                    function="measure.measure",
                    needs={
                        "cells": of_split(scan.split, "cells.npz"),
                        "parts": of_jobs(scan, "scan-{part}.npz"),
                    },
                    makes={name: of_scan(scan, f"{name}.csv") for name in MEASURED},
                    params={"name": scan.name, "floor": floor},
                    environment="train",
                    mem_mb=2000,
                    runtime=30,
                )
                for scan in scans.values()
            ),
            *(
                Table(
                    name=name,
                    function="betascan.studies.runs.concatenate",
                    needs={"parts": [of_scan(scan, f"{name}.csv") for scan in references]},
                    makes={"joined": path},
                )
                for name, path in measured.items()
            ),
            Table(
                name="modes",
                function="tables.modes",
                needs={
                    "observables": measured["observables"],
                    "distortion": measured["distortion"],
                    "pca": pca,
                },
                makes={"modes": modes},
                params={"floor": floor},
                caption="Each mode's PCA ratio, fitted collapse threshold with its standard "
                "error, and utility, with the logarithms of their ratios, and the threshold as a "
                "beta. Published: all three coincide; thresholds become inaccurate from rank 17 "
                "on.",
            ),
            Table(
                name="replicates",
                function="replicates.replicates",
                needs={
                    **{
                        name: [of_scan(scan, f"{name}.csv") for scan in replicates]
                        for name in MEASURED
                    },
                    "pca": [of_split(scan.split, "pca.csv") for scan in replicates],
                },
                makes={"replicates": joined},
                params={
                    "runs": [{"draw": scan.split, "seed": scan.seed} for scan in replicates],
                    "floor": floor,
                },
            ),
            Table(
                name="intervals",
                function="replicates.intervals",
                needs={"replicates": joined},
                makes={"intervals": context.result("intervals.csv")},
                caption="Thresholds, utilities, slopes, plateau, onset of noise and everything "
                "else a scan is judged by: means and 95 % intervals over seeds on one split, and "
                "over draws of the split with one seed.",
            ),
            Table(
                name="remedies",
                function="tables.convergence",
                needs={
                    "observables": [of_scan(scan, "observables.csv") for scan in tried],
                    "protocols": [of_scan(scan, "protocol.csv") for scan in tried],
                    "pca": pca,
                },
                makes={"convergence": convergence, "remedies": remedies},
                params={
                    "scans": [
                        {"name": scan.name, **{key: scan.settings[key] for key in changed}}
                        for scan in tried
                    ],
                    "floor": floor,
                },
                reported=("convergence", "remedies"),
                caption="How far the loss of each point is from its optimum's, and the weakest "
                "modes' thresholds, with the paper's protocol and with variants of it "
                "(`remedies` in the configuration).",
            ),
            Table(
                name="statements",
                function="statements.statements",
                needs={
                    "replicates": joined,
                    "draws": draws,
                    "numbers": numbers,
                    "remedies": remedies,
                    "distortion": measured["distortion"],
                },
                makes={"statements": statements},
                params={"scale": scale, "standins": context.standins(["climate"])},
                caption="The document's statements, what came out, and the verdict on each.",
            ),
            Table(
                name="provenance",
                function="betascan.studies.climate.provenance",
                needs={
                    "table": table,
                    "records": [
                        record
                        for scan in scans.values()
                        for record in of_jobs(scan, "record-{part}.json")
                    ],
                },
                makes={"provenance": context.result("provenance.json")},
                params={"scale": scale, "config": config.model_dump()},
                environment="train",  # whose versions it records
            ),
        ],
        figures=[
            Figure(
                name="split_map",
                function="figures.split_map",
                needs={"table": table, "cells": cells, "splits": splits},
                params={"data": data},
                footer=footer,
                caption=f"Spatial blocks of {config.split.side_km:g} km on the equal-area "
                "sinusoidal map. Training blocks are drawn by area without replacement; the "
                "remaining blocks are shuffled and halved. Published sizes: 499,599 training, "
                "153,897 validation and 154,027 test cells; ours are in the legend. The document's "
                "partition itself is not public.",
            ),
            Figure(
                name="fig1",
                function="figures.fig1",
                needs={"observables": measured["observables"], "modes": modes},
                params={"estimator": estimator, "floor": floor},
                footer=test_footer,
                caption="Order parameters against the effective temperature T, one colour per "
                "rank; latents beyond the rank of the data, which should have collapsed, are grey. "
                "Published: noise below about T = 1e-5 in the first and third panels, hidden in "
                "the second by saturation. The lines in the first and third panels are the laws at "
                "the PCA ratios of the training split, those in the second the fitted collapse "
                "law, with the PCA ratios as ticks below. Dotted: the highest T at and below which "
                "most points scatter by more than a tenth about their neighbours (root mean square "
                "over ranks); single modes that collapse out of turn are enough to cause that.",
            ),
            Figure(
                name="fig2",
                function="figures.fig2",
                needs={"distortion": measured["distortion"], "pca": pca},
                params={"estimator": estimator},
                footer=f"{footer} · left: {estimator}; test split",
                caption="Distortion of reconstructions from the first k ranked latents, in units "
                "of the variance of the split shown; a collapsed model has distortion 1. "
                "Published: a plateau near 1e-7 after rank 18, where PCA is below 1e-12. The lines "
                "on the left are the exact law of posterior means, quadratic in T, at the PCA "
                "ratios of the training split; horizontal lines mark the best level of each rank, "
                "squares rank 18 of the analytic scan. According to the law, that level is set by "
                "the lowest T of the scan, which the document does not state: compare estimators "
                "at equal T.",
            ),
            Figure(
                name="fig3",
                function="figures.fig3",
                needs={"modes": modes, "draws": draws},
                params={"estimator": estimator},
                footer=footer,
                caption="Utility against collapse threshold, both on the split named, with their "
                "ratio below. Published: close to the diagonal, thresholds inaccurate from rank 17 "
                "on. Left: the test split, as in the document, with the band (5 to 95 %) that the "
                "law alone gives over 200 draws of the split; which draw is the document's is not "
                "known. Right: the training split. The ranks farthest from the diagonal, by more "
                "than a factor of 1.5, are labelled.",
            ),
            Figure(
                name="fig4",
                function="figures.fig4",
                needs={"observables": measured["observables"], "modes": modes},
                params={"estimator": estimator},
                footer=test_footer,
                caption="Posterior scale and Jensen gap. On the canonical branch of constant "
                "posterior variance they are 1 and 0; published as diagnostics without numbers. "
                "Above the second panel: its largest gap, and the rate of that latent.",
            ),
            Figure(
                name="by_rank",
                function="curves.by_rank",
                needs={"replicates": joined, "modes": modes},
                params={"estimator": estimator},
                footer=f"{several} · training split",
                caption="Thresholds and utilities divided by PCA ratios, and the slopes of "
                "log-variance and rate in log T, by rank: each scan is a point, the law a line, "
                "and the margin of the statements grey. Published: utilities fairly stable through "
                "rank 18, thresholds inaccurate at rank 17 and higher.",
            ),
            Figure(
                name="rate_distortion",
                function="curves.rate_distortion",
                needs={"points": measured["points"], "modes": modes},
                params={"estimator": estimator},
                footer=f"{footer} · left: training split",
                caption="The smooth rate-distortion curve that a scan of T follows, resolved into "
                "the collapses of single modes; and the number of active latents against T. Lines "
                "are laws; nothing is fitted.",
            ),
            Figure(
                name="ranking",
                function="curves.ranking",
                needs={"points": measured["points"]},
                params={"estimator": estimator},
                footer=test_footer,
                caption="Discordant pairs of active latents, which another observable orders "
                "differently from the signal fraction. Published: level crossings of the raw mean "
                "square, clean curves of the log-variance.",
            ),
            Figure(
                name="convergence",
                function="curves.convergence",
                needs={"convergence": convergence, "remedies": remedies},
                footer=f"{footer} · right: training split",
                caption="Left: the validation loss of each point relative to that of the law's "
                "optimum for the training split (below 0: early stopping on validation does "
                "better), and whether the point stopped early. Right: the thresholds of the modes "
                "that collapse at the lowest T, for training with the paper's protocol and with "
                "others.",
            ),
        ],
        compared=[Compared(table="numbers.csv", item=("statement",))],
        statements=[statements],
    )
