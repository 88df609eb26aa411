import errno
import http.server
import re
import shutil
import threading
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import pytest

from betascan.core.errors import DataError
from betascan.core.files import staged
from betascan.data.download import data_root, fetch

CONTENT = bytes(range(256)) * 4000


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT under /file and keeps a record of (path, Range header, bytes sent)."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.record = []
        self.ranges = True
        self.cut = set()

    def url(self, name="file"):
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers.get("Range")
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and self.server.ranges else 0
        if self.path == "/missing":
            self.server.record.append((self.path, asked, 0))
            self.send_error(404)
            return
        if start >= len(CONTENT):
            self.server.record.append((self.path, asked, 0))
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(CONTENT)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = CONTENT[start:]
        sent = body[: len(body) // 2] if self.path in self.server.cut else body
        self.server.record.append((self.path, asked, len(sent)))
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):  # the client may have seen enough
            self.wfile.write(sent)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "new" / "file.zip"


def part(target: Path) -> Path:
    return target.with_name("file.zip.part")


def test_a_file_arrives_alone_in_its_folder(server, target, capfd):
    fetch([server.url()], target, progress=False)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_size_and_time_left(server, target, capfd):
    fetch([server.url()], target)
    shown = capfd.readouterr().err
    assert "file.zip" in shown
    assert "/1.02M" in shown
    assert "<" in shown


def test_a_file_that_is_there_is_not_asked_for(server, target):
    target.parent.mkdir()
    target.write_bytes(b"mine")
    fetch([server.url()], target)
    assert target.read_bytes() == b"mine"
    assert server.record == []


def test_a_cut_download_resumes_at_the_last_byte(server, target):
    server.cut = {"/file"}
    with pytest.raises(DataError, match="run again to resume"):
        fetch([server.url()], target, progress=False)
    kept = part(target).stat().st_size
    assert 0 < kept <= len(CONTENT) // 2
    assert not target.exists()
    server.cut = set()
    fetch([server.url()], target, progress=False)
    assert server.record[1] == ("/file", f"bytes={kept}-", len(CONTENT) - kept)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_the_fallback_address_goes_on_where_the_provider_stopped(server, target):
    server.cut = {"/file"}
    fetch([server.url(), server.url("copy")], target, progress=False)
    (_, first, sent), (path, asked, rest) = server.record
    assert (first, path) == (None, "/copy")
    assert asked == f"bytes={len(CONTENT) - rest}-"
    assert 0 < len(CONTENT) - rest <= sent
    assert target.read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_sends_everything_again(server, target):
    server.ranges = False
    target.parent.mkdir()
    part(target).write_bytes(CONTENT[:1000])
    fetch([server.url()], target, progress=False)
    assert server.record == [("/file", "bytes=1000-", len(CONTENT))]
    assert target.read_bytes() == CONTENT


def test_a_complete_part_is_only_renamed(server, target):
    target.parent.mkdir()
    part(target).write_bytes(CONTENT)
    fetch([server.url()], target, progress=False)
    assert server.record == [("/file", f"bytes={len(CONTENT)}-", 0)]
    assert target.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_of_something_else(server, target):
    target.parent.mkdir()
    part(target).write_bytes(b"x" * (len(CONTENT) + 5))
    fetch([server.url()], target, progress=False)
    assert server.record[1] == ("/file", None, len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_one_line_names_every_address_and_what_to_do(server, target, capfd):
    nobody = "http://127.0.0.1:9/file"
    with pytest.raises(DataError) as caught:
        fetch([server.url("missing"), nobody], target, progress=False)
    message = str(caught.value)
    assert "\n" not in message
    assert f"{server.url('missing')} (404 Client Error: Not Found)" in message
    assert f"{nobody} (cannot be reached)" in message
    assert "BETASCAN_DATA" in message
    assert capfd.readouterr() == ("", "")
    assert list(target.parent.iterdir()) == []


def test_a_disk_too_small_is_told_before_the_download(server, target, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 500_000, 500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"needs 1\.0 MB .* has 0\.5 MB free") as caught:
        fetch([server.url(), server.url("copy")], target, progress=False)
    assert str(target.parent) in str(caught.value)
    assert list(target.parent.iterdir()) == []
    assert len(server.record) == 1


def test_the_environment_outranks_the_config(tmp_path, monkeypatch):
    monkeypatch.delenv("BETASCAN_DATA", raising=False)
    assert data_root(None) is None
    (tmp_path / "a").mkdir()
    assert data_root(str(tmp_path)) == tmp_path
    monkeypatch.setenv("BETASCAN_DATA", str(tmp_path / "a"))
    assert data_root(str(tmp_path)) == tmp_path / "a"
    monkeypatch.setenv("BETASCAN_DATA", str(tmp_path / "b"))
    with pytest.raises(DataError, match=r"/b does not exist; correct BETASCAN_DATA"):
        data_root(str(tmp_path))


def fill(destination, mishap):
    with staged(destination) as temporary:
        temporary.mkdir()
        (temporary / "half").touch()
        raise mishap


def test_staged_replaces_a_folder_or_leaves_it_alone(tmp_path):
    folder = tmp_path / "folder"
    for text in ("old", "new"):
        with staged(folder) as temporary:
            temporary.mkdir()
            (temporary / text).touch()
    assert [path.name for path in folder.iterdir()] == ["new"]
    with pytest.raises(KeyboardInterrupt):
        fill(folder, KeyboardInterrupt())
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]


def test_staged_clears_what_a_killed_run_left(tmp_path):
    (tmp_path / "file.partial").mkdir()
    with staged(tmp_path / "file") as temporary:
        temporary.write_text("whole")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_full_disk_is_one_line(tmp_path):
    with pytest.raises(DataError, match="is full: make room"):
        fill(tmp_path / "file", OSError(errno.ENOSPC, "No space left on device"))
    assert list(tmp_path.iterdir()) == []
