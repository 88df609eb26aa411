"""allen2024: the linear-Gaussian truth, image VAEs by experiment, and their decoders' Jacobians."""

from collections.abc import Iterable

from betascan.data.catalog import IMAGE_SETS
from betascan.studies.allen2024.config import DATASETS, EXPERIMENTS, Allen2024
from betascan.studies.base import Figure, Measurement, Study, Table, Training
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
    runaway, operations, collapsed, pushforward = (
        context.result(f"{name}.csv")
        for name in ("runaway", "operations", "collapsed", "pushforward")
    )
    statements = {part: context.result(f"{part}_statements.csv") for part in ("linear", "image")}

    def of(variants: Iterable[str]) -> list[Training]:
        wanted = set(variants)
        return [training for (_, _, name), training in by_key.items() if name in wanted]

    pushed = of(images.pushed_forward())
    data = "; ".join(context.described(dataset) for dataset in DATASETS)
    size = ""
    if scale != context.papers_name:
        seeds = context.number_of_seeds(
            DATASETS, len(images.seeds), len(papers.seeds), images.standin_seeds
        )
        size = (
            f"\n{context.of_papers(images.model.size, papers.model.size)} pixels, "
            f"{context.of_papers(images.model.latents, papers.model.latents)} latents, "
            f"{context.steps(images.steps, papers.steps)}, {seeds}"
        )
    footer = context.footer(scale, f"{data}{size}")
    footer_with_linear = context.footer(scale, f"{data}; linear-Gaussian, exact{size}")
    exact = f"linear-Gaussian, exact · {config.linear.starts} starts"
    standins = {"standins": context.standins(DATASETS)}
    dotted = "Dotted: the highest MIG of a model without an active latent."

    figures = [
        Figure(
            name="linear_truth",
            function="linear_figures.linear_truth",
            needs={"table": linear_truth},
            footer=context.footer(linear_scale, exact),
            caption="Left: angle between the decoder's columns and the PCA axes, one per start; "
            "not injective: with more latents than observed variables, and a diagonal posterior; "
            "dashed: the mean over random rotations. Right: posterior log-variances against beta "
            "sigma^2, one colour per mode (dark: most variance), trained as (beta, 1) and as (1, "
            "beta), with the law log(beta sigma^2 / lambda_k).",
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
            caption="Both sides of Sigma^-1 = I + E[J^T J]/(beta sigma^2), diagonal entries of "
            "active latents: exact for the linear truth, and at test images for trained models. A "
            "VAE whose encoder is optimal lies on the line; the legends say how far the median "
            "entry is from it.",
        ),
        Figure(
            name="tradeoff",
            function="figures.tradeoff",
            needs={"table": tables["tradeoff"], "collapsed": collapsed},
            params=standins,
            footer=footer,
            caption="Beta 1 and 5 at the reference's sigma^2 (filled) and the scan at sigma^2 = 1 "
            "(open), against beta sigma^2, which alone should matter. Bars: standard errors over "
            f"seeds. {dotted}",
        ),
        Figure(
            name="posterior_covariance",
            function="group_figures.posterior_covariance",
            needs={
                "table": tables["posterior_covariance"],
                "collapsed": collapsed,
                "operations": operations,
            },
            params=standins,
            footer=footer,
            caption="Diagonal and full posterior covariances over seeds. Lower is more orthogonal; "
            "dash-dotted: a random matrix in place of d s_i/d z_j. Operations of a training step "
            f"are counted for matrix products and convolutions. {dotted}",
        ),
        Figure(
            name="decoders",
            function="group_figures.decoders",
            needs={"table": tables["decoders"], "collapsed": collapsed},
            params=standins,
            footer=footer,
            caption="Activations of the convolutional decoder; a linear decoder; an MLP, also with "
            "a full posterior. Errors of the second-order "
            "expansion are relative to E_q[D] - D(mean); below the dashed line they are sampling "
            f"noise. MIG: {dotted[0].lower()}{dotted[1:]}",
        ),
        Figure(
            name="deterministic_elbo",
            function="figures.deterministic_elbo",
            needs={"table": tables["deterministic_elbo"], "runaway": runaway},
            params=standins,
            footer=footer,
            caption="Left: off-diagonal mass of the Hessian of D and of J^T J over training, under "
            "the sampled and the deterministic (Gauss-Newton) ELBO. Right: with the exact Hessian "
            "of a smooth decoder the deterministic ELBO has no lower bound; with ReLU both forms "
            "are the same. Bars: standard errors over seeds.",
        ),
        Figure(
            name="orthogonality_penalty",
            function="figures.orthogonality_penalty",
            needs={
                "table": tables["orthogonality_penalty"],
                "collapsed": collapsed,
            },
            params=standins,
            footer=footer,
            caption="Orthogonality and MIG over training without and with the penalty and with a "
            "full posterior, mean and standard error over seeds; right: every model at the end of "
            f"training. {dotted}",
        ),
        Figure(
            name="likelihood_variance",
            function="figures.likelihood_variance",
            needs={"table": tables["likelihood_variance"], "linear_truth": linear_truth},
            params=standins,
            footer=footer_with_linear,
            caption="The measured sigma^2 that a VAE with beta 1 would need for the same "
            "posteriors and decoder, against beta, with the paper's law (rises in proportion to "
            "beta) and the document's mechanism 2 (falls); not measured where no latent is active. "
            "Middle: active latents. Bars: standard errors over seeds. Right: the same model "
            "trained as (beta, 1) and as (1, beta), one point per seed and beta. Where training "
            "has not yet brought the encoder to its optimum, the measured variance misses the law.",
        ),
        Figure(
            name="priors",
            function="group_figures.priors",
            needs={"table": tables["priors"], "collapsed": collapsed},
            params=standins,
            footer=footer,
            caption="Gaussian, Laplace and uniform priors of unit variance. For the uniform one "
            "the decoder is given the CDF of a Gaussian latent; J is with respect to the "
            f"Gaussian latent. {dotted}",
        ),
        Figure(
            name="likelihoods",
            function="group_figures.likelihoods",
            needs={"table": tables["likelihoods"], "collapsed": collapsed},
            params=standins,
            footer=footer,
            caption=f"Other likelihoods, with diagonal and full posteriors. {dotted}",
        ),
        Figure(
            name="pushforward",
            function="pushforward_figures.pushforward",
            needs={"table": pushforward, "collapsed": collapsed},
            params=standins,
            footer=footer,
            caption="Images decoded from the prior, decomposed into how far they lie along each "
            "left singular vector of J. Dependence: bias-corrected squared distance correlation of "
            "two such components or of their sizes, mean over pairs, 0 if they are independent "
            "(theorem 2). Below: means over seeds, one point per kind of model. Recovered: squared "
            "correlation of latents with what the encoder finds in their images, 1 where the "
            "decoder confuses no codes. "
            f"{dotted}",
        ),
        Figure(
            name="singular_values",
            function="figures.singular_values",
            needs={"table": tables["likelihood_variance"]},
            params=standins,
            footer=footer,
            caption="Singular values of J (geometric means over test images) along the scan, and "
            "the sum of their logarithms over active latents: how much the decoder thins out the "
            "density on the data manifold. Means and standard errors over the seeds in which that "
            "many latents are active.",
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
            Measurement(
                name="push_forward",
                function="pushforward.pushforward",
                files={"pushforwards": "pushforward.csv"},
                of=pushed,
                params={"points": images.measures.points},
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
                "columns and PCA axes, orthogonality, both sides of the identity, and the excess "
                "of the loss over its closed form, for diagonal and full posteriors, along a scan "
                "of beta sigma^2 (each trained as (beta, 1) and as (1, beta)), and for decoders "
                "with more latents than observed variables, which are not injective.",
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
                        "histories": context.trained("history.csv", members),
                    },
                    makes={"table": path},
                    params={
                        "rows": [training.row for training in members],
                        "variants": {k: v.columns() for k, v in variants.items()},
                    },
                    caption="The models of one experiment, one row each: what the model changes in "
                    "the reference, scores, orthogonality of the decoder's Jacobian on active "
                    "latents, singular values, relative errors of the Taylor expansion and of "
                    "Sigma^-1 = I + E[H]/beta, and the fraction of the total variation of its loss "
                    "that is upwards (instability). NaN: fewer than two active latents, or a side "
                    "that does not exist.",
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
                "truth, and trained image models with H by Gauss-Newton at the mean, the same "
                "averaged over the posterior (expected), and exact at the mean. A diagonal "
                "posterior is compared on the diagonal, a full one as a matrix.",
            ),
            Table(
                name="operations",
                function="operations.operations",
                needs={},
                makes={"table": operations},
                params={
                    "channels": {dataset: IMAGE_SETS[dataset].channels for dataset in DATASETS},
                    "runs": {
                        name: images.run(variant, 0).model_dump()
                        for name, variant in images.experiment("posterior_covariance").items()
                    },
                },
                environment="train",
                mem_mb=4000,
                caption="Floating-point operations of a training step: matrix products and "
                "convolutions, forward and backward.",
            ),
            Table(
                name="collapsed",
                function="tables.collapsed",
                needs={"tables": list(tables.values())},
                makes={"table": collapsed},
                caption="Models of all experiments without an active latent, and the MIG that they "
                "nevertheless have.",
            ),
            Table(
                name="pushforward_models",
                function="tables.pushforward",
                needs={
                    "pushforwards": context.measured("pushforward.csv", pushed),
                    "tables": list(tables.values()),
                },
                makes={"table": pushforward},
                caption="How independent the components of a decoder's images are along left "
                "singular vectors (dependence: 0 if they are, 1 if one determines the other), and "
                "whether the encoder recovers the latents that the decoder was given, with all "
                "else that is known about the models.",
            ),
            Table(
                name="linear_statements",
                function="linear_statements.write",
                needs={"linear_truth": linear_truth},
                makes={"statements": statements["linear"]},
                params={"scale": linear_scale},
                caption="What the document states, judged on the linear-Gaussian truth, with 95 % "
                "intervals over starts.",
            ),
            Table(
                name="image_statements",
                function="image_statements.write",
                needs={
                    **tables,
                    "operations": operations,
                    "collapsed": collapsed,
                    "pushforward": pushforward,
                },
                makes={"statements": statements["image"]},
                params={"scale": scale, **standins},
                caption="What the document states, the criterion by which it is judged on models "
                "of images, and what came out, with 95 % intervals over seeds.",
            ),
            provenance(context, models, scale=scale, config=config),
            index(context, models),
        ],
        figures=figures,
        statements=list(statements.values()),
    )
