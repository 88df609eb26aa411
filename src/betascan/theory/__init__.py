"""Laws that the documents derive, to be drawn over measured points."""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray

if TYPE_CHECKING:
    FloatArray = NDArray[np.float64]
else:  # numbers in, a number out
    FloatArray = Float[np.ndarray, "..."] | np.float64
