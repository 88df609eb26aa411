"""The metrics' error, in its own module: trainings use it and depend on no other code here."""

from betascan.core.errors import BetascanError


class MetricError(BetascanError):
    """The arrays or settings given to a metric cannot be scored."""
