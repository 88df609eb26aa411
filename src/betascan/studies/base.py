"""What a study consists of, as frozen rows: trainings, measurements, tables, figures.

A study's ``workflow.py`` returns one `Study`; the rule files of ``workflow/rules`` loop over its
rows. Nothing here imports torch or matplotlib: the Snakefile reads it before any environment
exists, so functions are given by name, relative to the study's package.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from betascan.config.base import PointsPerJob
from betascan.config.vae import Run
from betascan.core.paths import Paths

Files = str | Sequence[str]
Environment = Literal["data", "train", "figures"]


@dataclass(frozen=True)
class ImageData:
    """A file of images, identified by what determines its pixels.

    Attributes
    ----------
    name : str
        Its name in the column ``dataset`` of tables.
    kind : str
        Data set of `betascan.data.catalog` that the images come from.
    path : str
        HDF5 file of `betascan.data.store`.
    images : int
        Largest number of images.
    contents : Mapping
        Source, number, seed and whatever else determines the pixels.
    """

    name: str
    kind: str
    path: str
    images: int
    contents: Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """One model to be trained, identified by its content: identical trainings run once.

    Attributes
    ----------
    data : ImageData
        The images.
    run : Run
        Networks, objective, optimisation and seed.
    keys : Mapping
        What the study calls it: the columns that its tables select by.
    start : Training, optional
        The training whose final weights it continues.
    """

    data: ImageData
    run: Run
    keys: Mapping[str, str | float]
    start: "Training | None" = None

    @cached_property
    def signature(self) -> str:
        """Twelve hexadecimal digits of a hash of run, images and start."""
        start = self.start.signature if self.start else None
        content = [self.run.model_dump(), self.data.name, dict(self.data.contents), start]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def row(self) -> dict[str, Any]:
        """Signature and keys, as the functions of a rule receive them."""
        return {"signature": self.signature, "keys": {"dataset": self.data.name, **self.keys}}


@dataclass(frozen=True)
class Measurement:
    """A measurement of trained models, with one file of every name for each model.

    Attributes
    ----------
    name : str
        The rule is called ``<study>_<name>``.
    function : str
        Called with ``images``, ``models``, ``rows`` (`Training.row`), one list of paths for each
        entry of `files`, and `params`.
    files : Mapping
        Argument of the function: name of the file in ``runs/<study>/<signature>/``.
    of : Sequence of Training
        The models.
    """

    name: str
    function: str
    files: Mapping[str, str]
    of: Sequence[Training]
    params: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    runtime: int = 240


@dataclass(frozen=True)
class Table:
    """Files that one function makes from others: a table, a record, an intermediate result.

    Attributes
    ----------
    name : str
        The rule is called ``<study>_<name>``.
    function : str
        Called with the paths of `needs` and `makes` and with `params`, all by name.
    makes : Mapping
        Paths by argument; one that ends with a slash is a folder.
    caption : str
        Shown with `reported` in the report.
    reported : Sequence of str
        Arguments of `makes` whose files are in the report; by default the first one, if there is
        a caption.
    download : bool
        Downloaded: on a cluster it runs where Snakemake does, since compute nodes often have no
        network, and a change of the code does not run it again.
    """

    name: str
    function: str
    needs: Mapping[str, Files]
    makes: Mapping[str, Files]
    params: Mapping[str, Any] = field(default_factory=dict)
    caption: str = ""
    reported: Sequence[str] = ()
    environment: Environment = "figures"
    threads: int = 1
    mem_mb: int = 1000
    runtime: int = 10
    download: bool = False

    @property
    def shown(self) -> Sequence[str]:
        """Arguments of `makes` whose files are in the report."""
        return self.reported or (list(self.makes)[:1] if self.caption else ())


@dataclass(frozen=True)
class Figure:
    """A figure: ``figures/<study>/<name>.png`` and ``.pdf``, made by the rule ``<study>_<name>``.

    Attributes
    ----------
    function : str
        Called with the paths of `needs` and with `params` by name; returns a matplotlib Figure.
    caption : str
        What it shows and how to read it.
    footer : str
        Scale and data, printed below the figure.
    """

    name: str
    function: str
    needs: Mapping[str, Files]
    caption: str
    footer: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Compared:
    """A table of a study whose rows enter the comparison of all studies.

    Attributes
    ----------
    table : str
        File name in ``results/<study>/``.
    item : Sequence of str
        Columns that together name a row.
    about : str
        Put before the item.
    published, ours : str
        Columns of the two values.
    note : Sequence of str
        Columns with evidence.
    part : str
        Part of the study's provenance that has the scale; empty if there is only one.
    """

    table: str
    item: Sequence[str]
    about: str = ""
    published: str = "published"
    ours: str = "ours"
    note: Sequence[str] = ()
    part: str = ""


@dataclass(frozen=True)
class Study:
    """All rows of a study.

    Attributes
    ----------
    points_per_job : int or "all"
        How many models of a data set are trained, and measured, in one job.
    compared : Sequence of Compared
        The tables that enter the comparison of all studies, in its order.
    statements : Sequence of str
        Files of `betascan.studies.statements.write`.
    """

    key: str
    tables: Sequence[Table]
    figures: Sequence[Figure]
    trainings: Sequence[Training] = ()
    measurements: Sequence[Measurement] = ()
    points_per_job: PointsPerJob = "all"
    compared: Sequence[Compared] = ()
    statements: Sequence[str] = ()

    def results(self, paths: Paths) -> list[str]:
        """Return the files that the study leaves in ``results/`` or in the report."""
        single = [
            (name in table.shown, path)
            for table in self.tables
            for name, path in table.makes.items()
            if isinstance(path, str)
        ]
        return [path for shown, path in single if shown or path.startswith(f"{paths.results}/")]

    def readable(self, paths: Paths) -> list[str]:
        """Return those of its results that are small tables."""
        return [path for path in self.results(paths) if path.endswith(".csv")]

    def pictures(self, paths: Paths) -> list[str]:
        """Return the files that the study leaves in ``figures/``."""
        stems = [f"{paths.figures}/{self.key}/{figure.name}" for figure in self.figures]
        return [f"{stem}.{kind}" for stem in stems for kind in ("png", "pdf")]

    def targets(self, paths: Paths) -> list[str]:
        """Return all files that are made for it."""
        return [*self.results(paths), *self.pictures(paths)]
