"""An S3 endpoint of the tests' own, on this machine, that can go away and come back."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "films"


class Endpoint:
    """A bucket behind HTTP; ``environment`` is what a process needs to reach it."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request otherwise
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, self._port = self._server.get_host_and_port()
        self._url = f"http://{host}:{self._port}"
        boto3.client(
            "s3", endpoint_url=self._url, region_name="us-east-1", aws_access_key_id="k", aws_secret_access_key="s"
        ).create_bucket(Bucket=BUCKET)

    @property
    def environment(self) -> Mapping[str, str]:
        """The standard variables of S3's clients."""
        return {
            "AWS_ENDPOINT_URL": self._url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "k",
            "AWS_SECRET_ACCESS_KEY": "s",
        }

    def stop(self) -> None:
        """Go away: connections are refused. What was kept is still there after `start`."""
        self._server.stop()

    def start(self) -> None:
        """Come back at the same address."""
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """A running endpoint with one bucket."""
    served = Endpoint()
    try:
        yield served
    finally:
        served.stop()
