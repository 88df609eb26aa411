"""The base of every part of the configuration."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

PointsPerJob = Annotated[int, Field(ge=1)] | Literal["all"]
"""How many models of a scan or a data set are trained in one job, one after the other."""

Name = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
"""A name that becomes part of a file name."""


class ConfigModel(BaseModel):
    """A mapping of the configuration.

    Frozen; unknown keys, NaN, infinity and repeated values in a list are refused: all lists here
    are sets of alternatives, and a repeated one would be trained or drawn twice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _distinct(cls, value: Any) -> Any:
        if isinstance(value, tuple):
            repeated = [item for i, item in enumerate(value) if item in value[:i]]
            if repeated:
                first = f"{repeated[0]:g}" if isinstance(repeated[0], float) else repeated[0]
                raise ValueError(f"{first} is listed twice")
        return value
