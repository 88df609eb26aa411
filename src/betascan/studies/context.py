"""What a study's ``workflow.py`` is given: its part of the configuration, and where files are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from betascan.config.base import ConfigModel
from betascan.config.data import Data
from betascan.core.paths import Paths
from betascan.data.catalog import CLIMATE_SOURCES, IMAGE_SETS
from betascan.studies.base import ImageData, Training

Section = TypeVar("Section", bound=ConfigModel)


@dataclass(frozen=True)
class Context(Generic[Section]):
    """The configuration of a run, as one study sees it.

    Attributes
    ----------
    key : str
        Citation key of the study.
    config, papers : ConfigModel
        The study's section as it is, and as `config.yaml` has it.
    data, papers_data : Data
        Likewise the data sets.
    scale_name, papers_name : str
        Likewise the name of the scale.
    paths : Paths
        The folders of the run.
    """

    key: str
    config: Section
    papers: Section
    data: Data
    papers_data: Data
    scale_name: str
    papers_name: str
    paths: Paths

    def scale(self, part: str = "", datasets: Iterable[str] = ()) -> str:
        """Return the scale of a part of the study: the papers', if nothing in it is shrunk.

        Parameters
        ----------
        part : str
            Field of the section; empty for all of it.
        datasets : iterable of str
            Fields of `data` that it uses.
        """
        pairs = [(self.config, self.papers)]
        if part:
            pairs = [(getattr(self.config, part), getattr(self.papers, part))]
        pairs += [(getattr(self.data, d), getattr(self.papers_data, d)) for d in datasets]
        same = all(ours == papers for ours, papers in pairs)
        return self.papers_name if same else self.scale_name

    def footer(self, scale: str, data: str) -> str:
        """Return the line below every figure: its scale and data."""
        return f"betascan {self.key} · scale: {scale} · data: {data}"

    @staticmethod
    def of_papers(ours: int, papers: int) -> str:
        """Return a number, with the papers' if that differs."""
        if ours > papers:
            return f"{ours:,} (paper: {papers:,})"
        return f"{ours:,}" if ours == papers else f"{ours:,} of {papers:,}"

    @classmethod
    def steps(cls, ours: int, papers: int) -> str:
        """Return the number of training steps, marked if below a hundredth of the paper's."""
        less = "far too few: " if 100 * ours < papers else ""
        return f"{less}{cls.of_papers(ours, papers)} steps"

    def result(self, name: str) -> str:
        """Return the path of a table in the study's results."""
        return f"{self.paths.results}/{self.key}/{name}"

    def intermediate(self, name: str) -> str:
        """Return the path of a file of the study that is not a result."""
        return f"{self.paths.runs}/{self.key}/{name}"

    def images(self, dataset: str) -> ImageData:
        """Return an image data set of the configuration."""
        wanted = getattr(self.data, dataset)
        path = f"{self.paths.data}/{dataset}_{wanted.source}.h5"
        return ImageData(dataset, dataset, path, wanted.images, wanted.model_dump())

    def described(self, dataset: str) -> str:
        """Say what the data are: genuine, rendered, or a stand-in."""
        names = CLIMATE_SOURCES if dataset == "climate" else IMAGE_SETS[dataset].sources
        return names[getattr(self.data, dataset).source]

    def standins(self, datasets: Iterable[str]) -> list[str]:
        """Return those of the data sets whose images are not the genuine ones."""
        return [name for name in datasets if getattr(self.data, name).source == "standin"]

    def seeds(self, dataset: str, seeds: Sequence[int], on_standins: int | None) -> Sequence[int]:
        """Return the seeds of a data set: the first few only, if it is a stand-in."""
        return seeds[:on_standins] if self.standins([dataset]) else seeds

    def number_of_seeds(
        self, datasets: Sequence[str], ours: int, papers: int, on_standins: int | None
    ) -> str:
        """Return how many seeds there are, of how many, and how many stand-ins have if fewer."""
        text = f"{self.of_papers(ours, papers)} seeds"
        standins = self.standins(datasets)
        if on_standins is None or on_standins >= ours or not standins:
            return text
        if len(standins) == len(datasets):
            return f"{self.of_papers(on_standins, papers)} seeds"
        return f"{text} (stand-ins: {on_standins})"

    def trained(self, file: str, trainings: Iterable[Training]) -> list[str]:
        """Return the files of that name that training writes: model.pt, history.csv, card.json."""
        return [f"{self.paths.models}/{training.signature}/{file}" for training in trainings]

    def measured(self, file: str, trainings: Iterable[Training]) -> list[str]:
        """Return the files of that name that a measurement writes."""
        return [self.intermediate(f"{training.signature}/{file}") for training in trainings]
