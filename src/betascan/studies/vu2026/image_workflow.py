"""The rows of vu2026's image study: beta-VAEs, each continued with every lambda."""

from collections.abc import Sequence

from betascan.studies import image_rows
from betascan.studies.base import Figure, Measurement, Table, Training
from betascan.studies.context import Context
from betascan.studies.vu2026.config import Vu2026
from betascan.studies.vu2026.image_config import DOCUMENT, document_name


def trainings(context: Context[Vu2026]) -> tuple[list[Training], list[Training]]:
    """Return the beta-VAEs, and what continues each of them with every lambda."""
    config = context.config.images
    base, continued = [], []
    points = [
        (dataset, seed, beta)
        for dataset in config.datasets
        for seed in context.seeds(dataset, config.seeds, config.standin_seeds)
        for beta in config.betas
    ]
    for dataset, seed, beta in points:
        start = Training(
            data=context.images(dataset),
            run=config.base(seed, beta),
            keys={"model": "beta_vae", "seed": seed, "beta": beta},
        )
        base.append(start)
        continued += [
            Training(
                data=context.images(dataset),
                run=config.continuation(seed, beta, lam),
                keys={"model": "lambda_beta_vae", "seed": seed, "beta": beta, "lambda": lam},
                start=start,
            )
            for lam in config.lambdas
        ]
    return base, continued


def measurements(context: Context[Vu2026], continued: Sequence[Training]) -> list[Measurement]:
    """Return the rows that score the continued models and take their rates apart."""
    return [
        image_rows.evaluate(continued, context.config.images.evaluation),
        Measurement("terms", "betascan.rate_terms.measure", {"terms": "terms.csv"}, continued),
    ]


def tables(
    context: Context[Vu2026], base: Sequence[Training], continued: Sequence[Training]
) -> list[Table]:
    """Return the rows of the tables."""
    config, scale = context.config.images, _scale(context)
    table, spectrum = context.result("images.csv"), context.result("image_spectrum.csv")
    judged = {"scale": scale, "standins": context.standins(config.datasets)}
    return [
        Table(
            name="image_table",
            function="image_tables.join",
            needs={
                "scores": context.measured("scores.csv", continued),
                "histories": context.trained("history.csv", continued),
                "terms": context.measured("terms.csv", continued),
                "plateaus": context.result("plateaus.csv"),
            },
            makes={"table": table, "spectrum": spectrum},
            params={"rows": [training.row for training in continued]},
            caption="NLL, MIG, SAP and I_m of every model of images, and their change relative to "
            "beta 1 and lambda 0 with the same seed, with the published change in %. The NLL is "
            "the mean over the last interval of training. On a plateau: the model that was "
            "continued was on one, and is still collapsed.",
        ),
        Table(
            name="image_cells",
            function="image_tables.cells",
            needs={"table": table},
            makes={"cells": context.result("image_cells.csv")},
            params=judged,
            caption="Means over seeds for every beta and lambda, with standard errors, without "
            "models on a plateau; changes are those of the means, with the published ones and the "
            "difference in points.",
        ),
        Table(
            name="image_statements",
            function="statements.image_statements",
            needs={"images": table, "spectrum": spectrum},
            makes={"statements": context.result("image_statements.csv")},
            params=judged,
            caption="What the document states about images, how it is judged, and what came out. "
            "The published numbers for Shapes3D show no collapse up to beta 32.",
        ),
        image_rows.provenance(
            context,
            [*base, *continued],
            scale=scale,
            config=config,
            path=context.intermediate("images/provenance.json"),
            name="image_provenance",
        ),
        image_rows.index(context, [*continued, *base]),
    ]


def figures(context: Context[Vu2026], continued: Sequence[Training]) -> list[Figure]:
    """Return the rows of the figures."""
    config = context.config.images
    cells = context.result("image_cells.csv")
    both = {
        "table": context.result("images.csv"),
        "spectrum": context.result("image_spectrum.csv"),
    }
    datasets, standins = config.datasets, context.standins(config.datasets)
    labelled = {"datasets": datasets, "standins": standins}
    corners = [
        training
        for training in continued
        if training.keys["seed"] == config.seeds[0]
        and training.keys["beta"] in (min(config.betas), max(config.betas))
        and training.keys["lambda"] in (min(config.lambdas), max(config.lambdas))
    ]
    figures = [
        Figure(
            name="image_boxes",
            function="image_figures.boxes",
            needs=both,
            params=labelled,
            footer=_footer(context, datasets),
            caption="NLL, MIG, SAP and I_m against beta, one colour per lambda: box plots over "
            "seeds; with fewer than five seeds the seeds themselves, with a line at their mean. "
            "Crosses, not in any box: models on a plateau, which are collapsed although another "
            "model has a lower loss. Dashed: the highest score of models without active latents, "
            "below which a score says nothing. Both are absent where there is no such model. "
            "Published: the scores peak at an intermediate beta and collapse beyond it, and "
            "lambda > 0 preserves them.",
        ),
        Figure(
            name="image_mechanism",
            function="image_figures.mechanism",
            needs=both,
            params=labelled,
            footer=_footer(context, datasets),
            caption="The document's mechanism: KL pressure promotes marginal independence (total "
            "correlation, first row) at the expense of information (I(x;z) and I_m), and with it "
            "MIG and SAP. Against beta, without lambda and with the largest: means over seeds with "
            "standard errors, without models on a plateau. Total correlation and I(x;z) are those "
            "of the mixture of the posteriors of up to 50,000 images, so I(x;z) cannot exceed 10.8 "
            "nats. Dashed: the highest score of models without active latents, if there are any. "
            "Published in words.",
        ),
        Figure(
            name="image_relation",
            function="image_figures.relation",
            needs={"table": both["table"]},
            params=labelled,
            footer=_footer(context, datasets),
            caption="MIG and SAP against I_m, a point per model: does collapse of information "
            "explain failing disentanglement? One colour per beta; hollow with lambda. Models that "
            "differ only in lambda continue the same model. Published in words.",
        ),
        Figure(
            name="image_heatmaps",
            function="image_figures.heatmaps",
            needs={"cells": cells},
            params=labelled,
            footer=_footer(context, datasets),
            caption="Means over seeds of NLL, MIG, SAP and I_m by beta and lambda; bright is "
            "better. The scores of all data sets share one colour scale from 0. Absolute values "
            "are not published.",
        ),
        Figure(
            name="image_information",
            function="image_views.information",
            needs={"information": context.measured("information.csv", corners)},
            params={"rows": [training.row for training in corners], **labelled},
            footer=_footer(context, datasets, seeds=1),
            caption="Mutual information between each latent and each factor, in nats (20 bins of "
            "posterior means), for the lowest and the highest beta without lambda and with the "
            "largest. Framed: the one-to-one pairs whose sum is I_m. It ignores how much a mean "
            "varies: a latent with zero rate can have some. Published without numbers.",
        ),
    ]
    figures += [
        Figure(
            name=f"image_percent_{dataset}",
            function="image_figures.percent",
            needs={"cells": cells},
            params={"dataset": dataset, "standins": standins},
            footer=_footer(context, [dataset]),
            caption=f"Changes in % relative to beta 1 and lambda 0 for {DOCUMENT[dataset]}: ours, "
            "the published ones and their difference in points, coloured by its share of what is "
            "allowed (two standard errors of the difference), framed beyond that, grey where that "
            "is unknown because there is a single seed. Short trainings at another image size "
            "cannot give the published numbers, only their direction.",
        )
        for dataset in datasets
        if dataset in DOCUMENT
    ]
    for dataset in datasets:
        models = [training for training in corners if training.data.name == dataset]
        figures.append(
            Figure(
                name=f"image_traversals_{dataset}",
                function="image_views.traversals",
                needs={"views": context.measured("views.npz", models)},
                params={
                    "rows": [training.row for training in models],
                    "dataset": dataset,
                    "standins": standins,
                },
                footer=_footer(context, [dataset], seeds=1),
                caption=f"Latents of {document_name(dataset)} moved from -2 to 2 around one "
                "image's code, sorted by their rate (on the left, in nats), for the lowest and the "
                "highest beta without lambda and with the largest. A latent with zero rate changes "
                "nothing.",
            )
        )
    return figures


def _scale(context: Context[Vu2026]) -> str:
    return context.scale("images", context.config.images.datasets)


def _footer(context: Context[Vu2026], datasets: Sequence[str], seeds: int | None = None) -> str:
    """Return scale and data, and what is less than in the document."""
    config, papers, scale = context.config.images, context.papers.images, _scale(context)
    footer = context.footer(scale, "; ".join(map(context.described, datasets)))
    if scale == context.papers_name:
        return footer
    steps = (c.base_steps + c.continuation_steps for c in (config, papers))
    number_of_seeds = context.number_of_seeds(
        datasets, seeds or len(config.seeds), len(papers.seeds), config.standin_seeds
    )
    return (
        f"{footer}\n{context.of_papers(config.model.size, papers.model.size)} pixels, "
        f"{context.steps(*steps)}, {number_of_seeds}: too little for the published numbers"
    )
