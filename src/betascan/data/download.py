"""Where files come from: the user's own folder, or downloads that resume after any mishap."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from betascan.core.errors import DataError

_TIMEOUT = (15, 60)
"""Seconds to wait for a connection, and for each next piece of the file."""


@dataclass(frozen=True)
class _Resuming:
    """A pooch downloader that goes on where ``part`` ends."""

    part: Path
    progress: bool

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        done = self.part.stat().st_size if self.part.exists() else 0
        # A compressed transfer would make the lengths below those of something else.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == 416:  # nothing after `done`: complete, or of another file
                if response.headers.get("Content-Range") != f"bytes */{done}":
                    self.part.unlink()
                    return self(url, output_file, _)
            else:
                response.raise_for_status()
                self._receive(response, done if response.status_code == 206 else 0)
        self.part.replace(output_file)

    def _receive(self, response: requests.Response, done: int) -> None:
        announced = response.headers.get("Content-Length")
        total = None if announced is None else done + int(announced)
        _check_space(self.part.parent, int(announced or 0))
        with (
            self.part.open("ab" if done else "wb") as target,
            tqdm(
                desc=self.part.stem,
                total=total,
                initial=done,
                unit="B",
                unit_scale=True,
                mininterval=1,
                disable=not self.progress,
            ) as bar,
        ):
            for chunk in response.iter_content(1 << 16):
                target.write(chunk)
                bar.update(len(chunk))
        if total is not None and (size := self.part.stat().st_size) != total:
            raise requests.ConnectionError(f"sent {size} of {total} bytes")


def data_root(configured: str | None) -> Path | None:
    """Return the folder of the user's own copies: ``BETASCAN_DATA``, else ``configured``.

    Raises:
        DataError: the folder does not exist.
    """
    name = os.environ.get("BETASCAN_DATA") or configured
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise DataError(
            f"the data folder {folder} does not exist; correct BETASCAN_DATA or data.root"
        )
    return folder


def fetch(urls: Sequence[str], destination: Path, progress: bool = True) -> None:
    """Download one file, from the first of ``urls`` that answers, unless it is already there.

    What has arrived is kept in ``<destination>.part``, and every address (provider first, then
    the fallbacks) is asked only for the rest. The addresses must offer the same file: the caller
    checks its content. ``destination`` appears complete or not at all.

    Raises:
        DataError: no address gave the whole file, or the disk cannot hold it.
    """
    pooch.get_logger().setLevel("WARNING")  # it would advise to pin the hash
    part = destination.with_name(destination.name + ".part")
    failures = []
    for url in urls:
        try:
            pooch.retrieve(
                url,
                known_hash=None,
                fname=destination.name,
                path=destination.parent,
                downloader=_Resuming(part, progress),
            )
            return
        except OSError as error:  # of which every exception of requests is one
            failures.append(f"{url} ({_reason(error)})")
    raise DataError(
        f"{destination.name} could not be downloaded from {' or '.join(failures)}; run again to "
        "resume, or set BETASCAN_DATA to a folder that holds the files"
    )


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"the download needs {needed / 1e6:,.1f} MB and {folder} has {free / 1e6:,.1f} MB "
            "free; make room and run again"
        )


def _reason(error: OSError) -> str:
    # The library's own texts are nested, and as long as a paragraph.
    match error:
        case requests.HTTPError():
            return str(error).split(" for url")[0]
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.ChunkedEncodingError():
            return "connection cut"
        case requests.ConnectionError() if "sent" not in str(error):
            return "cannot be reached"
    return str(error)
