"""hirn2026: the tables made from a scan of linear VAEs on climate, and Figures 1 to 4.

The rules hirn2026_split and hirn2026_scan are in ``workflow/rules/special.smk``.
"""

from betascan.studies.base import Compared, Figure, Study, Table
from betascan.studies.context import Context
from betascan.studies.hirn2026.config import Hirn2026


def study(context: Context[Hirn2026]) -> Study:
    """Return the rows of the study."""
    config, estimators = context.config, context.config.scan.estimators
    scale, data = context.scale(datasets=["climate"]), context.described("climate")
    table, cells = f"{context.paths.data}/climate.h5", context.intermediate("cells.npz")
    pca = context.intermediate("pca.csv")
    splits, modes = context.result("splits.csv"), context.result("modes.csv")
    claims = context.result("claims.csv")
    measured = {
        "observables": context.result("observables.csv.gz"),
        "distortion": context.result("distortion.csv.gz"),
        "protocol": context.result("protocol.csv"),
    }
    shown = estimators[0]
    footer = context.footer(scale, data)
    test_footer = f"{footer} · {shown}, test split"

    def of_scan(estimator: str, file: str) -> list[str]:
        parts = range(len(config.parts()))
        return [context.intermediate(f"{estimator}/{file.format(part=part)}") for part in parts]

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
            *(
                Table(
                    name=f"measure_{estimator}",
                    function="measure.measure",
                    needs={"cells": cells, "parts": of_scan(estimator, "scan-{part}.npz")},
                    makes={
                        name: context.intermediate(f"{estimator}/{name}.csv") for name in measured
                    },
                    environment="train",
                    mem_mb=2000,
                    runtime=30,
                )
                for estimator in estimators
            ),
            *(
                Table(
                    name=name,
                    function="betascan.studies.runs.concatenate",
                    needs={"parts": [context.intermediate(f"{e}/{name}.csv") for e in estimators]},
                    makes={"joined": path},
                )
                for name, path in measured.items()
            ),
            Table(
                name="pca",
                function="measure.principal_components",
                needs={"cells": cells},
                makes={"pca": pca},
                environment="train",
                mem_mb=2000,
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
                params={"floor": config.fit_floor},
                caption="Each mode's PCA ratio, fitted collapse threshold with its standard "
                "error, and utility, with the logarithms of their ratios. Published: all three "
                "coincide; thresholds become inaccurate from rank 17 on.",
            ),
            Table(
                name="claims",
                function="claims.claims",
                needs={
                    "splits": splits,
                    "observables": measured["observables"],
                    "distortion": measured["distortion"],
                    "modes": modes,
                    "pca": pca,
                },
                makes={"claims": claims},
                params={"floor": config.fit_floor, "scale": scale},
                caption="The document's statements, the published number, ours, and whether it "
                "holds.",
            ),
            Table(
                name="provenance",
                function="tables.provenance",
                needs={
                    "cells": cells,
                    "records": [r for e in estimators for r in of_scan(e, "record-{part}.json")],
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
                shows="samples",
                caption=f"Spatial blocks of {config.split.side_km:g} km on the equal-area "
                "sinusoidal map, drawn by area without replacement, so that small blocks, on "
                "coasts and islands, are drawn late and fall to test. Published sizes: 499,599 "
                "training, 153,897 validation and 154,027 test cells; ours are in the legend. The "
                "published partition itself is not public.",
            ),
            Figure(
                name="fig1",
                function="figures.fig1",
                needs={"observables": measured["observables"], "modes": modes, "claims": claims},
                params={"estimator": shown},
                footer=test_footer,
                shows="T below which|slope of the",
                caption="Order parameters against the effective temperature T, one colour per "
                "rank; latents beyond the rank of the data, which should have collapsed, are grey. "
                "Published: noise below about T = 1e-5 in the first and third panel, hidden in the "
                "second by saturation. The lines of the first and third panel are the laws at the "
                "PCA ratios of the training split, those of the second the fitted collapse law, "
                "with the PCA ratios as ticks below. Printed: the T below which our posterior "
                "scale is off by more than a tenth on training, and our slopes of log-variance and "
                "rate with the law's.",
            ),
            Figure(
                name="fig2",
                function="figures.fig2",
                needs={"distortion": measured["distortion"], "pca": pca, "claims": claims},
                params={"estimator": shown},
                footer=f"{footer} · left: {shown}; test split",
                shows="bound below which PCA|distortion at which",
                caption="Distortion of reconstructions from the first k ranked latents, in units "
                "of the training variance, so that at T = 1 it is the variance of the test split. "
                "Published: a plateau near 1e-7 after rank 18, where PCA is below 1e-12. The lines "
                "on the left are the exact law of posterior means, quadratic in T, at the PCA "
                "ratios of the training split; horizontal lines mark the best level of each rank. "
                "Our plateaus are printed in the right panel, with the law's: it is set by the "
                "lowest T of the scan.",
            ),
            Figure(
                name="fig3",
                function="figures.fig3",
                needs={"modes": modes},
                params={"estimator": shown},
                footer=footer,
                shows="rank through which|first rank whose|scatter of log",
                caption="Utility against collapse threshold, and below their ratio. Published: "
                "close to the diagonal, thresholds inaccurate from rank 17 on. Left the test "
                "split, as in the document; right the training split, which sets the thresholds: "
                "the difference is the shift between splits. The ranks farthest from the diagonal, "
                "by more than a factor of 1.5, are labelled.",
            ),
            Figure(
                name="fig4",
                function="figures.fig4",
                needs={"observables": measured["observables"], "modes": modes},
                params={"estimator": shown},
                footer=test_footer,
                shows="T below which|slope of the posterior log-variance",
                caption="Posterior scale and Jensen gap. On the canonical branch of constant "
                "posterior variance they are 1 and 0; published as diagnostics without numbers. "
                "Above the second panel its largest gap, and the rate of that latent.",
            ),
        ],
        compared=[Compared(table="claims.csv", item=("statement", "where", "estimator", "split"))],
    )
