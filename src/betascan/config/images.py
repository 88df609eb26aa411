"""What the studies of images have in common: how models are trained and scored."""

from operator import not_
from typing import Literal

from pydantic import Field, field_validator

from betascan.config.base import ConfigModel
from betascan.config.vae import Training
from betascan.metrics.registry import METRICS

TABULAR_METRICS = [name for name, metric in METRICS.items() if "encoder" not in metric.needs]
"""Metrics that need no images of factors on demand."""


class TrainingDefaults(ConfigModel):
    """What all trainings of a study share; see `betascan.config.vae.Training`."""

    lr: float = Field(gt=0, description="Adam's learning rate")
    held_out: float = Field(
        ge=0,
        lt=0.5,
        description="share of the images held out for validation, and as much again for the test",
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
        description="number of torch threads of a training on a CPU; decides the rounding of its "
        "results",
    )
    cuda_graph: bool = Field(
        default=False,
        exclude_if=not_,
        description="replay each step as one CUDA graph; no effect on a CPU",
    )

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
    refits: int = Field(
        ge=0, description="how often classifiers are fitted anew for an interval; 0: never"
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
