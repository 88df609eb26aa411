"""denardin2025: beta-VAE and FactorVAE on dSprites and MPI3D real_complex."""

from typing import Annotated

from pydantic import Field

from betascan.config.base import ConfigModel, PointsPerJob
from betascan.config.images import Evaluation, TrainingDefaults
from betascan.config.vae import BetaVae, FactorVae, Likelihood, Model, Run

DATASETS = ("dsprites", "mpi3d_real_complex")
MODELS = ("beta_vae", "factor_vae")
TABLES = {
    "01": ("dsprites", "beta_vae"),
    "02": ("dsprites", "factor_vae"),
    "03": ("mpi3d_real_complex", "beta_vae"),
    "04": ("mpi3d_real_complex", "factor_vae"),
}


class Protocol(ConfigModel):
    """What differs between the two data sets."""

    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        min_length=1, description="seeds; each gets one model of each kind and weight"
    )
    likelihood: Likelihood
    batch_size: int = Field(ge=2, description="number of images per step")
    epochs: float = Field(gt=0, description="largest number of epochs")
    patience: int = Field(
        ge=1, description="epochs without a better validation loss before training stops"
    )
    patience_strong: int = Field(
        ge=1, description="patience of FactorVAE where gamma is at least strong_gamma"
    )


class Denardin2025(ConfigModel):
    """Latent representation disentanglement: beta and factor VAEs (slides)."""

    weights: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        min_length=1, description="values of beta for the beta-VAE and of gamma for FactorVAE"
    )
    strong_gamma: float = Field(
        gt=0, description="smallest gamma at which FactorVAE has patience_strong"
    )
    anneal_above: float = Field(
        ge=0,
        description="betas above it are also trained starting from the model of the next "
        "lower beta",
    )
    points_per_job: PointsPerJob = Field(
        description="1: one (GPU) job per model; 10: one for ten models of a data set"
    )
    model: Model
    training: TrainingDefaults
    discriminator_lr: float = Field(gt=0, description="Adam's learning rate for the discriminator")
    discriminator_width: int = Field(
        ge=1, description="units in each of the discriminator's hidden layers"
    )
    dsprites: Protocol
    mpi3d_real_complex: Protocol
    evaluation: Evaluation

    def run(self, dataset: str, model: str, weight: float, seed: int) -> Run:
        """Return the run for a data set, a model, its weight and a seed."""
        protocol: Protocol = getattr(self, dataset)
        strong = model == "factor_vae" and weight >= self.strong_gamma
        objective: BetaVae | FactorVae = BetaVae(beta=weight)
        if model == "factor_vae":
            objective = FactorVae(
                gamma=weight,
                discriminator_lr=self.discriminator_lr,
                discriminator_width=self.discriminator_width,
            )
        patience = protocol.patience_strong if strong else protocol.patience
        training = self.training.training(
            protocol.batch_size, epochs=protocol.epochs, patience=patience
        )
        return Run(
            model=self.model,
            likelihood=protocol.likelihood,
            objective=objective,
            training=training,
            seed=seed,
        )


SECTION = Denardin2025
