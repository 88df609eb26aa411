"""chen2018: four models on dSprites and 3D Shapes, their ELBO terms, metrics and joints."""

from collections.abc import Sequence
from itertools import product

from betascan.studies.base import Figure, ImageData, Measurement, Study, Table, Training
from betascan.studies.chen2018.config import (
    CHOSEN,
    DATASETS,
    INDEPENDENT,
    MODELS,
    REPEATED,
    VARIANTS,
    Chen2018,
)
from betascan.studies.context import Context
from betascan.studies.image_rows import evaluate, index, provenance

NAMES = {"dsprites": "dSprites", "shapes3d": "Shapes3D"}


def joint_data(context: Context[Chen2018], name: str) -> ImageData:
    """Return dSprites drawn under one of the joint distributions of two factors."""
    sprites, joint = context.images("dsprites"), context.config.joint
    contents = {"factors": joint.factors, "contrast": joint.named()[name], "joint": name}
    path = f"{context.paths.data}/dsprites_joint_{name}.h5"
    return ImageData("dsprites", "dsprites", path, sprites.images, {**sprites.contents, **contents})


def trainings(context: Context[Chen2018]) -> list[Training]:
    """Return the models of the data sets as they are, variants, and those of dependent factors."""
    config = context.config

    def training(data: ImageData, model: str, beta: float, seed: int, sampling: str) -> Training:
        keys: dict[str, str | float] = {
            "model": model,
            "beta": beta,
            "seed": seed,
            "sampling": sampling,
        }
        return Training(data, config.run(data.name, model, seed, beta), keys)

    independent = [
        training(context.images(name), model, beta, seed, INDEPENDENT)
        for name in DATASETS
        for seed, beta, model in product(getattr(config, name).seeds, config.betas, MODELS)
    ]
    variants = [
        training(sprites, model, config.variant_beta, seed, INDEPENDENT)
        for sprites in [context.images("dsprites")]
        for seed, model in product(config.dsprites.seeds, VARIANTS)
    ]
    dependent = [
        training(data, model, beta, seed, name)
        for name in config.joint.named()
        for data in [joint_data(context, name)]
        for seed, beta, model in product(config.dsprites.seeds, config.joint.betas, MODELS)
    ]
    return independent + variants + dependent


def _scores(
    context: Context[Chen2018], name: str, models: Sequence[Training], caption: str
) -> Table:
    """Return the row of a table of scores, ``<name>.csv``."""
    return Table(
        name=name,
        function="tables.scores",
        needs={
            "scores": context.measured("scores.csv", models),
            "terms": context.measured("terms.csv", models),
            "histories": context.trained("history.csv", models),
        },
        makes={"joined": context.result(f"{name}.csv")},
        params={"rows": [t.row for t in models]},
        caption=caption,
    )


def _footer(context: Context[Chen2018], *datasets: str, seeds: int = 0) -> str:
    """Scale, data, and what is reduced compared with the document."""
    scale, lines = context.scale(datasets=DATASETS), []
    for name in datasets:
        ours, papers = getattr(context.config, name), getattr(context.papers, name)
        line = context.described(name)
        if name == "shapes3d":
            line += ", in place of the document's 3D faces, which are not public"
        if scale != context.papers_name:
            steps, full = (
                protocol.run("beta_vae", 0, 1).training.schedule(getattr(data, name).images)[1]
                for protocol, data in ((ours, context.data), (papers, context.papers_data))
            )
            line += (
                f"\n{context.of_papers(ours.model.size, papers.model.size)} pixels, "
                f"width {context.of_papers(ours.model.width, papers.model.width)}, "
                f"{context.steps(steps, full)}, "
                f"minibatches of {context.of_papers(ours.batch_size, papers.batch_size)}, "
                f"{context.of_papers(seeds or len(ours.seeds), len(papers.seeds))} seeds"
            )
        lines.append(line)
    return context.footer(scale, "\n".join(lines))


def study(context: Context[Chen2018]) -> Study:
    """Return the rows of the study."""
    config, models = context.config, trainings(context)
    scale, standins = context.scale(datasets=DATASETS), context.standins(DATASETS)
    as_it_is = [t for t in models if t.keys["sampling"] == INDEPENDENT]
    dependent = [t for t in models if t.keys["sampling"] != INDEPENDENT]
    independent = [t for t in as_it_is if t.keys["model"] in MODELS]
    first = {name: getattr(config, name).seeds[0] for name in DATASETS}

    def of_first_seed(dataset: str, betas: Sequence[float]) -> list[Training]:
        return [
            t
            for t in independent
            if t.data.name == dataset
            and t.keys["seed"] == first[dataset]
            and t.keys["beta"] in betas
        ]

    repeated = [
        t
        for t in independent
        if t.data.name == "dsprites"
        and t.keys["model"] in REPEATED
        and t.keys["beta"] in config.stability.betas
    ]
    turned = [
        t
        for t in as_it_is
        if t.data.name == "dsprites"
        and t.keys["model"] in (*MODELS, "beta_vae_laplace")
        and t.keys["beta"] == config.variant_beta
    ]
    scores, joint_scores, terms, stability, rotations = (
        context.result(f"{name}.csv")
        for name in ("scores", "joint_scores", "elbo_terms", "stability", "rotation")
    )
    return Study(
        key=context.key,
        trainings=models,
        points_per_job=config.points_per_job,
        measurements=[
            evaluate(
                models,
                config.evaluation,
                function="measure.evaluate",
                files={"terms": "terms.csv"},
                n_exact_images=config.exact,
                mig_factors=CHOSEN,
            ),
            Measurement(
                name="repeat",
                function="stability.stability",
                files={"scores": "stability.csv"},
                of=repeated,
                params={
                    "samples": config.stability.samples,
                    "repeats": config.stability.repeats,
                    "mig_factors": CHOSEN,
                },
            ),
            Measurement(
                name="rotate",
                function="rotation.rotate",
                files={"scores": "rotation.csv"},
                of=turned,
                params={"samples": max(config.stability.samples), "mig_factors": CHOSEN},
            ),
        ],
        tables=[
            _scores(
                context,
                "scores",
                as_it_is,
                "ELBO, exact terms of the rate, both MIGs and active latents of every model of an "
                "unmodified data set. FactorVAE's gamma is beta - 1, so that the weight of the "
                "total correlation is beta in all models except the beta-VAE, which weights the "
                "whole rate. tcvae_alpha and tcvae_gamma instead have beta on the index-code "
                "information and on the dimension-wise KL; beta_vae_laplace has a Laplace prior.",
            ),
            _scores(
                context,
                "joint_scores",
                dependent,
                "The scores of models of dSprites with two factors that depend on each other, "
                "increasingly from B to D; every number is computed under that joint distribution.",
            ),
            Table(
                name="elbo_terms_table",
                function="tables.elbo_terms",
                needs={"tables": context.measured("terms.csv", independent)},
                makes={"joined": terms},
                caption="The three parts of the rate of every model, in nats: exact over a subset "
                "of the images, by MWS, by MSS, and by MSS with the weights of the public code; "
                "bias is the difference from the exact sum.",
            ),
            Table(
                name="stability",
                function="tables.stability",
                needs={"tables": context.measured("stability.csv", repeated)},
                makes={"joined": stability},
                caption="Scores of the same models (dSprites) from fresh samples: with the usual "
                "setting of each metric and several numbers of samples, and with other settings "
                "and the most samples. A sample is an image or, for FactorVAE's and the beta-VAE "
                "score, a vote or point computed from a whole group of images; half as many more "
                "are used for testing.",
            ),
            Table(
                name="rotations",
                function="betascan.studies.runs.concatenate",
                needs={"parts": context.measured("rotation.csv", turned)},
                makes={"joined": rotations},
                caption="MIG of models (dSprites) whose latents are rotated in pairs, in order of "
                "the variance of their means. At 90 degrees the two latents of each pair have "
                "swapped. All angles use the same sample.",
            ),
            Table(
                name="statements",
                function="statements.statements",
                needs={
                    "scores": scores,
                    "joint_scores": joint_scores,
                    "terms": terms,
                    "repeated": stability,
                    "rotations": rotations,
                },
                makes={"statements": context.result("statements.csv")},
                params={"scale": scale, "standins": standins},
                caption="What the document states, the criterion by which it is judged, and what "
                "came out, with 95 % intervals over seeds. Shapes3D takes the place of the 3D "
                "faces, which are not public.",
            ),
            provenance(context, as_it_is, scale=scale, config=config),
            provenance(
                context,
                dependent,
                scale=context.scale(datasets=["dsprites"]),
                config=config,
                path=context.result("joint_provenance.json"),
                name="joint_provenance",
            ),
            index(context, models),
        ],
        figures=[
            Figure(
                name="mig_beta",
                function="figures.mig_beta",
                needs={"scores": scores},
                params={"standins": standins},
                footer=_footer(context, *DATASETS),
                caption="Question 1: MIG against beta for beta-VAE, beta-TCVAE (both estimators of "
                "q(z)) and FactorVAE, as the document measures it (samples of q(z|x) against the "
                "posteriors of all images, on dSprites without shape) and with 20 bins: box plots "
                "over seeds or, with fewer than five seeds, the seeds themselves with a line at "
                "their mean. Shapes3D takes the place of the document's 3D faces, which are not "
                "public. At beta = 1 both estimators give the same loss up to rounding, and so "
                "nearly the same model.",
            ),
            Figure(
                name="elbo_mig",
                function="figures.elbo_mig",
                needs={"scores": scores},
                params={"standins": standins},
                footer=_footer(context, *DATASETS),
                caption="Question 2: ELBO at the end of training against MIG, means over seeds "
                "with standard errors, one line per model as beta varies, larger points for larger "
                "beta. Shapes3D takes the place of the 3D faces.",
            ),
            Figure(
                name="tc_mig",
                function="figures.tc_mig",
                needs={"scores": scores},
                params={"standins": standins},
                footer=_footer(context, *DATASETS),
                caption="Question 4: exact total correlation of a mixture of posteriors (`exact` "
                "of them; an upper bound, because they cannot carry more information about an "
                "image than the logarithm of their number) against MIG; large points are means "
                "over seeds, larger for larger beta, small points single models. Below: the rank "
                "correlation of the two over beta, one point per seed, and its mean with the 95 % "
                "interval (with three seeds or more; an arrow where it extends beyond -1 or 1). "
                "Shapes3D takes the place of the 3D faces.",
            ),
            Figure(
                name="weights",
                function="figures.weights",
                needs={"scores": scores},
                params={"beta": config.variant_beta},
                footer=_footer(context, "dsprites"),
                caption="MIG on dSprites with one part of the rate weighted by beta: the "
                "index-code information (alpha), the total correlation (beta of beta-TCVAE), the "
                "dimension-wise KL (gamma), all three (beta-VAE), or none. beta-TCVAE uses MWS. "
                "Box plots over seeds or, with fewer than five seeds, the seeds themselves with a "
                "line at their mean.",
            ),
            Figure(
                name="joints",
                function="figures.joints",
                needs={"scores": scores, "joint_scores": joint_scores},
                params={
                    "factors": config.joint.factors,
                    "contrasts": config.joint.named(),
                    "betas": config.joint.betas,
                },
                footer=_footer(context, "dsprites"),
                caption="Question 4: four joint distributions of two factors of dSprites (A "
                "uniform and independent, B to D increasingly dependent and not uniform; the most "
                "likely combination is up to four times as likely as the least, as in the "
                "document, which gives the shapes as a picture: these are ours) with the mutual "
                "information of the two factors; below, MIG of models trained under each. MIG is "
                "evaluated under the dependent distribution of the training, not under the "
                "independent one.",
            ),
            Figure(
                name="rotation",
                function="figures.rotation",
                needs={"rotations": rotations},
                params={"beta": config.variant_beta},
                footer=_footer(context, "dsprites"),
                caption="Question 3: MIG of latents that are rotated in pairs away from the axes, "
                "mean and standard error over seeds, on dSprites: as the document measures it, but "
                "from the posteriors of the sample only, and with 20 bins. At 45 degrees each pair "
                "is mixed evenly; at 90 its two latents have swapped.",
            ),
            Figure(
                name="metric_stability",
                function="metric_figures.stability",
                needs={"repeated": stability},
                footer=_footer(context, "dsprites"),
                caption="Question 3, on dSprites: how much scores vary. Above left: root mean "
                "square distance of single scores from the mean score with the most samples, in "
                "units of the standard deviation between models (medians over models); it includes "
                "noise and the bias of small samples. Above right: standard deviation over "
                "repeats, in the score's own units. Below: scores of every model with other "
                "settings, with the most samples; MIG as in the document has none. Samples are "
                "images, or votes and points that each use a group of images. No score uses more "
                "images than its samples: MIG, too, uses only their posteriors.",
            ),
            *(
                Figure(
                    name=f"elbo_terms_{name}",
                    function="metric_figures.elbo_terms",
                    needs={"terms": terms},
                    params={"dataset": name, "standins": standins},
                    footer=_footer(context, name),
                    caption="Index-code information, total correlation and dimension-wise KL of "
                    "every model in nats: the exact sum with a subset of the images as the whole "
                    "data set, and means over its minibatches, of the size used in training, by "
                    "minibatch-weighted (MWS) and minibatch-stratified sampling (MSS), the latter "
                    "once with the intended weights and once with those of the public code, which "
                    "puts 1/N into column 0. MWS underestimates q(z), and more so the larger the "
                    "data set. The bias in training, where N is the whole data set, is larger "
                    "still.",
                )
                for name in DATASETS
            ),
            *(
                Figure(
                    name=f"traversals_{name}",
                    function="metric_figures.traversals",
                    needs={"views": context.measured("views.npz", shown)},
                    params={
                        "rows": [t.row for t in shown],
                        "dataset": name,
                        "beta": config.variant_beta,
                        "standins": standins,
                    },
                    footer=_footer(context, name, seeds=1),
                    caption=f"Latents of {NAMES[name]} moved from -2 "
                    "to 2 around one image's code, sorted by their rate (on the "
                    "left, in nats), for each model of the first seed at one "
                    "beta. A latent without rate changes nothing.",
                )
                for name in DATASETS
                for shown in [of_first_seed(name, [config.variant_beta])]
            ),
        ],
        statements=[context.result("statements.csv")],
    )
