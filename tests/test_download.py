"""Downloads from a server on this machine that misbehaves in every way servers do."""

import hashlib
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
import torch
import yaml
from test_workflow import planned, snakemake

from urn.backbones import build_backbone
from urn.errors import UserError
from urn.files.download import download

CONTENT = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; the first part of the path says how."""

    def do_GET(self):
        behaviour = self.path.split("/")[1]
        self.server.requests.append((behaviour, self.headers.get("Range")))
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        seen = sum(name == behaviour for name, _ in self.server.requests)
        if behaviour == "missing":
            return self.send_error(404)
        if behaviour == "broken":
            return self.send_error(503)
        if behaviour == "redirect":
            self.send_response(302)
            self.send_header("Location", "/good/file")
            return self.end_headers()
        if start >= len(CONTENT):
            return self.send_error(416)
        body = CONTENT[start:]
        if behaviour == "corrupt" or (behaviour == "corrupt_once" and seen == 1):
            body = bytes(len(body))
        if behaviour == "no_ranges":
            start, body = 0, CONTENT
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if behaviour == "truncate" or (behaviour == "no_ranges" and seen == 1):
            body = body[:1_000_000]
        if behaviour == "stall":
            self.wfile.write(body[:1000])
            self.wfile.flush()
            return time.sleep(3)
        if behaviour == "stutter" and seen == 1:
            self.wfile.write(body[:500_000])
            self.wfile.flush()
            return time.sleep(3)
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.requests = []
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        http.url = f"http://127.0.0.1:{http.server_port}"
        yield http
        http.shutdown()
        thread.join()


def fetch(server, path, *behaviours, **options):
    urls = [f"{server.url}/{behaviour}/file" for behaviour in behaviours]
    options = {"sha256": SHA256, "attempts": 2, "timeout": 1.0, "pause": 0.01} | options
    download(urls, path, **options)


@pytest.mark.parametrize(
    ("behaviour", "requests"),
    [("good", 1), ("redirect", 2), ("truncate", 3), ("no_ranges", 2), ("stutter", 2)],
)
def test_arrives(behaviour, requests, server, tmp_path):
    path = tmp_path / "new" / "weights.pth"
    fetch(server, path, behaviour)
    assert path.read_bytes() == CONTENT
    assert list(path.parent.iterdir()) == [path]
    assert len(server.requests) == requests


def test_a_cut_connection_is_resumed(server, tmp_path):
    fetch(server, tmp_path / "weights.pth", "truncate")
    ranges = [sent for _, sent in server.requests]
    assert ranges == [None, "bytes=1000000-", "bytes=2000000-"]


def test_goes_on_where_a_killed_download_was(server, tmp_path):
    (tmp_path / "weights.pth.part").write_bytes(CONTENT[:2_500_000])
    fetch(server, tmp_path / "weights.pth", "good")
    assert (tmp_path / "weights.pth").read_bytes() == CONTENT
    assert server.requests == [("good", "bytes=2500000-")]


@pytest.mark.parametrize("rest", [CONTENT, CONTENT + b"more", bytes(2_500_000)])
def test_what_lies_there_is_not_trusted(rest, server, tmp_path):
    (tmp_path / "weights.pth.part").write_bytes(rest)
    fetch(server, tmp_path / "weights.pth", "good")
    assert (tmp_path / "weights.pth").read_bytes() == CONTENT


def test_next_address(server, tmp_path):
    fetch(server, tmp_path / "weights.pth", "missing", "corrupt", "broken", "stall", "good")
    assert (tmp_path / "weights.pth").read_bytes() == CONTENT
    tried = [name for name, _ in server.requests]
    assert tried.count("missing") == 1  # not there now, not there later
    assert tried.count("broken") == 2


def test_the_digest_in_an_address_counts(server, tmp_path):
    right = f"{server.url}/good/a-{SHA256[:8]}.pth"
    wrong = f"{server.url}/good/a-{SHA256[8:16]}.pth"
    download([wrong, right], tmp_path / "a.pth")
    assert (tmp_path / "a.pth").read_bytes() == CONTENT
    with pytest.raises(UserError, match="another sha256"):
        download([wrong], tmp_path / "b.pth")


def test_a_file_that_a_check_refuses_makes_it_try_the_next_address(server, tmp_path):
    def check(path):
        if path.read_bytes() != CONTENT:
            raise UserError("it is another network")

    fetch(server, tmp_path / "a", "corrupt", "good", sha256=None, check=check)
    assert (tmp_path / "a").read_bytes() == CONTENT
    with pytest.raises(
        UserError, match=r"/corrupt/file \(it is another network\): fetch it by hand"
    ):
        fetch(server, tmp_path / "b", "corrupt", sha256=None, check=check)
    assert not list(tmp_path.glob("b*"))


def test_all_addresses_fail(server, tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(UserError) as caught:
        fetch(server, path, "missing", "corrupt")
    message = str(caught.value)
    assert f"put it at {path} (sha256 {SHA256})" in message
    assert "/missing/file (HTTP Error 404: Not Found)" in message
    assert "/corrupt/file (the file that came has another sha256)" in message
    assert not list(tmp_path.iterdir())


def test_no_server(tmp_path):
    with pytest.raises(UserError, match="refused"):
        download(
            ["http://127.0.0.1:9/file"], tmp_path / "file", sha256=SHA256, attempts=2, pause=0.01
        )


def test_the_right_file_is_kept_and_the_wrong_one_reported(server, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(CONTENT)
    fetch(server, path, "missing")
    assert not server.requests
    path.write_bytes(b"something else")
    with pytest.raises(UserError, match=r"weights\.pth is not the expected file"):
        fetch(server, path, "good")
    assert path.read_bytes() == b"something else"


def test_md5_and_the_first_digits_of_a_checksum_do(server, tmp_path):
    md5 = hashlib.md5(CONTENT).hexdigest()
    fetch(server, tmp_path / "a", "corrupt", "good", sha256=None, md5=md5)
    fetch(server, tmp_path / "b", "corrupt", "good", sha256=SHA256[:8])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == CONTENT
    with pytest.raises(UserError, match="its md5 differs"):
        fetch(server, tmp_path / "a", "good", sha256=None, md5="0" * 32)


def test_without_a_checksum_the_whole_file_is_taken(server, tmp_path):
    fetch(server, tmp_path / "a", "missing", "truncate", sha256=None)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_file_without_address_is_fetched_by_hand(tmp_path):
    message = (
        r"w\.pth has no address: fetch it by hand from https://a\.page and put it at .*w\.pth$"
    )
    with pytest.raises(UserError, match=message):
        download([], tmp_path / "w.pth", page="https://a.page")


def test_a_file_put_there_by_hand_is_checked_too(tmp_path):
    """Where a rule would have downloaded it to, or elsewhere."""
    wrong = {"urls": [], "sha256": SHA256, "md5": None}
    archives = {"voc2012_test": {"name": "t.tar", **wrong}}
    weights = {"name": "w.pth", "path": "mine.pth", "format": "torch", **wrong}
    file = tmp_path / "local.yaml"
    file.write_text(yaml.safe_dump({"archives": archives, "pretrained": {"resnet101": weights}}))
    downloads = tmp_path / "data" / "downloads"
    downloads.mkdir(parents=True)
    for path in (downloads / "t.tar", tmp_path / "mine.pth"):
        path.write_bytes(CONTENT[:-1])
    for path, target in (
        (downloads / "t.tar", "prepare_voc_test"),
        (tmp_path / "mine.pth", "results/pretrained/resnet101.pth"),
    ):
        code, output = snakemake(tmp_path, target, configuration=file, check=False)
        assert code != 0
        assert f"{path.name} is not the expected file (its sha256 differs)" in output
        assert path.exists()


def test_the_rule_fetches_from_whichever_address_works(server, tmp_path):
    def published(name, *behaviours):
        urls = [f"{server.url}/{behaviour}/file" for behaviour in behaviours]
        return {"name": name, "urls": urls, "md5": None, "sha256": SHA256}

    archives = {"sbd": published("a.tgz", "missing", "corrupt", "redirect", "truncate")}
    archives["voc2012"] = published("b.tar", "missing", "corrupt")
    file = tmp_path / "local.yaml"
    file.write_text(yaml.safe_dump({"archives": archives}))
    snakemake(tmp_path, "data/downloads/a.tgz", configuration=file)
    assert (tmp_path / "data/downloads/a.tgz").read_bytes() == CONTENT
    code, output = snakemake(tmp_path, "data/downloads/b.tar", configuration=file, check=False)
    assert code != 0 and "Traceback" not in output
    assert "fetch it by hand and put it at data/downloads/b.tar (sha256" in output


def test_weights_of_another_network_make_the_rule_try_the_next_address(tmp_path):
    """As they arrive, before any job reads them."""
    torch.save(build_backbone("resnet18").network.state_dict(), tmp_path / "right.pth")
    torch.save({"conv1.weight": torch.zeros(2)}, tmp_path / "wrong.pth")
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        urls = [f"http://127.0.0.1:{http.server_port}/{name}.pth" for name in ("wrong", "right")]
        weights = {"name": "w.pth", "format": "torch", "urls": urls}
        file = tmp_path / "local.yaml"
        file.write_text(yaml.safe_dump({"pretrained": {"resnet18": weights}}))
        snakemake(tmp_path, "data/downloads/w.pth", configuration=file)
        http.shutdown()
    assert (tmp_path / "data/downloads/w.pth").read_bytes() == (tmp_path / "right.pth").read_bytes()
    log = (tmp_path / "data/downloads/logs/w.pth.log").read_text()
    assert "does not fit resnet18 (Missing key" in log
    # What is there stays, whatever becomes of its addresses.
    weights["urls"] = []
    file.write_text(yaml.safe_dump({"pretrained": {"resnet18": weights}}))
    assert planned(tmp_path, "results/pretrained/resnet18.pth", configuration=file) == {
        "pretrained": 1
    }
