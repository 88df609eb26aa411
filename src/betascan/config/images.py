"""What the studies of images have in common: how models are trained and scored."""

from pydantic import Field, field_validator

from betascan.config.base import ConfigModel
from betascan.config.vae import Training, TrainingSettings
from betascan.metrics.registry import METRICS

TABULAR_METRICS = [
    name for name, metric in METRICS.items() if "encoder" not in metric.needs and name != "mig_chen"
]
"""Metrics that need neither images on demand nor, like `mig_chen`, a choice of factors."""


class TrainingDefaults(TrainingSettings):
    """What all trainings of a study share, in its section of the configuration."""

    def training(
        self,
        batch_size: int,
        *,
        epochs: float | None = None,
        steps: int | None = None,
        patience: int | None = None,
    ) -> Training:
        """Return the protocol of one training."""
        return Training(
            batch_size=batch_size,
            epochs=epochs,
            steps=steps,
            patience=patience,
            **self.model_dump(),
        )


class Evaluation(ConfigModel):
    """Which scores, from how many images."""

    wanted: tuple[str, ...] = Field(
        min_length=1, description=f"metrics to compute, some of {', '.join(TABULAR_METRICS)}"
    )
    samples: int = Field(ge=20, description="largest number of images to compute scores from")
    test_samples: int = Field(ge=10, description="largest number of images to test classifiers on")
    refits: int | None = Field(
        ge=0,
        description="how often classifiers are refitted for an interval; 0: never; null: no "
        "intervals for any score",
    )

    @field_validator("wanted")
    @classmethod
    def _known(cls, wanted: tuple[str, ...]) -> tuple[str, ...]:
        for name in wanted:
            if name not in TABULAR_METRICS:
                raise ValueError(
                    f"{name} is no metric of stored images; there are {', '.join(TABULAR_METRICS)}"
                )
        return wanted
