"""A site document that a proxy cuts off or garbles on its way to the agent."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import boto3
import pytest

from edge_agent.sessions import s3_client
from edge_agent.site import Document, KeptSite, SiteObject
from tests.edge.conftest import CREDENTIALS
from tests.edge.following import Following, until
from tests.edge.servers import _Server
from vigie.domain.sites import Site
from vigie.errors import Unavailable


class BadProxy(_Server):
    """Gives one answer to every request: its headers, and its body before the connection is closed."""

    def __init__(self, headers: dict[str, str], body: bytes) -> None:
        self.headers, self.body = headers, body
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                if self.headers["If-None-Match"] == server.headers.get("ETag", "none"):
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(200)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(server.body)

        super().__init__(Handler)


WHOLE = b'{"name": "Two"}'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"ETag": '"x"', "Content-Length": "15"}, WHOLE[:9]),
        ({"Content-Length": "15"}, WHOLE),
        ({"ETag": '"x"', "Content-Length": "15", "Last-Modified": "nonsense"}, WHOLE),
    ],
)
def test_an_answer_that_is_cut_off_or_odd_ends_nothing_and_a_whole_one_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], body: bytes
) -> None:
    with BadProxy(headers, body) as proxy:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": proxy.url}.items():
            monkeypatch.setenv(name, value)
        client = s3_client(boto3.Session())
        KeptSite(tmp_path / "followed-site.json", "vigie-data").save(Document('"k"', b'{"name": "One"}'))
        following = Following(client, "vigie-data", tmp_path)
        assert (following.first, following.board.troubles.site_etag) == (Site(name="One"), '"k"')
        if "Last-Modified" not in headers:
            with pytest.raises(Unavailable):
                SiteObject(client, "vigie-data").unlike(None)
        proxy.headers, proxy.body = {"ETag": '"x"', "Content-Length": "15"}, WHOLE
        with following:
            until(lambda: following.board.troubles.site_etag == '"x"')
        assert [site.name for site in following.sites] == ["Two"]
        assert following.board.troubles.site_error is None
