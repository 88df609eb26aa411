"""vu2026, linear study: alternating updates and AdamW on Gaussian data, from many starts."""

from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from betascan.config.base import ConfigModel

Weight = Annotated[float, Field(ge=0)]


class Size(ConfigModel):
    """One size of the data, and how long each method may take for it."""

    observed: int = Field(ge=2, description="variables of y")
    skipped: int = Field(ge=0, description="numbers of the random stream used up before")
    half_steps: int = Field(ge=2, description="of the alternating updates, at most")
    tolerance: float = Field(gt=0, description="a relative change of the decoder that is rest")
    iterations: int = Field(ge=1, description="of AdamW")


class Gaussian(ConfigModel):
    """The factors and the noise of the data."""

    factors: int = Field(ge=2)
    noise: float = Field(gt=0, description="variance of every y beyond the factors")
    seed: int = Field(ge=0, description="of numpy's RandomState")


class Model(ConfigModel):
    """What is fitted to what."""

    data: Gaussian
    latents: int = Field(ge=2)


class AdamW(ConfigModel):
    """The optimiser, torch's defaults beyond."""

    lr: float = Field(gt=0)
    weight_decay: float = Field(ge=0)
    clip: float = Field(gt=0, description="largest norm of a gradient")


class Contraction(ConfigModel):
    """The sweeps that are looked at one by one."""

    sweeps: int = Field(ge=4)
    lam: float = Field(gt=0)
    beta: float = Field(gt=1, description="at this lambda: between the thresholds of the modes")


class Vu2026Linear(ConfigModel):
    """Every beta with every lambda from every start, by both methods at both sizes."""

    model: Model
    small: Size
    large: Size
    betas: tuple[Weight, ...] = Field(min_length=2)
    lambdas: tuple[Weight, ...] = Field(min_length=2)
    starts: int = Field(ge=2)
    seed: int = Field(ge=0, description="of the starts")
    adamw: AdamW
    contraction: Contraction
    lambdas_per_job: Literal[1, "all"]

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

    def watched(self) -> list[tuple[float, float]]:
        """Return (lambda, beta) of the contractions that are looked at."""
        beta = max(self.betas)
        grid = [*product([0.0], self.betas), *product(self.lambdas, [beta])]
        return sorted({*grid, (self.contraction.lam, self.contraction.beta)})
