"""The base of every part of the configuration."""

from pydantic import BaseModel, ConfigDict


class ConfigModel(BaseModel):
    """A mapping of the configuration: frozen, unknown keys refused, no NaN and no infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
