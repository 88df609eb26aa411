"""What an image VAE is and how it is trained, as plain values.

Without torch, so that a workflow can read them before any environment exists.
"""

import math
import operator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from betascan.config.base import ConfigModel

Activation = Literal["relu", "silu", "softplus", "tanh"]
Posterior = Literal["diagonal", "full"]
Prior = Literal["gaussian", "laplace", "uniform"]


class Model(ConfigModel):
    """The networks of a VAE and the family of its posterior and prior."""

    size: Literal[32, 64] = Field(description="pixels a side; 32: means of 2 x 2 pixels")
    encoder: Literal["convolutional", "mlp"] = Field(description="four convolutions, or an MLP")
    decoder: Literal["convolutional", "mlp", "linear"] = Field(
        description="four transposed convolutions, an MLP, or one affine layer"
    )
    width: int = Field(ge=1, description="units in each dense layer")
    latents: int = Field(ge=1, description="dimensions of z")
    activation: Activation = Field(
        description="activation function of the decoder; encoders use ReLU"
    )
    posterior: Posterior = Field(description="covariance of the Gaussian q(z|x)")
    prior: Prior = Field(description="distribution p(z), independent over latents")


class Likelihood(ConfigModel):
    """p(x|z), independent over pixels.

    squared_error is |sigmoid(output) - x|^2 without 1/2, the others are negative log-likelihoods.
    """

    kind: Literal["bernoulli", "gaussian", "laplace", "squared_error"] = Field(
        description="likelihood of a pixel, given z"
    )
    variance: float = Field(gt=0, description="sigma^2 of a pixel; 1 where the kind has none")

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if self.kind in ("bernoulli", "squared_error") and self.variance != 1:
            raise ValueError(f"a {self.kind} likelihood has no variance: say 1")
        return self


class BetaVae(ConfigModel):
    """D + beta R (Higgins et al. 2017); beta = 1 is the VAE."""

    kind: Literal["beta_vae"] = "beta_vae"
    beta: float = Field(ge=0, description="weight of the rate")


class LambdaBetaVae(ConfigModel):
    """D + beta R + lambda |x - reconstruction|^2 (vu2026)."""

    kind: Literal["lambda_beta_vae"] = "lambda_beta_vae"
    beta: float = Field(ge=0, description="weight of the rate")
    lam: float = Field(ge=0, description="lambda, weight of the added squared error")


class FactorVae(ConfigModel):
    """D + R + gamma TC, by a discriminator (Kim and Mnih 2018)."""

    kind: Literal["factor_vae"] = "factor_vae"
    gamma: float = Field(ge=0, description="weight of the total correlation")
    discriminator_lr: float = Field(gt=0, description="Adam's learning rate for the discriminator")
    discriminator_width: int = Field(
        ge=1, description="units in each of the discriminator's six hidden layers"
    )


class BetaTcVae(ConfigModel):
    """D + alpha MI + beta TC + gamma dimension-wise KL (chen2018)."""

    kind: Literal["beta_tcvae"] = "beta_tcvae"
    beta: float = Field(ge=0, description="weight of the total correlation")
    alpha: float = Field(ge=0, description="weight of the index-code mutual information")
    gamma: float = Field(ge=0, description="weight of the dimension-wise KL")
    sampling: Literal["mws", "mss"] = Field(
        description="minibatch-weighted or minibatch-stratified sampling"
    )


class Orthogonal(ConfigModel):
    """D + beta R + weight x off-diagonal mass of the decoder's J^T J (allen2024, next check 1)."""

    kind: Literal["orthogonal"] = "orthogonal"
    beta: float = Field(ge=0, description="weight of the rate")
    weight: float = Field(ge=0, description="weight of the orthogonality penalty")


class Deterministic(ConfigModel):
    """D + beta R without sampling: D to second order around the mean (allen2024, mechanism 3)."""

    kind: Literal["deterministic"] = "deterministic"
    beta: float = Field(ge=0, description="weight of the rate")
    curvature: Literal["hessian", "gauss_newton"] = Field(
        description="second derivatives of D: exact, or without those of the decoder"
    )


Objective = Annotated[
    BetaVae | LambdaBetaVae | FactorVae | BetaTcVae | Orthogonal | Deterministic,
    Field(discriminator="kind"),
]


class TrainingSettings(ConfigModel):
    """What all trainings of a study share."""

    lr: float = Field(gt=0, description="Adam's learning rate")
    held_out: float = Field(
        ge=0,
        lt=0.5,
        description="share of the images held out for validation, and as much again for testing",
    )
    interval: int | None = Field(
        ge=1, description="steps between rows of the history; null: one epoch"
    )
    precision: Literal["float32", "float16"] = Field(
        description="float16: mixed precision where there is CUDA, else float32"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(description="auto: CUDA where there is one")
    threads: int = Field(
        ge=1,
        description="number of torch threads for training on a CPU; determines the rounding of its "
        "results",
    )
    cuda_graph: bool = Field(
        default=False,
        exclude_if=operator.not_,  # a run without it keeps its signature
        description="replay each step as one CUDA graph; no effect on a CPU",
    )


class Training(TrainingSettings):
    """How long a VAE is trained, in which steps, and on which device."""

    batch_size: int = Field(ge=2, description="number of images per step")
    epochs: float | None = Field(
        gt=0, description="largest number of epochs; null where steps are given"
    )
    steps: int | None = Field(
        ge=1, description="largest number of steps; null where epochs are given"
    )
    patience: int | None = Field(
        ge=1,
        description="epochs without a better validation loss before training stops; null: never",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.epochs is None) == (self.steps is None):
            raise ValueError("give one of epochs and steps, and null for the other")
        if self.patience is not None and self.held_out == 0:
            raise ValueError("patience needs images held out for validation")
        return self

    @property
    def fractions(self) -> tuple[float, float, float]:
        """Shares of the images for training, validation and test."""
        return 1 - 2 * self.held_out, self.held_out, self.held_out

    def schedule(self, images: int) -> tuple[int, int]:
        """Return the number of steps in an epoch, and the maximum number in a training.

        Minibatches are always full: images left over in one epoch are shown in another.

        Parameters
        ----------
        images : int
            Number of images in the data set, those held out included.
        """
        trained_on = images - 2 * int(self.held_out * images)  # as data.sampling.split rounds
        epoch = max(1, trained_on // self.batch_size)
        return epoch, self.steps or math.ceil((self.epochs or 0) * epoch)


class Run(ConfigModel):
    """All that one trained model depends on, except its images and any model that it continues."""

    model: Model = Field(description="networks, posterior and prior")
    likelihood: Likelihood = Field(description="likelihood that gives the reconstruction term D")
    objective: Objective = Field(description="what is minimised")
    training: Training = Field(description="how it is minimised")
    seed: int = Field(ge=0, description="seed of initial weights, order of images and noise")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        objective, model = self.objective, self.model
        gaussian = model.posterior == "diagonal" and model.prior == "gaussian"
        if objective.kind == "beta_tcvae" and not gaussian:
            raise ValueError("beta_tcvae needs a diagonal posterior and a Gaussian prior")
        if objective.kind == "deterministic" and model.prior == "uniform":
            raise ValueError("deterministic needs a prior that leaves z as it is: no uniform prior")
        return self
