"""Where files come from: the user's own copies, or downloads that resume after an interruption."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

from betascan.core.errors import ContentError, DataError
from betascan.core.files import check_space, reading, writing

_TIMEOUT = (15, 60)
"""Seconds to wait for a connection, and for each next piece of the file."""
_DEPTHS = ("*", "*/*", "*/*/*")
"""The data folder and two levels of folders in it."""


REPLACE = "replace it and run again"
"""How the error messages for a wrong file end."""


class DownloadError(DataError):
    """No address gave the file; the message lists them with the reasons."""


def data_root(configured: str | Path | None) -> Path | None:
    """Return the folder of the user's own copies.

    Parameters
    ----------
    configured : str or Path or None
        ``data.root`` of the configuration, which the variable BETASCAN_DATA overrides.

    Returns
    -------
    Path or None
        An absolute path, or None if neither is set.

    Raises
    ------
    DataError
        There is no such folder.
    """
    name = os.environ.get("BETASCAN_DATA") or configured
    if not name:
        return None
    folder = Path(name).expanduser().absolute()
    with reading(folder):
        if folder.is_dir():
            return folder
        fault = "is not a folder" if folder.exists() else "does not exist"
    raise DataError(f"the data folder {folder} {fault}; correct BETASCAN_DATA or data.root")


def locate_or_download(
    names: Sequence[str], root: Path | None, download: Callable[[], Path]
) -> Path:
    """Return the user's own copy of a file, else download it.

    Parameters
    ----------
    names : sequence of str
        Names of the file, the preferred one first; ``*`` stands for anything, and case is
        ignored.
    root : Path or None
        The folder to search, with two levels of folders in it.
    download : callable
        Downloads the file and returns its path, or raises `DownloadError`.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        There is no copy, and the download failed.
    """
    if root is None:
        advice = f"set BETASCAN_DATA to a folder that holds {' or '.join(names)}"
    else:
        if (copy := _find(names, root)) is not None:
            return copy
        absent = f"no {' or '.join(names)} in {root} (BETASCAN_DATA) or two levels of folders in it"
        print(f"betascan: {absent}: downloading", file=sys.stderr)
        advice = f"put the file where it was looked for: {absent}"
    try:
        return download()
    except DownloadError as error:
        raise DownloadError(f"{error}; run again to resume, or {advice}") from None


def _find(names: Sequence[str], root: Path) -> Path | None:
    with reading(root):
        paths = [path for depth in _DEPTHS for path in sorted(root.glob(depth))]
    for name in names:
        for path in paths:
            if fnmatch(path.name.lower(), name.lower()) and path.is_file():
                return path
    return None


def fetch(
    urls: Sequence[str],
    destination: Path,
    check: Callable[[Path], None] | None = None,
    *,
    progress: bool = True,
) -> None:
    """Download one file, unless it is already there.

    What has arrived is kept in ``<destination>.part``, and the next address is asked only for the
    rest.

    Parameters
    ----------
    urls : sequence of str
        Addresses of the file, tried in this order: the provider's, then the mirrors'.
    destination : Path
        Where the file appears, complete or not at all.
    check : callable, optional
        Takes the file and raises ContentError if it is not the right one: a server's error page,
        for example. The file is then removed, and the next address is tried.
    progress : bool
        Whether a progress bar is shown.

    Raises
    ------
    DownloadError
        No address gave the right file.
    DataError
        The disk is full or cannot be written to.
    """
    pooch.get_logger().setLevel("WARNING")  # it would advise pinning the hash
    part = destination.with_name(destination.name + ".part")
    pending, failures = list(urls), []
    while pending:
        url = pending.pop(0)
        resumed = part.exists() or destination.exists()
        try:
            _retrieve(url, destination, part, progress)
            if check is not None:
                check(destination)
        except requests.RequestException as error:
            failures.append(f"{url} ({_reason(error)})")
        except ContentError as error:
            destination.unlink()
            if resumed:  # the beginning may have been from another file
                pending.insert(0, url)
            else:
                reason = re.sub(f"[:;] {REPLACE}", "", str(error)).replace(f"{destination} ", "")
                failures.append(f"{url} (its reply {reason})")
        else:
            return
    raise DownloadError(f"{destination.name} could not be downloaded from {' or '.join(failures)}")


def _retrieve(url: str, destination: Path, part: Path, progress: bool) -> None:
    """Download a file, or raise RequestException for the network and DataError for the disk."""
    try:
        pooch.retrieve(
            url,
            known_hash=None,
            fname=destination.name,
            path=destination.parent,
            downloader=_Resuming(part, progress),
        )
    except requests.RequestException:
        raise
    except OSError as error:
        if type(error) is OSError and error.errno is None:  # such as a missing CA bundle
            raise requests.RequestException(str(error)) from None
        with writing(destination):
            raise


@dataclass(frozen=True)
class _Resuming:
    """A pooch downloader that resumes where ``part`` ends."""

    part: Path
    progress: bool

    def __call__(self, url: str, output_file: str, caller: Any) -> None:
        done = self.part.stat().st_size if self.part.exists() else 0
        # In a compressed transfer the lengths below would not be those of the file.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
        with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == 416:  # nothing after `done`: complete, or from another file
                if response.headers.get("Content-Range") != f"bytes */{done}":
                    self.part.unlink()
                    return self(url, output_file, caller)
            else:
                response.raise_for_status()
                self._receive(response, done if response.status_code == 206 else 0)
        self.part.replace(output_file)

    def _receive(self, response: requests.Response, done: int) -> None:
        announced = response.headers.get("Content-Length")
        total = None if announced is None else done + int(announced)
        check_space(self.part.parent, int(announced or 0))
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


def _reason(error: requests.RequestException) -> str:
    """Return the cause in a few words: the library's own messages are nested and long."""
    text = str(error)
    match error:
        case requests.HTTPError():
            return text.split(" for url")[0]
        case requests.Timeout():
            return "no answer in time"
        case requests.exceptions.SSLError():
            cause = re.search(r"certificate verify failed: ([^(']+)", text)
            if cause is None:
                return "no secure connection"
            return (
                f"its certificate cannot be verified: {cause[1].strip()}; correct the clock, or "
                "set REQUESTS_CA_BUNDLE to the certificates of your institution"
            )
        case requests.exceptions.ProxyError():
            return "the proxy cannot be reached: correct HTTP_PROXY and HTTPS_PROXY"
        case requests.exceptions.ChunkedEncodingError():
            return "connection cut"
        case requests.ConnectionError() if "sent" not in text:
            return "cannot be reached"
    return " ".join(text.split())
