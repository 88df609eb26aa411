"""What a scan accepts, checked before it starts."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np
from jaxtyping import Float, Float64
from numpy.typing import ArrayLike

from betascan.core.errors import ConfigError, DataError


def as_table(values: ArrayLike, name: str) -> Float[np.ndarray, "n features"]:
    """Return samples as a finite array of floats.

    Parameters
    ----------
    values : array_like (n, features)
        An array, a tensor, a DataFrame or nested lists.
    name : str
        What an error calls it.

    Returns
    -------
    float32 or float64 array (n, features)
        float32 if the values are float32, else float64.

    Raises
    ------
    DataError
        If it is not a table of finite numbers, or is empty.
    """
    try:
        array = _as_floats(values)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name} must be a table of numbers ({error})") from None
    if array.ndim != 2:
        raise DataError(f"{name} must be of shape (samples, features), not {array.shape}")
    if 0 in array.shape:
        raise DataError(f"{name} is empty, of shape {array.shape}")
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        row, column = wrong[0]
        label = getattr(values, "columns", range(array.shape[1]))[column]
        more = f" and {len(wrong) - 1} more such entries" if len(wrong) > 1 else ""
        raise DataError(
            f"{name} has {array[row, column]} in row {row} (from 0), column {label}{more}: "
            "drop or fill these rows"
        )
    return array


def as_weights(betas: ArrayLike) -> Float64[np.ndarray, " points"]:
    """Return the weights of the rate as an array.

    Parameters
    ----------
    betas : array_like (points,)
        One or more finite numbers, none negative.

    Returns
    -------
    float64 array (points,)
        The same.

    Raises
    ------
    ConfigError
        If they are anything else.
    """
    try:
        array = _as_floats(betas).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"betas must be a list of numbers ({error})") from None
    if array.ndim != 1 or len(array) == 0:
        raise ConfigError(f"betas must be a list of numbers, not of shape {array.shape}")
    if wrong := [beta for beta in array if not 0 <= beta < np.inf]:
        raise ConfigError(f"betas must be finite and not negative, unlike {wrong[0]:g}")
    return array


def check_settings(
    counts: Mapping[str, int],
    amounts: Mapping[str, float],
    choices: Mapping[str, tuple[str, Any]],
) -> None:
    """Raise ConfigError for the first setting that makes no sense.

    Parameters
    ----------
    counts : mapping of str to int
        Settings that must be at least 1, by name.
    amounts : mapping of str to float
        Settings that must be above 0.
    choices : mapping of str to (str, Literal)
        Settings that must be one of a few words.
    """
    for name, count in counts.items():
        if count < 1:
            raise ConfigError(f"{name} must be at least 1, not {count}")
    for name, amount in amounts.items():
        if not amount > 0:
            raise ConfigError(f"{name} must be above 0, not {amount}")
    for name, (word, known) in choices.items():
        if word not in get_args(known):
            raise ConfigError(f"{name} must be one of {', '.join(get_args(known))}, not {word}")


def _as_floats(values: Any) -> Float[np.ndarray, "..."]:
    if hasattr(values, "detach"):  # a tensor, which numpy may not be able to read directly
        values = values.detach().cpu()
        values = values if str(values.dtype) == "torch.float32" else values.double()
    array = np.asarray(values)
    if array.dtype.kind not in "fiubO":
        raise TypeError(f"the type is {array.dtype}")
    return array if array.dtype == np.float32 else array.astype(np.float64)
