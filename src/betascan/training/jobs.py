"""The job that trains image models one after another and stores them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from betascan.config.vae import Run
from betascan.core.device import resolve_device
from betascan.core.files import write_csv, write_json
from betascan.core.provenance import machine
from betascan.models import Saved, load, save
from betascan.training.batches import ImageBatches
from betascan.training.loop import temperature, train


def train_models(
    images: Path,
    models: Sequence[Path],
    histories: Sequence[Path],
    cards: Sequence[Path],
    records: Sequence[Path],
    runs: Sequence[dict[str, Any]],
    rows: Sequence[dict[str, Any]],
    continued: Sequence[str | None] = (),
    starts: Sequence[Path] = (),
) -> None:
    """Train models on the same images, one after another, and save them.

    Checkpoints are kept next to the models, undeclared, until all are done: Snakemake deletes the
    outputs of a failed job, and the next attempt finds what was already trained.

    Parameters
    ----------
    images : Path
        File of `betascan.data.store`.
    models, histories, cards, records : sequence of Path
        Written for each run: the model (`betascan.models.load` reads it), its history
        (`training.loop.TrainingResult.history`), what it is, and the machine it was trained on.
    runs : sequence of dict
        Each a `betascan.config.vae.Run` as plain values.
    rows : sequence of dict
        ``signature`` and ``keys`` of each run (`betascan.studies.base.Training.row`).
    continued : sequence of str, optional
        Signature of the model that each run continues, from an earlier run or `starts`; or None.
    starts : sequence of Path, optional
        Models in folders named after their signatures.
    """
    checkpoints = [model.with_name("checkpoint.pt") for model in models]
    loaded: dict[int, ImageBatches] = {}
    known = {path.parent.name: path for path in [*starts, *models]}
    given = zip(runs, rows, continued or [None] * len(runs), strict=True)
    for number, (values, row, start) in enumerate(given):
        run = Run.model_validate(values)
        size, device = run.model.size, torch.device(resolve_device(run.training.device))
        if size not in loaded:
            loaded[size] = ImageBatches(images, size, device)
        pictures = loaded[size]
        trained = train(
            run,
            pictures,
            start=load(known[start]).final if start else None,
            checkpoint=checkpoints[number],
            label=f"{_label(row['keys'])}, {number + 1} of {len(runs)}",
        )
        facts = {
            "signature": row["signature"],
            "images": len(pictures),
            "source": pictures.facts.source,
            "fingerprint": pictures.facts.fingerprint,
            "total_variance": pictures.total_variance,
            "pixel_scale": pictures.pixel_scale,
            "temperature": temperature(run, pictures),
            "best_step": trained.best_step,
            "last_step": trained.last_step,
        }
        save(Saved(run, pictures.channels, trained.best, trained.final, facts), models[number])
        write_csv(trained.history, histories[number])
        ended = trained.history.iloc[-1].to_dict()
        write_json({**facts, "run": run.model_dump(), "ended": ended}, cards[number])
        write_json({**trained.record, **machine()}, records[number])
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)


def _label(keys: dict[str, Any]) -> str:
    return " ".join(str(value) for value in keys.values())
