"""allen2024: the linear-Gaussian truth, image VAEs by experiment, and their decoders' Jacobians."""

from collections.abc import Iterable

from betascan.studies.allen2024.config import DATASETS, EXPERIMENTS, Allen2024
from betascan.studies.base import Compared, Figure, Measurement, Study, Table, Training
from betascan.studies.context import Context
from betascan.studies.image_rows import evaluate, index, provenance

RUNAWAY_DATASET = "dsprites"


def trainings(context: Context[Allen2024]) -> dict[tuple[str, int, str], Training]:
    """Return every variant of every experiment, by data set, seed and name of the variant."""
    images = context.config.images
    variants = images.variants()
    return {
        (dataset, seed, name): Training(
            data=context.images(dataset),
            run=images.run(variants[name], seed),
            keys={"seed": seed, "cell": name},
            job=f"{dataset}_seed{seed}",
        )
        for dataset in DATASETS
        for seed in context.seeds(dataset, images.seeds, images.standin_seeds)
        for name in variants
    }


def study(context: Context[Allen2024]) -> Study:
    """Return the rows of the study."""
    config, images, papers = context.config, context.config.images, context.papers.images
    by_key = trainings(context)
    models = list(by_key.values())
    scale, linear_scale = context.scale("images", DATASETS), context.scale("linear")
    tables = {name: context.result(f"{name}.csv") for name in EXPERIMENTS}
    linear_truth, pairs = (
        context.result("linear_truth.csv"),
        context.intermediate("linear_pairs.csv"),
    )
    runaway, cost = context.result("runaway.csv"), context.result("cost.csv")

    def of(variants: Iterable[str]) -> list[Training]:
        wanted = set(variants)
        return [training for (_, _, name), training in by_key.items() if name in wanted]

    data = "; ".join(context.described(dataset) for dataset in DATASETS)
    size = ""
    if scale != context.papers_name:
        size = (
            f"\n{images.model.size} of {papers.model.size} pixels, {images.model.latents} of "
            f"{papers.model.latents} latents, {context.steps(images.steps, papers.steps)}, "
            f"{len(images.seeds)} of {len(papers.seeds)} seeds"
        )
    footer = context.footer(scale, f"{data}{size}")
    footer_with_linear = context.footer(scale, f"{data}; linear-Gaussian, exact{size}")
    exact = f"linear-Gaussian, exact · {config.linear.starts} starts"
    standins = {"standins": context.standins(DATASETS)}
    collapsed = "Dotted: the highest MIG of a model without an active latent."

    figures = [
        Figure(
            name="linear_truth",
            function="linear_figures.linear_truth",
            needs={"table": linear_truth},
            footer=context.footer(linear_scale, exact),
            shows=r"linear truth: (a|\(beta)",
            caption="Left: angle between the decoder's columns and the PCA axes, a point a start; "
            "dashed, the mean over random rotations. Right: posterior log-variances over beta "
            "sigma^2, a colour a mode (dark: most variance), trained as (beta, 1) and as "
            "(1, beta), on the law log(beta sigma^2 / lambda_k).",
        ),
        Figure(
            name="identity",
            function="linear_figures.identity",
            needs={
                "pairs": pairs,
                "identities": context.measured("identity.csv", of(["reference", "posterior_full"])),
            },
            params=standins,
            footer=footer_with_linear,
            shows="linear truth: Sigma",
            caption="Both sides of Sigma^-1 = I + E[J^T J]/(beta sigma^2), active latents on the "
            "diagonal: exact in the linear truth, and at test images of trained models. A VAE "
            "whose encoder is optimal lies on the line; the legends say how far the median entry "
            "is from it.",
        ),
        Figure(
            name="tradeoff",
            function="figures.tradeoff",
            needs={"table": tables["tradeoff"], "scan": tables["likelihood_variance"]},
            params=standins,
            footer=footer,
            shows="higher beta enhances|reduces generative",
            caption="Beta 1 and 5 at the reference's sigma^2 (filled) and the scan at sigma^2 = 1 "
            "(open), over beta sigma^2, which alone should matter. Bars: standard errors over "
            f"seeds. {collapsed}",
        ),
        Figure(
            name="posterior_covariance",
            function="group_figures.posterior_covariance",
            needs={
                "table": tables["posterior_covariance"],
                "scan": tables["likelihood_variance"],
                "cost": cost,
            },
            params=standins,
            footer=footer,
            shows="columns of J|, C1|, C2|disentangle .MIG, diagonal|computationally",
            caption="Diagonal and full posterior covariances over seeds. Lower is more orthogonal; "
            f"MIG higher is better. {collapsed}",
        ),
        Figure(
            name="activations",
            function="group_figures.activations",
            needs={"table": tables["activations"], "scan": tables["likelihood_variance"]},
            params=standins,
            footer=footer,
            shows="decoders with more|ReLU weakens",
            caption="Activations of the decoder, and a linear decoder. Errors of the second-order "
            "expansion are relative to E_q[D] - D(mean); below the dotted line they are noise of "
            f"the samples. MIG: {collapsed[0].lower()}{collapsed[1:]}",
        ),
        Figure(
            name="deterministic_elbo",
            function="figures.deterministic_elbo",
            needs={"table": tables["deterministic_elbo"], "runaway": runaway},
            params=standins,
            footer=footer,
            shows="deterministic ELBO",
            caption="Left: off-diagonal mass of the Hessian of D and of J^T J over training, by "
            "the sampled and the deterministic (Gauss-Newton) ELBO. Right: with the exact Hessian "
            "of a smooth decoder the deterministic ELBO has no lower bound; with ReLU both forms "
            "are the same.",
        ),
        Figure(
            name="orthogonality_penalty",
            function="figures.orthogonality_penalty",
            needs={
                "table": tables["orthogonality_penalty"],
                "scan": tables["likelihood_variance"],
            },
            params=standins,
            footer=footer,
            shows="by a penalty|that disentangles|through training",
            caption="Orthogonality and MIG over training without and with the penalty and with a "
            "full posterior, mean and standard error over seeds; right, every model at the end of "
            f"training. {collapsed}",
        ),
        Figure(
            name="likelihood_variance",
            function="figures.likelihood_variance",
            needs={"table": tables["likelihood_variance"], "linear_truth": linear_truth},
            params=standins,
            footer=footer_with_linear,
            shows="likelihood variance|scales the likelihood|train the same|collapse indicates",
            caption="The sigma^2 that a VAE of beta 1 would need for the same posteriors and "
            "decoder, measured, against beta: the paper's law (rises as beta) and the document's "
            "mechanism 2 (falls). Middle: active latents. Right: the same model trained as "
            "(beta, 1) and as (1, beta); pairs that differ by more than a tenth are named. Where "
            "training has not yet brought the encoder to its optimum the measured variance misses "
            "the law.",
        ),
        Figure(
            name="priors",
            function="group_figures.priors",
            needs={"table": tables["priors"], "scan": tables["likelihood_variance"]},
            params=standins,
            footer=footer,
            shows="prior is needed",
            caption="Gaussian, Laplace and uniform priors of unit variance. For the uniform one "
            "the decoder is given the quantile of a Gaussian latent; J is taken in the Gaussian "
            f"latent. {collapsed}",
        ),
        Figure(
            name="likelihoods",
            function="group_figures.likelihoods",
            needs={"table": tables["likelihoods"], "scan": tables["likelihood_variance"]},
            params=standins,
            footer=footer,
            shows="likelihood too",
            caption=f"Other likelihoods, with diagonal and full posteriors. {collapsed}",
        ),
        Figure(
            name="singular_values",
            function="figures.singular_values",
            needs={"table": tables["likelihood_variance"]},
            params=standins,
            footer=footer,
            shows="log-density change",
            caption="Singular values of J (geometric means over test images) along the scan, and "
            "the sum of their logarithms over active latents: how much the decoder thins the "
            "density out on the data manifold.",
        ),
    ]

    return Study(
        key=context.key,
        trainings=models,
        points_per_job=images.points_per_job,
        measurements=[
            evaluate(models, images.evaluation),
            Measurement(
                name="measure",
                function="measure.measure",
                files={"jacobians": "jacobian.csv", "identities": "identity.csv"},
                of=models,
                params=images.measures.model_dump(),
                runtime=480,
            ),
        ],
        tables=[
            Table(
                name="linear_solutions",
                function="linear.solutions",
                needs={},
                makes={"table": linear_truth, "pairs": pairs},
                params=config.linear.model_dump(),
                environment="train",
                runtime=60,
                caption="The linear-Gaussian truth, solved to rounding: angles between decoder "
                "columns and PCA axes, orthogonality, both sides of the identity, and the loss "
                "above its closed form, for diagonal and full posteriors and along a scan of beta "
                "sigma^2 (price), each trained as (beta, 1) and as (1, beta).",
            ),
            Table(
                name="runaway",
                function="runaway.run_away",
                needs={"images": context.images(RUNAWAY_DATASET).path},
                makes={"curves": runaway},
                params={
                    "runs": [run.model_dump() for run in images.runaway_runs()],
                    "bound": images.runaway.bound,
                },
                environment="train",
                mem_mb=8000,
                runtime=240,
            ),
            *(
                Table(
                    name=f"{experiment}_models",
                    function="tables.models",
                    needs={
                        "scores": context.measured("scores.csv", members),
                        "jacobians": context.measured("jacobian.csv", members),
                        "identities": context.measured("identity.csv", members),
                        "cards": context.trained("card.json", members),
                    },
                    makes={"table": path},
                    params={
                        "rows": [training.row for training in members],
                        "variants": {k: v.columns() for k, v in variants.items()},
                    },
                    caption="The models of one experiment, a row each: what the model changes of "
                    "the reference, scores, orthogonality of the decoder's Jacobian on active "
                    "latents, singular values, and relative errors of the Taylor expansion and of "
                    "Sigma^-1 = I + E[H]/beta. NaN: fewer than two active latents, or a side that "
                    "does not exist.",
                )
                for experiment, path in tables.items()
                for variants in [images.experiment(experiment)]
                for members in [of(variants)]
            ),
            Table(
                name="identity_errors",
                function="tables.identity",
                needs={"linear_truth": linear_truth, "tables": list(tables.values())},
                makes={"identity": context.result("identity.csv")},
                caption="Relative error of Sigma^-1 = I + E[H]/beta: exact minima of the linear "
                "truth, and trained image models with H by Gauss-Newton at the mean, averaged over "
                "the posterior (expected), and exact at the mean. A diagonal posterior is compared "
                "on the diagonal, a full one as a matrix.",
            ),
            Table(
                name="cost",
                function="tables.cost",
                needs={
                    "cards": context.trained("card.json", of(images.timed())),
                    "records": context.trained("record.json", of(images.timed())),
                },
                makes={"cost": cost},
                params={"rows": [training.row for training in of(images.timed())]},
                caption="Milliseconds a training step, on the machine that trained, which may "
                "have had other work: compare within one machine only.",
            ),
            Table(
                name="claims",
                function="claims.claims",
                needs={
                    "linear_truth": linear_truth,
                    "tables": [*tables.values(), cost],
                    "runaway": runaway,
                },
                makes={"claims": context.result("claims.csv")},
                params={"bound": images.runaway.bound, "scale": scale, **standins},
                caption="What the document states, ours, its evidence and a verdict. The sign of "
                "beta is stated both ways: mechanism 2 of the document against the paper's own "
                "abstract. A statement that short trainings do not bear out is left open, unless "
                "length has no part in it.",
            ),
            provenance(context, models, scale=scale, config=config),
            index(context, models),
        ],
        figures=figures,
        compared=[
            Compared(
                table="claims.csv",
                item=("statement", "where", "dataset"),
                note=("evidence", "contradiction"),
            )
        ],
    )
