"""denardin2025: beta-VAE and FactorVAE on dSprites and MPI3D, Tables 01-04, eight figures."""

from itertools import product

from betascan.studies.base import Compared, Figure, Study, Table, Training
from betascan.studies.context import Context
from betascan.studies.denardin2025.config import DATASETS, MODELS, TABLES, Denardin2025
from betascan.studies.image_rows import annealed, evaluate, index, plateaus, provenance

LOSS = {"bernoulli": "nats an image", "squared_error": "squared error an image"}
MODEL_NAMES = {"beta_vae": "beta-VAE", "factor_vae": "FactorVAE"}
DATA_NAMES = {"dsprites": "dSprites", "mpi3d_real_complex": "MPI3D"}


def trainings(context: Context[Denardin2025]) -> list[Training]:
    """Return the 28 models of the slides, for each seed."""
    return [
        Training(
            data=context.images(dataset),
            run=context.config.run(dataset, model, weight, seed),
            keys={"model": model, "weight": weight, "seed": seed},
            job=f"{dataset}_{model}_seed{seed}",
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
    scores, claims = context.result("scores.csv"), context.result("claims.csv")
    tables = {number: context.result(f"table{number}.csv") for number in TABLES}

    def of(dataset: str, model: str) -> list[Training]:
        return [t for t in models if (t.data.name, t.keys["model"]) == (dataset, model)]

    def of_first_seed(dataset: str, model: str) -> list[Training]:
        first = getattr(config, dataset).seeds[0]
        return [t for t in of(dataset, model) if t.keys["seed"] == first]

    def footer(dataset: str) -> str:
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
            line += f", {config.model.size} pixels, {context.steps(*steps)} at most"
        return context.footer(scale, line)

    figures = [
        Figure(
            name=f"scores_{dataset}",
            function="figures.scores",
            needs={"scores": scores},
            params={
                "dataset": dataset,
                "metrics": config.evaluation.wanted,
                "standins": standins,
            },
            footer=footer(dataset),
            shows=f"MIG.*{DATA_NAMES[dataset]}",
            caption="MIG (the usual one, and in the slides' convention beside the published "
            "values), SAP and DCI (lightgbm) against beta and gamma, with 95 % bootstrap "
            "intervals over test images, one training each. Published: test MIG alone, up to "
            "0.22 on dSprites and 0.21 on MPI3D.",
        )
        for dataset in DATASETS
    ]
    for dataset, model in TABLES.values():
        common = {
            "footer": footer(dataset),
            "shows": f"{MODEL_NAMES[model]}, {DATA_NAMES[dataset]}",
        }
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
                caption="Test images and their reconstructions as beta or gamma grows; below each "
                "column the test MIG in the slides' convention.",
                **common,
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
                    "loss": LOSS[getattr(config, dataset).likelihood.kind],
                },
                caption="Validation reconstruction loss against steps, one curve a beta or gamma; "
                "ticks on the right are where the author's runs ended. Published: the loss levels "
                "off higher the larger beta, and stays close together for FactorVAE.",
                **common,
            ),
        ]

    return Study(
        key=context.key,
        trainings=[*models, *twins],
        points_per_job=config.points_per_job,
        measurements=[evaluate(models, config.evaluation, threads=2)],
        tables=[
            *(
                Table(
                    name=f"table{number}",
                    function="tables.table",
                    needs={"histories": context.trained("history.csv", of(*TABLES[number]))},
                    makes={
                        "csv": path,
                        "markdown": context.result(f"table{number}.md"),
                        "latex": context.result(f"table{number}.tex"),
                    },
                    params={
                        "rows": [t.row for t in of(*TABLES[number])],
                        "number": number,
                        "scale": scale,
                    },
                    reported=("markdown",),
                    caption="Validation reconstruction and KL at the end of training, total "
                    "correlation and discriminator on training minibatches: ours, the printed "
                    "value and the author's own log. Rows that the slides took from another run "
                    "or epoch are named with the evidence.",
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
                name="claims",
                function="claims.claims",
                needs={"scores": scores, "tables": list(tables.values())},
                makes={"claims": claims},
                params={
                    "scale": scale,
                    "genuine": {name: name not in standins for name in DATASETS},
                },
                caption="The conclusions of the slides beside what came out.",
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
                    note=("evidence",),
                )
                for number in TABLES
            ),
            Compared(table="claims.csv", item=("claim",), ours="evidence"),
        ],
    )
