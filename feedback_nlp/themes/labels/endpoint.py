"""One question to a language model over an OpenAI-compatible endpoint: the only place from which anything is sent."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from feedback_nlp.errors import SettingError

TIMEOUT = 60.0  # seconds for one answer, from the first byte sent to the last one read
TRIES = 3
LARGEST = 262_144  # bytes of an answer: a name and a definition take a few hundred
PAUSE = 0.5  # seconds before the second try, doubled before the third
LONGEST_PAUSE = 10.0
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504})


class EndpointError(Exception):
    """No answer came, or none that can be read. Its message holds neither what was sent nor what came back."""


class _NoRedirects(HTTPRedirectHandler):
    """Quotes and the key go to the host that the setting names, and nowhere else."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> None:
        """Follow no redirect; urllib then reports the status as an error."""


@dataclass(frozen=True)
class ChatEndpoint:
    """An endpoint such as ``http://localhost:11434/v1``; ``key_variable`` names what holds the key, where one is set.

    Raises SettingError for a URL that is none.
    """

    url: str
    model: str
    key_variable: str = ""
    timeout: float = TIMEOUT
    pause: float = PAUSE

    def __post_init__(self) -> None:
        """Check the settings."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingError(
                f"naming_url = {self.url!r}: an address that begins with http:// or https://, such as "
                "http://localhost:11434/v1."
            )
        if not self.model:
            raise SettingError("naming_model = '': naming_url is set, so name the model to ask, or empty naming_url.")

    def ask(self, messages: Sequence[Mapping[str, str]]) -> str:
        """Return the model's answer to ``messages``. Raises EndpointError once every try has failed."""
        body: dict[str, Any] = {"model": self.model, "messages": list(messages), "temperature": 0}
        problem = "no answer"
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(LONGEST_PAUSE, self.pause * 2 ** (attempt - 1)))
            try:
                return _content(self._post(body))
            except HTTPError as error:
                error.close()
                problem = f"status {error.code}"
                if error.code == 400 and "temperature" in body:
                    del body["temperature"]  # some models take only their own
                elif error.code not in AGAIN:
                    break
            except TimeoutError:
                problem = f"no answer within {self.timeout:g} seconds"
            except (OSError, HTTPException, ValueError) as error:
                problem = type(error).__name__
        raise EndpointError(problem)

    def _post(self, body: Mapping[str, Any]) -> bytes:
        address = self.url.rstrip("/")
        if not address.endswith("/chat/completions"):
            address += "/chat/completions"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        key = os.environ.get(self.key_variable, "") if self.key_variable else ""
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = Request(address, json.dumps(body).encode(), headers, method="POST")
        until = time.monotonic() + self.timeout
        read = bytearray()
        # A socket's own limit is for one read: an endpoint that sends a byte now and then would never reach it.
        with build_opener(_NoRedirects).open(request, timeout=self.timeout) as response:
            while part := response.read1(65_536):
                read += part
                if len(read) > LARGEST:
                    raise EndpointError(f"an answer of more than {LARGEST:,} bytes")
                if time.monotonic() > until:
                    raise TimeoutError
        return bytes(read)


def _content(answer: bytes) -> str:
    try:
        content = json.loads(answer)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise EndpointError("an answer that is no chat completion") from None
    if not isinstance(content, str):
        raise EndpointError("an answer without text")
    return content
