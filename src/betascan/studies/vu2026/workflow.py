"""vu2026: its linear study and its study of images, and the record of both."""

from betascan.studies import image_rows
from betascan.studies.base import Compared, Study, Table
from betascan.studies.context import Context
from betascan.studies.vu2026 import image_workflow, linear_workflow
from betascan.studies.vu2026.config import Vu2026


def study(context: Context[Vu2026]) -> Study:
    """Return the rows of the study."""
    base, continued = image_workflow.trainings(context)
    twins = image_rows.annealed(base, "beta", context.config.images.anneal_above)
    return Study(
        key=context.key,
        trainings=[*base, *twins, *continued],
        points_per_job=context.config.images.points_per_job,
        measurements=image_workflow.measurements(context, continued),
        tables=[
            *linear_workflow.tables(context),
            *image_workflow.tables(context, [*base, *twins], continued),
            image_rows.plateaus(context, base, twins, "beta"),
            Table(
                name="provenance",
                function="betascan.core.provenance.join",
                needs={
                    "linear": context.intermediate("linear/provenance.json"),
                    "images": context.intermediate("images/provenance.json"),
                },
                makes={"provenance": context.result("provenance.json")},
            ),
        ],
        figures=[
            *linear_workflow.figures(context),
            *image_workflow.figures(context, continued),
        ],
        compared=[
            Compared(
                table="linear.csv",
                about="linear study",
                item=("metric", "n", "method", "lambda", "beta"),
                ours="mean",
                note=("reason",),
                part="linear",
            ),
            Compared(
                table="image_cells.csv",
                about="change in %",
                item=("dataset", "metric", "lambda", "beta"),
                published="published_percent",
                ours="percent",
                note=("reason",),
                part="images",
            ),
        ],
        statements=[
            context.result("linear_statements.csv"),
            context.result("image_statements.csv"),
        ],
    )
