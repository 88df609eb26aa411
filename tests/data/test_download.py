import http.server
import re
import shutil
import ssl
import subprocess
import threading
from collections import namedtuple
from contextlib import suppress
from pathlib import Path

import pytest

from betascan.core.errors import ContentError, DataError
from betascan.data import download
from betascan.data.download import DownloadError, data_root, fetch, locate_or_download

CONTENT = bytes(range(256)) * 4000
WEB_PAGE = b"<html>Down for maintenance</html>"


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
        if self.path in ANSWERS:
            self.server.record.append((self.path, asked, 0))
            ANSWERS[self.path](self)
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
        with suppress(ConnectionError):  # the client may have closed the connection
            self.wfile.write(sent)

    def answer(self, status, body=None):
        self.send_response(status)
        if body is not None:
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args):
        pass


ANSWERS = {
    "/missing": lambda handler: handler.send_error(404),
    "/web-page": lambda handler: handler.answer(200, WEB_PAGE),
    "/empty": lambda handler: handler.answer(200, b""),
    "/no-content": lambda handler: handler.answer(204),
}


def check(path):
    """Accept CONTENT alone."""
    if path.read_bytes() != CONTENT:
        raise ContentError(f"{path} is not a zip file; {download.REPLACE}")


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
    fetch([server.url()], target, check, progress=False)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_size_and_time_left(server, target, capfd):
    fetch([server.url()], target, check)
    shown = capfd.readouterr().err
    assert "file.zip" in shown
    assert "/1.02M" in shown
    assert "<" in shown


def test_a_file_that_is_there_is_not_asked_for(server, target):
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    fetch([server.url()], target, check)
    assert target.read_bytes() == CONTENT
    assert server.record == []


def test_a_cut_download_resumes_at_the_last_byte(server, target):
    server.cut = {"/file"}
    with pytest.raises(DownloadError, match=r"\(connection cut|sent \d+ of"):
        fetch([server.url()], target, check, progress=False)
    kept = part(target).stat().st_size
    assert 0 < kept <= len(CONTENT) // 2
    assert not target.exists()
    server.cut = set()
    fetch([server.url()], target, check, progress=False)
    assert server.record[1] == ("/file", f"bytes={kept}-", len(CONTENT) - kept)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_the_fallback_address_goes_on_where_the_provider_stopped(server, target):
    server.cut = {"/file"}
    fetch([server.url(), server.url("copy")], target, check, progress=False)
    (_, first, sent), (path, asked, rest) = server.record
    assert (first, path) == (None, "/copy")
    assert asked == f"bytes={len(CONTENT) - rest}-"
    assert 0 < len(CONTENT) - rest <= sent
    assert target.read_bytes() == CONTENT


def test_a_server_that_knows_no_ranges_sends_everything_again(server, target):
    server.ranges = False
    target.parent.mkdir()
    part(target).write_bytes(CONTENT[:1000])
    fetch([server.url()], target, check, progress=False)
    assert server.record == [("/file", "bytes=1000-", len(CONTENT))]
    assert target.read_bytes() == CONTENT


def test_a_complete_part_is_only_renamed(server, target):
    target.parent.mkdir()
    part(target).write_bytes(CONTENT)
    fetch([server.url()], target, check, progress=False)
    assert server.record == [("/file", f"bytes={len(CONTENT)}-", 0)]
    assert target.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_is_of_something_else(server, target):
    target.parent.mkdir()
    part(target).write_bytes(b"x" * (len(CONTENT) + 5))
    fetch([server.url()], target, check, progress=False)
    assert server.record[1] == ("/file", None, len(CONTENT))
    assert target.read_bytes() == CONTENT


def test_one_line_names_every_address_and_its_reason(server, target, capfd):
    nobody = "http://127.0.0.1:9/file"
    with pytest.raises(DownloadError) as caught:
        fetch([server.url("missing"), nobody], target, check, progress=False)
    assert str(caught.value) == (
        f"file.zip could not be downloaded from {server.url('missing')} (404 Client Error: Not "
        f"Found) or {nobody} (cannot be reached)"
    )
    assert capfd.readouterr() == ("", "")
    assert list(target.parent.iterdir()) == []


def test_a_disk_too_small_is_noticed_before_the_download(server, target, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 500_000, 500_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DataError, match=r"is full: 1\.0 MB are needed and 0\.5 MB free") as caught:
        fetch([server.url(), server.url("copy")], target, check, progress=False)
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


@pytest.mark.parametrize("answer", ["web-page", "empty", "no-content"])
def test_the_next_address_is_asked_if_the_first_sends_something_else(server, target, answer):
    fetch([server.url(answer), server.url()], target, check, progress=False)
    assert target.read_bytes() == CONTENT
    assert [path for path, *_ in server.record] == [f"/{answer}", "/file"]
    assert list(target.parent.iterdir()) == [target]


def test_something_else_from_every_address_is_one_line_and_leaves_nothing(server, target):
    for _ in range(2):  # a second run asks again
        with pytest.raises(DownloadError) as caught:
            fetch([server.url("web-page"), server.url("empty")], target, check, progress=False)
        assert str(caught.value) == (
            f"file.zip could not be downloaded from {server.url('web-page')} (its reply is not "
            f"a zip file) or {server.url('empty')} (its reply is not a zip file)"
        )
        assert list(target.parent.iterdir()) == []
    assert len(server.record) == 4


@pytest.mark.parametrize("name", ["file.zip.part", "file.zip"])
def test_the_rest_of_another_file_does_not_spoil_a_download(server, target, name):
    target.parent.mkdir()
    target.with_name(name).write_bytes(WEB_PAGE)
    fetch([server.url()], target, check, progress=False)
    assert target.read_bytes() == CONTENT
    assert server.record[-1] == ("/file", None, len(CONTENT))


def test_a_good_file_stays_if_it_cannot_be_checked(server, target):
    def full(_):
        raise DataError("the disk is full")

    with pytest.raises(DataError, match="the disk is full"):
        fetch([server.url()], target, full, progress=False)
    assert target.read_bytes() == CONTENT


@pytest.fixture
def https(tmp_path, monkeypatch):
    """The address of a server whose certificate nobody has signed."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    try:
        subprocess.run(
            [*command, "-keyout", key, "-out", certificate], check=True, capture_output=True
        )
    except OSError:
        pytest.skip("needs openssl")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Server() as running:
        running.handle_error = lambda *_: None
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"https://127.0.0.1:{running.server_port}/file"
        running.shutdown()
        thread.join()


def test_a_certificate_that_cannot_be_verified_is_named(https, target):
    with pytest.raises(DownloadError) as caught:
        fetch([https], target, check, progress=False)
    assert "its certificate cannot be verified: self-signed certificate;" in str(caught.value)
    assert "REQUESTS_CA_BUNDLE" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_certificates_are_named(https, target, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(DownloadError, match=r"CA certificate bundle, invalid path: /nowhere"):
        fetch([https], target, check, progress=False)


def test_a_proxy_that_is_down_is_named(target, monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"\(the proxy cannot be reached: correct HTTP_PROXY"):
        fetch(["http://example.org/file"], target, check, progress=False)


def test_a_folder_that_cannot_be_written_is_not_blamed_on_the_address(server, tmp_path):
    (tmp_path / "file").touch()
    target = tmp_path / "file/file.zip"
    with pytest.raises(DataError, match=r"file/file\.zip cannot be written \(") as caught:
        fetch([server.url()], target, check, progress=False)
    assert "127.0.0.1" not in str(caught.value)


def test_a_disk_that_fills_up_is_not_blamed_on_the_address(server, small_disk, monkeypatch):
    monkeypatch.setattr(download, "check_space", lambda *_: None)  # another program fills it
    with pytest.raises(DataError, match=r"is full: make room and run again") as caught:
        fetch([server.url(), server.url("copy")], small_disk / "file.zip", check, progress=False)
    assert "127.0.0.1" not in str(caught.value)
    assert len(server.record) == 1


def test_relative_data_folders_are_made_absolute(tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BETASCAN_DATA", "a")
    assert data_root(None) == tmp_path / "a"


def test_a_file_is_no_data_folder(tmp_path, monkeypatch):
    (tmp_path / "layers.zip").touch()
    monkeypatch.setenv("BETASCAN_DATA", str(tmp_path / "layers.zip"))
    with pytest.raises(DataError, match=r"layers\.zip is not a folder; correct BETASCAN_DATA"):
        data_root(None)


def refuse():
    raise DownloadError("a.npz could not be downloaded from nowhere (cannot be reached)")


NAMES = ("a_*.npz", "b.zip")


@pytest.mark.parametrize(
    "place", ["a_1.npz", "x/a_1.npz", "x/y/a_1.npz", "x/A_1.NPZ", "b.zip", "x/y/B.zip"]
)
def test_copies_are_used_wherever_they_lie(tmp_path, capsys, place):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).touch()
    assert locate_or_download(NAMES, tmp_path, refuse) == tmp_path / place
    assert capsys.readouterr().err == ""


def test_the_preferred_name_and_the_upper_folder_come_first(tmp_path):
    for place in ("x/b.zip", "b.zip", "x/y/a_1.npz", "x/z/a_0.npz"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).touch()
    assert locate_or_download(NAMES, tmp_path, refuse) == tmp_path / "x/y/a_1.npz"
    assert locate_or_download(NAMES[1:], tmp_path, refuse) == tmp_path / "b.zip"


def test_a_data_folder_without_the_file_is_never_passed_over_in_silence(tmp_path, capsys):
    (tmp_path / "x/y/z").mkdir(parents=True)
    (tmp_path / "x/y/z/a_1.npz").touch()  # too deep
    (tmp_path / "a_1.npz").mkdir()
    absent = f"no a_*.npz or b.zip in {tmp_path} (BETASCAN_DATA) or two levels of folders in it"
    assert locate_or_download(NAMES, tmp_path, lambda: Path("downloaded")) == Path("downloaded")
    assert capsys.readouterr().err == f"betascan: {absent}: downloading\n"
    with pytest.raises(DownloadError) as caught:
        locate_or_download(NAMES, tmp_path, refuse)
    assert str(caught.value) == (
        "a.npz could not be downloaded from nowhere (cannot be reached); run again to resume, or "
        f"put the file where it was looked for: {absent}"
    )


def test_without_a_data_folder_the_line_says_how_to_set_one(capsys):
    with pytest.raises(DownloadError, match=r"set BETASCAN_DATA to a folder that holds a_\*\.npz"):
        locate_or_download(NAMES, None, refuse)
    assert capsys.readouterr().err == ""
