"""Where everything is kept: the one place that knows the folders of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Paths:
    """The folders of a run, relative to Snakemake's working directory.

    Attributes
    ----------
    output : str
        The configuration's ``output``; ``.`` for the working directory itself.
    """

    output: str

    def _below(self, folder: str) -> str:
        return folder if self.output == "." else f"{self.output}/{folder}"

    @property
    def data(self) -> str:
        """Data sets in their canonical form."""
        return self._below("data")

    @property
    def runs(self) -> str:
        """Trained models and everything measured on them."""
        return self._below("runs")

    @property
    def models(self) -> str:
        """Trained models, one folder per signature, shared by all studies."""
        return f"{self.runs}/models"

    @property
    def logs(self) -> str:
        """Logs and benchmark files of jobs."""
        return self._below("logs")

    @property
    def results(self) -> str:
        """Tables."""
        return self._below("results")

    @property
    def figures(self) -> str:
        """Figures."""
        return self._below("figures")

    @property
    def plan(self) -> str:
        """The table of how long trainings take on this machine."""
        return f"{self.runs}/plan.csv"
