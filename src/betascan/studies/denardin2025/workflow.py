"""denardin2025: beta-VAE and FactorVAE on dSprites and MPI3D, Tables 01-04, eight figures."""

from itertools import product

from betascan.studies.base import Compared, Figure, Measurement, Study, Table, Training
from betascan.studies.context import Context
from betascan.studies.denardin2025.config import DATASETS, MODELS, TABLES, Denardin2025
from betascan.studies.image_rows import annealed, evaluate, index, plateaus, provenance

NATS, UNITS = "nats per image", {"squared_error": "squared error per image"}
"""Units of the loss, by likelihood."""


def trainings(context: Context[Denardin2025]) -> list[Training]:
    """Return the 28 models of the slides, for each seed."""
    return [
        Training(
            data=context.images(dataset),
            run=context.config.run(dataset, model, weight, seed),
            keys={"model": model, "weight": weight, "seed": seed},
        )
        for dataset in DATASETS
        for seed in getattr(context.config, dataset).seeds
        for model, weight in product(MODELS, context.config.weights)
    ]


def study(context: Context[Denardin2025]) -> Study:
    """Return the rows of the study."""
    config, models = context.config, trainings(context)
    beta_vaes = [training for training in models if training.keys["model"] == "beta_vae"]
    twins = annealed(beta_vaes, "weight", config.anneal_above)
    scale, standins = context.scale(datasets=DATASETS), context.standins(DATASETS)
    scores, ends, terms, statements = (
        context.result(f"{name}.csv") for name in ("scores", "ends", "rate_terms", "statements")
    )
    tables = {number: context.result(f"table{number}.csv") for number in TABLES}

    def of(dataset: str, model: str) -> list[Training]:
        return [t for t in models if (t.data.name, t.keys["model"]) == (dataset, model)]

    def of_first_seed(dataset: str, model: str) -> list[Training]:
        first = getattr(config, dataset).seeds[0]
        return [t for t in of(dataset, model) if t.keys["seed"] == first]

    def footer(dataset: str, of_first_seed: bool = False) -> str:
        line = context.described(dataset)
        if scale != context.papers_name:
            steps = (
                section.run(dataset, "beta_vae", 1, 0).training.schedule(
                    getattr(data, dataset).images
                )[1]
                for section, data in (
                    (config, context.data),
                    (context.papers, context.papers_data),
                )
            )
            batches = (getattr(section, dataset).batch_size for section in (config, context.papers))
            line += (
                f", {config.model.size} pixels, {context.steps(*steps)} at most, "
                f"minibatches of {context.of_papers(*batches)}"
            )
        seeds = getattr(config, dataset).seeds
        number = f"{len(seeds)} seed{'s' * (len(seeds) > 1)}"
        if of_first_seed and len(seeds) > 1:
            number = f"seed {seeds[0]}, one of {number}"
        return f"{context.footer(scale, line)} · {number}"

    figures = []
    for dataset in DATASETS:
        figures += [
            Figure(
                name=f"scores_{dataset}",
                function="figures.scores",
                needs={"scores": scores, "ends": ends},
                params={
                    "dataset": dataset,
                    "metrics": config.evaluation.wanted,
                    "standins": standins,
                },
                footer=footer(dataset),
                caption="MIG (the usual one, and in the slides' convention with the published "
                "values), SAP and DCI (lightgbm) against beta and gamma: means over seeds, with "
                "95 % intervals if there are at least five seeds; for a single seed, bootstrap "
                "intervals over test images. Small points are single seeds. Crosses, left out of "
                "the means: models on a plateau, which are collapsed although another model has a "
                "lower loss. Dashed: the highest score of models without active latents, below "
                "which a score says nothing; absent where there is no such model. Published: test "
                "MIG only, up to 0.22 on dSprites and 0.21 on MPI3D.",
            ),
            Figure(
                name=f"discriminator_{dataset}",
                function="figures.discriminator",
                needs={"ends": ends},
                params={"dataset": dataset, "standins": standins},
                footer=footer(dataset),
                caption="FactorVAE's discriminator against gamma: its estimate of the total "
                "correlation, and its mean probability that codes, and permuted codes, are real, "
                "on the training minibatches of the last epoch. Means over seeds with standard "
                "errors; hollow: as printed in the slides' tables. At 1/2 it cannot tell them "
                "apart, either because they are alike or because it has learnt nothing.",
            ),
            Figure(
                name=f"plateaus_{dataset}",
                function="figures.plateaus",
                needs={"plateaus": context.result("plateaus.csv")},
                params={"dataset": dataset, "standins": standins},
                footer=footer(dataset),
                caption="Number of steps after which the codes of a beta-VAE carry information "
                "(half a nat, averaged over an interval of the history), one point per seed. At "
                "the top: models that never do. On a plateau: an informative model has a lower "
                "loss; collapsed: none has, whatever it was trained from.",
            ),
            Figure(
                name=f"rate_terms_{dataset}",
                function="figures.rate_terms",
                needs={"terms": terms, "ends": ends},
                params={"dataset": dataset, "standins": standins},
                footer=footer(dataset),
                caption="The KL term against beta and gamma, and its two parts according to the "
                "slides' identity: the information I(x;z), and the distance of the aggregate "
                "posterior from the prior, of which the total correlation is a part. Means over "
                "seeds with standard errors. The aggregate posterior is the mixture over a number "
                "of images; I(x;z) cannot exceed the log of that number (dotted line). Published: "
                "the identity, and that beta > 1 penalises I(x;z).",
            ),
        ]
    for dataset, model in TABLES.values():
        members = of_first_seed(dataset, model)
        figures += [
            Figure(
                name=f"reconstructions_{dataset}_{model}",
                function="figures.reconstructions",
                needs={"views": context.measured("views.npz", members), "scores": scores},
                params={
                    "rows": [t.row for t in members],
                    "dataset": dataset,
                    "model": model,
                    "standins": standins,
                },
                caption="Test images and their reconstructions as beta or gamma grows, for the "
                "first seed; below each column, its test MIG in the slides' convention.",
                footer=footer(dataset, of_first_seed=True),
            ),
            Figure(
                name=f"curves_{dataset}_{model}",
                function="figures.curves",
                needs={"histories": context.trained("history.csv", members)},
                params={
                    "rows": [t.row for t in members],
                    "dataset": dataset,
                    "model": model,
                    "standins": standins,
                    "loss": UNITS.get(getattr(config, dataset).likelihood.kind, NATS),
                },
                caption="Validation reconstruction loss against steps, one curve per beta or "
                "gamma, for the first seed; ticks on the right mark where the author's runs ended. "
                "Published: the loss levels off higher the larger beta is, and FactorVAE's curves "
                "stay close together.",
                footer=footer(dataset, of_first_seed=True),
            ),
        ]

    return Study(
        key=context.key,
        trainings=[*models, *twins],
        points_per_job=config.points_per_job,
        measurements=[
            evaluate(models, config.evaluation, threads=2),
            Measurement("terms", "betascan.rate_terms.measure", {"terms": "terms.csv"}, models),
        ],
        tables=[
            Table(
                name="ends",
                function="tables.ends",
                needs={
                    "histories": context.trained("history.csv", models),
                    "plateaus": context.result("plateaus.csv"),
                },
                makes={"ends": ends},
                params={"rows": [t.row for t in models]},
                caption="What the slides tabulate for every model at the end of its training, and "
                "whether it is on a plateau.",
            ),
            *(
                Table(
                    name=f"table{number}",
                    function="tables.table",
                    needs={"ends": ends},
                    makes={
                        "csv": path,
                        "markdown": context.result(f"table{number}.md"),
                        "latex": context.result(f"table{number}.tex"),
                    },
                    params={"number": number, "scale": scale, "standins": standins},
                    reported=("markdown",),
                    caption="Validation reconstruction and KL at the end of training, total "
                    "correlation and discriminator on training minibatches: ours, the printed "
                    "value and the author's own log. A printed row that differs by more than 2 % "
                    "from both the last and the best epoch of that log contradicts it and is "
                    "listed with the evidence.",
                )
                for number, path in tables.items()
            ),
            Table(
                name="scores",
                function="betascan.studies.runs.concatenate",
                needs={"parts": context.measured("scores.csv", models)},
                makes={"joined": scores},
                caption="All scores of all models on the test images, with bootstrap intervals.",
            ),
            Table(
                name="rate_terms",
                function="betascan.studies.runs.concatenate",
                needs={"parts": context.measured("terms.csv", models)},
                makes={"joined": terms},
                caption="The KL term of every model in three parts, in nats: the information "
                "I(x;z), the total correlation and the dimension-wise KL of the aggregate "
                "posterior, which is the mixture over the given number of images.",
            ),
            Table(
                name="statements",
                function="statements.statements",
                needs={"ends": ends, "scores": scores, "terms": terms},
                makes={"statements": statements},
                params={"scale": scale, "standins": standins},
                caption="What the slides state, how it is judged, and what came out.",
            ),
            plateaus(context, beta_vaes, twins, "weight"),
            provenance(context, [*models, *twins], scale=scale, config=config),
            index(context, [*models, *twins]),
        ],
        figures=figures,
        compared=[
            *(
                Compared(
                    table=f"table{number}.csv",
                    about=f"Table {number}",
                    item=("column", "value"),
                    published="printed",
                    note=("reason", "evidence"),
                )
                for number in TABLES
            ),
        ],
        statements=[statements],
    )
