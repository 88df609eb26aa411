"""vu2026, linear study: alternating updates and AdamW on Gaussian data, from many starts."""

from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from betascan.config.base import ConfigModel

Weight = Annotated[float, Field(ge=0)]

METHODS = ("fixed_point", "adamw")


class Size(ConfigModel):
    """One size of the data, and the budget of each method for it."""

    observed: int = Field(ge=2, description="number of variables of y")
    rng_offset: int = Field(
        ge=0, description="number of uniform numbers drawn before the data's parameters"
    )
    max_half_steps: int = Field(
        ge=2, description="largest number of half-steps of the alternating updates"
    )
    tolerance: float = Field(
        gt=0, description="relative change of the decoder in a sweep at which a model has converged"
    )
    iterations: int = Field(ge=1, description="largest number of AdamW updates")


class Gaussian(ConfigModel):
    """The factors and the noise of the data."""

    factors: int = Field(ge=2, description="number of independent Gaussian factors of variation")
    noise: float = Field(gt=0, description="variance of every y that is not due to the factors")
    seed: int = Field(ge=0, description="seed of numpy's RandomState")


class Model(ConfigModel):
    """The data, and the model that is fitted to them."""

    data: Gaussian
    latents: int = Field(ge=2, description="dimension of the latent space")


class AdamW(ConfigModel):
    """The optimiser; everything else is torch's default."""

    lr: float = Field(gt=0, description="AdamW's learning rate")
    weight_decay: float = Field(ge=0, description="decoupled weight decay of all parameters")
    clip: float = Field(gt=0, description="largest norm of a gradient")


class Contraction(ConfigModel):
    """The alternating updates that are followed sweep by sweep."""

    sweeps: int = Field(ge=4, description="number of updates of decoder and encoder")
    lam: float = Field(gt=0, description="lambda of the run whose modes are all shown")
    beta: float = Field(
        gt=1, description="beta of that run, between the thresholds of the modes at this lambda"
    )


class Vu2026Linear(ConfigModel):
    """Every beta with every lambda from every start, by both methods at both sizes."""

    model: Model
    small: Size
    large: Size
    betas: tuple[Weight, ...] = Field(min_length=2, description="weights of the KL term")
    lambdas: tuple[Weight, ...] = Field(min_length=2, description="weights of the squared error")
    starts: int = Field(
        ge=2, description="number of initial encoders and decoders of every beta and lambda"
    )
    seed: int = Field(ge=0, description="seed of the starts")
    adamw: AdamW
    contraction: Contraction
    lambdas_per_job: Literal[1, "all"] = Field(
        description="1: a job for each lambda; all: one job for each method and size"
    )

    @model_validator(mode="after")
    def _comparable(self) -> Self:
        if 1 not in self.betas or 0 not in self.lambdas:
            raise ValueError("what the results are held against needs beta 1 and lambda 0")
        if self.small.observed >= self.large.observed:
            raise ValueError("small must have fewer observed variables than large")
        return self

    def sizes(self) -> dict[str, Size]:
        """Return the sizes by the names of their files."""
        return {f"n{size.observed}": size for size in (self.small, self.large)}

    def parts(self) -> list[list[float]]:
        """Return the lambdas of each job."""
        if self.lambdas_per_job == "all":
            return [list(self.lambdas)]
        return [[lam] for lam in self.lambdas]

    def jobs(self) -> list[str]:
        """Return the names of all jobs: size, method and number of the part."""
        jobs = product(self.sizes(), METHODS, range(len(self.parts())))
        return [f"{size}-{method}-{part}" for size, method, part in jobs]

    def contractions(self) -> list[tuple[float, float]]:
        """Return (lambda, beta) of the runs that are followed sweep by sweep."""
        beta = max(self.betas)
        grid = [*product([0.0], self.betas), *product(self.lambdas, [beta])]
        return sorted({*grid, (self.contraction.lam, self.contraction.beta)})
