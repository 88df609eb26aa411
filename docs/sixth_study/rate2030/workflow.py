"""rate2030: its rows."""

from betascan.studies.rate2030.config import Rate2030

from betascan.studies.base import Figure, Study, Table, Training
from betascan.studies.context import Context
from betascan.studies.image_rows import evaluate, index, provenance


def study(context: Context[Rate2030]) -> Study:
    """Return the rows of the study."""
    config = context.config
    models = [
        Training(context.images("dsprites"), config.run(beta), {"beta": beta})
        for beta in config.betas
    ]
    scale = context.scale(datasets=["dsprites"])
    rate, statements = context.result("rate.csv"), context.result("statements.csv")
    return Study(
        key=context.key,
        trainings=models,
        points_per_job=config.points_per_job,
        measurements=[evaluate(models, config.evaluation)],
        tables=[
            Table(
                name="rate_table",
                function="tables.rate",
                needs={"scores": context.measured("scores.csv", models)},
                makes={"table": rate},
                caption="Rate of each model on held-out images, in nats.",
            ),
            Table(
                name="statements",
                function="statements.judge",
                needs={"table": rate},
                makes={"path": statements},
                params={"scale": scale, "standins": context.standins(["dsprites"])},
                caption="What the document states, and what came out.",
            ),
            provenance(context, models, scale=scale, config=config),
            index(context, models),
        ],
        figures=[
            Figure(
                name="rate",
                function="figures.rate",
                needs={"table": rate},
                footer=context.footer(scale, context.described("dsprites")),
                caption="Rate against beta.",
            )
        ],
        statements=[statements],
    )
