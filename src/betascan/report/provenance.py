"""Where the numbers of a study of images come from, in one record."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from betascan.core.files import read_json, write_json

PER_RUN = ("device", "precision", "seconds")


def summarise(
    cards: Sequence[Path],
    records: Sequence[Path],
    provenance: Path,
    scale: str,
    config: dict[str, Any],
) -> None:
    """Write scale, data, settings, devices, training time, and the machines and versions.

    Parameters
    ----------
    cards, records : sequence of Path
        Cards and records of every training, as `betascan.training.jobs.train_models` writes them.
    provenance : Path
        JSON to write.
    scale : str
        Name of the scale.
    config : dict
        The study's section of the configuration.
    """
    about = [read_json(card) for card in cards]
    runs = [read_json(record) for record in records]
    data = {card["fingerprint"]: (card["source"], card["images"]) for card in about}
    machines = [{k: v for k, v in run.items() if k not in PER_RUN} for run in runs]
    write_json(
        {
            "scale": scale,
            "data": [
                {"source": source, "images": images, "fingerprint": fingerprint}
                for fingerprint, (source, images) in sorted(data.items())
            ],
            "config": config,
            "trainings": len(runs),
            "device": sorted({run["device"] for run in runs}),
            "precision": sorted({run["precision"] for run in runs}),
            "training_seconds": round(sum(run["seconds"] for run in runs)),
            "made_by": [m for i, m in enumerate(machines) if m not in machines[:i]],
        },
        provenance,
    )
