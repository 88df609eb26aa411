"""The rows of vu2026's linear study; its models are solved by the rule vu2026_linear_solve."""

from betascan.studies.base import Figure, Table
from betascan.studies.context import Context
from betascan.studies.vu2026.config import Vu2026
from betascan.studies.vu2026.linear_config import METHODS


def _solved(context: Context[Vu2026], kind: str) -> list[str]:
    """Return the files of all jobs of vu2026_linear_solve."""
    jobs = context.config.linear.jobs()
    return [context.intermediate(f"linear/{job}.{kind}") for job in jobs]


def tables(context: Context[Vu2026]) -> list[Table]:
    """Return the rows of the tables."""
    config, scale = context.config.linear, context.scale("linear")
    runs, cells = context.result("linear_runs.csv.gz"), context.result("linear.csv")
    contraction = context.result("linear_contraction.csv")
    model = config.model.model_dump()
    return [
        Table(
            name="linear_runs",
            function="betascan.studies.runs.concatenate",
            needs={"parts": _solved(context, "csv")},
            makes={"joined": runs},
        ),
        Table(
            name="linear_cells",
            function="linear_tables.cells",
            needs={"runs": runs},
            makes={"linear": cells},
            params={
                "model": model,
                "sizes": [size.model_dump() for size in config.sizes().values()],
                "scale": scale,
            },
            caption="Mean and standard error over the starts of likelihood (recon), SAP and I_m "
            "at every n, method, lambda and beta, the published mean, the likelihood of the "
            "optimum in closed form, how far ours may be from the published mean, and whether it "
            "agrees. Likelihoods at beta = 1 and lambda > 0 have no lower bound: they show where a "
            "budget ends and are not a target.",
        ),
        Table(
            name="linear_contraction",
            function="linear_jobs.contract",
            needs={},
            makes={"contraction": contraction},
            params={
                "model": model,
                "size": config.small.model_dump(include={"observed", "rng_offset"}),
                "seed": config.seed,
                "runs": config.contractions(),
                "sweeps": config.contraction.sweeps,
            },
        ),
        Table(
            name="linear_statements",
            function="statements.linear_statements",
            needs={"runs": runs, "linear": cells, "contraction": contraction},
            makes={"statements": context.result("linear_statements.csv")},
            params={"scale": scale, "standins": []},
            caption="What the document states about its linear study, how it is judged, and what "
            "came out.",
        ),
        Table(
            name="linear_provenance",
            function="betascan.core.provenance.record",
            needs={"records": _solved(context, "json")},
            makes={"provenance": context.intermediate("linear/provenance.json")},
            params={
                "scale": scale,
                "data": {"source": "Gaussian, drawn from the authors' random streams"},
                "config": config.model_dump(),
            },
            environment="train",  # whose torch it records
        ),
    ]


def figures(context: Context[Vu2026]) -> list[Figure]:
    """Return the rows of the figures."""
    config = context.config.linear
    runs, cells = context.result("linear_runs.csv.gz"), context.result("linear.csv")
    footer = context.footer(context.scale("linear"), "Gaussian, the authors' covariances")
    boxes = [
        Figure(
            name=f"linear_boxes_{name}",
            function="linear_figures.boxes",
            needs={"runs": runs, "linear": cells},
            params={"observed": size.observed},
            footer=f"{footer} · {config.starts} starts",
            caption="Likelihood, SAP and I_m against beta, one colour per lambda: box plots over "
            "starts, diamonds our means, crosses the published ones. Published: without lambda "
            "every score is 0 from beta = 4 on; with it SAP and I_m decline slowly. Likelihoods "
            "beyond 10 nats are drawn logarithmically.",
        )
        for name, size in config.sizes().items()
    ]
    heatmaps = [
        Figure(
            name=f"linear_heatmaps_{name}_{method}",
            function="linear_figures.heatmaps",
            needs={"linear": cells},
            params={"observed": size.observed, "method": method},
            footer=f"{footer} · {config.starts} starts",
            caption="Means over starts, the published means, and their difference, coloured by "
            "its share of what is allowed: two standard errors of the difference (0.001 where the "
            "optimum fixes the likelihood and that is more). Framed: beyond that. Hatched: "
            "beta = 1 with lambda > 0, where nothing converges.",
        )
        for name, size in config.sizes().items()
        for method in METHODS
    ]
    contraction = Figure(
        name="contraction",
        function="linear_figures.contraction",
        needs={"contraction": context.result("linear_contraction.csv")},
        params={
            "lam": config.contraction.lam,
            "beta": config.contraction.beta,
            "noise": config.model.data.noise,
        },
        footer=f"{footer} · dashed: theory, not fitted",
        caption="Encoder gain against sweeps, each an update of the decoder and then the encoder: "
        "without lambda it is divided by beta per sweep for every mode (left); with lambda it is "
        "multiplied by beta_c/beta, and falls only where beta exceeds the mode's threshold "
        "beta_c = 1 + 2 lambda v (middle). Information between latents and factors goes to 0 "
        "without lambda and is preserved with it (right). Published: in words, in the abstract. "
        "Points are computed, dashed lines are the law.",
    )
    return [*boxes, *heatmaps, contraction]
