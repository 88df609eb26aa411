"""rate2030: beta-VAEs on dSprites."""

from typing import Annotated

from pydantic import Field

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import Evaluation, TrainingDefaults
from betascan.config.vae import BetaVae, Likelihood, Model, Run


class Rate2030(ConfigModel):
    """How the rate of a beta-VAE falls as beta grows."""

    betas: tuple[Annotated[float, Field(ge=0)], ...] = Field(
        min_length=2, description="weights of the rate"
    )
    seed: int = Field(ge=0, description="seed of all trainings")
    points_per_job: PointsPerJob = Field(description="1: one job a model")
    model: Model
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="number of images per step")
    steps: int = Field(ge=1, description="number of training steps")
    training: TrainingDefaults
    evaluation: Evaluation

    def run(self, beta: float) -> Run:
        """Return the run of one beta."""
        return Run(
            model=self.model,
            likelihood=self.likelihood,
            objective=BetaVae(beta=beta),
            training=self.training.training(self.batch_size, steps=self.steps),
            seed=self.seed,
        )


SECTION = Rate2030
