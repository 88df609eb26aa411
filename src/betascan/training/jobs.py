"""The job that trains one image model after the other and stores them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from betascan.config.vae import Run
from betascan.core.files import write_csv, write_json
from betascan.core.provenance import provenance
from betascan.models import Saved, load, save
from betascan.training.allocator import keep_memory
from betascan.training.batches import ImageBatches
from betascan.training.loop import resolve_device, temperature, train


def train_models(
    images: Path,
    models: Sequence[Path],
    histories: Sequence[Path],
    cards: Sequence[Path],
    records: Sequence[Path],
    runs: Sequence[dict[str, Any]],
    name: str,
    starts: Sequence[Path] = (),
) -> None:
    """Train `runs` on the same images, each from the model at the same place in `starts`, if any.

    Writes for each the model (`models.load` reads it), its history (as `Trained`), a card of
    what it is, and a record of device, seconds and versions. Checkpoints lie beside the models,
    undeclared, until all are done: Snakemake deletes the outputs of a job that failed, and the
    next attempt finds what was trained.
    """
    keep_memory()
    checkpoints = [model.with_name("checkpoint.pt") for model in models]
    loaded: dict[int, ImageBatches] = {}
    for number, given in enumerate(runs):
        run = Run.model_validate(given)
        size, device = run.model.size, resolve_device(run.training.device)
        if size not in loaded:
            loaded[size] = ImageBatches(images, size, device)
        pictures = loaded[size]
        trained = train(
            run,
            pictures,
            start=load(starts[number]).final if starts else None,
            checkpoint=checkpoints[number],
            label=f"{name}, {number + 1} of {len(runs)}",
        )
        facts = {
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
        write_json({"name": name, "run": run.model_dump(), **facts, "ended": ended}, cards[number])
        write_json({**trained.record, **provenance()}, records[number])
    for checkpoint in checkpoints:
        checkpoint.unlink(missing_ok=True)
