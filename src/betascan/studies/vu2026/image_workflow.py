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
            job=f"{dataset}_seed{seed}_base",
        )
        base.append(start)
        continued += [
            Training(
                data=context.images(dataset),
                run=config.continuation(seed, beta, lam),
                keys={"model": "lambda_beta_vae", "seed": seed, "beta": beta, "lambda": lam},
                job=f"{dataset}_seed{seed}_continued",
                start=start,
            )
            for lam in config.lambdas
        ]
    return base, continued


def evaluation(context: Context[Vu2026], continued: Sequence[Training]) -> Measurement:
    """Return the row that scores the continued models."""
    return image_rows.evaluate(continued, context.config.images.evaluation)


def tables(
    context: Context[Vu2026], base: Sequence[Training], continued: Sequence[Training]
) -> list[Table]:
    """Return the rows of the tables."""
    config, scale = context.config.images, _scale(context)
    table, claims = context.result("images.csv"), context.result("image_claims.csv")
    judged = {"scale": scale, "standins": context.standins(config.datasets)}
    return [
        Table(
            name="image_table",
            function="image_tables.join",
            needs={
                "scores": context.measured("scores.csv", continued),
                "histories": context.trained("history.csv", continued),
            },
            makes={"table": table, "spectrum": context.result("image_spectrum.csv")},
            params={"rows": [training.row for training in continued]},
            caption="NLL, MIG, SAP and I_m of every model of images, and their change against "
            "beta 1 and lambda 0 of the same seed, with the published change in %. The NLL is "
            "the mean over the last interval of training.",
        ),
        Table(
            name="image_cells",
            function="image_tables.cells",
            needs={"table": table},
            makes={"cells": context.result("image_cells.csv")},
            params=judged,
            caption="Means over seeds of every beta and lambda, with standard errors; changes are "
            "those of the means, with the published ones and the difference in points.",
        ),
        Table(
            name="image_claims",
            function="image_claims.claims",
            needs={"table": table},
            makes={"claims": claims},
            params=judged,
            caption="What the document says of images, the number it prints, whether that "
            "bears the statement out, ours, and a verdict. The published numbers of Shapes3D show "
            "no collapse up to beta 32. Runs that are shorter, smaller or on stand-ins cannot "
            "decide; the column in_ours has what they show.",
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
    datasets, standins = config.datasets, context.standins(config.datasets)
    labelled = {"datasets": datasets, "standins": standins}
    everywhere = "images, .*(collapses|peaks|stabilises).*all three|beta costs"
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
            needs={"table": context.result("images.csv")},
            params=labelled,
            footer=_footer(context, datasets),
            shows=everywhere,
            caption="NLL, MIG, SAP and I_m over beta, one colour a lambda: box plots over seeds; "
            "with fewer than five seeds the seeds themselves, a line at their mean. Published: the "
            "scores peak at an intermediate beta and collapse beyond it, and lambda > 0 holds "
            "them.",
        ),
        Figure(
            name="image_heatmaps",
            function="image_figures.heatmaps",
            needs={"cells": cells},
            params=labelled,
            footer=_footer(context, datasets),
            shows=everywhere,
            caption="Means over seeds of NLL, MIG, SAP and I_m over beta and lambda, bright is "
            "better; the scores of all data sets share their colours, from 0. Absolute values are "
            "not published.",
        ),
        Figure(
            name="image_information",
            function="image_views.information",
            needs={"information": context.measured("information.csv", corners)},
            params={"rows": [training.row for training in corners], **labelled},
            footer=_footer(context, datasets, seeds=1),
            shows="images, .*, Im$",
            caption="Mutual information of each latent and each factor, in nats (20 bins of "
            "posterior means), for the lowest and the highest beta without lambda and with the "
            "largest. Framed: the one-to-one pairs whose sum is I_m. Published without numbers.",
        ),
    ]
    figures += [
        Figure(
            name=f"image_percent_{dataset}",
            function="image_figures.percent",
            needs={"cells": cells},
            params={"dataset": dataset, "standins": standins},
            footer=_footer(context, [dataset]),
            shows=f"images, .*, {DOCUMENT[dataset]}, ",
            caption=f"Changes in % against beta 1 and lambda 0 for {DOCUMENT[dataset]}: ours, the "
            "published ones and their difference in points, coloured by its share of what is "
            "allowed (two standard errors of the difference), framed beyond it, grey where a "
            "single seed leaves that unknown. Short trainings at another size of image cannot "
            "give the published numbers, only their direction.",
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
                shows=f"images, lambda buys fidelity.*, {document_name(dataset)}, ",
                caption=f"Latents of {document_name(dataset)} moved from -2 to 2 around one "
                "image's code, sorted by their rate (on the left, in nats), for the lowest and the "
                "highest beta without lambda and with the largest. A latent without rate changes "
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
    return (
        f"{footer}\n{config.model.size} of {papers.model.size} pixels, {context.steps(*steps)}, "
        f"{seeds or len(config.seeds)} of {len(papers.seeds)} seeds: "
        "too little for the published numbers"
    )
