"""Receives the one redirect in which a vendor's consent page answers, on this machine, for a few minutes.

Only an answer with the state it was made with counts, compared in constant time; the first one closes it. What the answer
means is `ingestion.connecting`'s. An address pasted by hand is judged by the same rule (`read_redirect`).
"""

from __future__ import annotations

import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from ingestion.errors import RowcolError

HOST = "127.0.0.1"
PATH = "/callback"
# Something that tries states is not let go on trying.
MOST_WRONG_STATES = 5
SLOWEST_REQUEST_SECONDS = 10

Answer = dict[str, str]


class Callback:
    """The address that an answer is sent to; open inside its `with`, on a port of its own unless one is given.

    registered: the address that the vendor knows instead, from where answers are passed on to the port with their path.
    """

    def __init__(self, state: str, port: int = 0, registered: str | None = None) -> None:
        self._state = state
        self._path = urlsplit(registered).path or "/" if registered else PATH
        self._answered = threading.Event()
        self._lock = threading.Lock()
        self._answer: Answer | None = None
        self._wrong = 0
        try:
            self._server = ThreadingHTTPServer((HOST, port), self._handler())
        except OSError as error:
            raise RowcolError(f"port {port} on {HOST} cannot be used ({error.strerror}): choose another --port") from None
        self._server.daemon_threads = True
        self.redirect_uri = registered or f"http://{HOST}:{self._server.server_port}{PATH}"

    def wait(self, seconds: float) -> Answer:
        """The answer's parameters; RowcolError when none came within `seconds`, or when wrong ones kept coming."""
        is_there = self._answered.wait(seconds)
        with self._lock:
            if self._answer is not None:
                return self._answer
        if is_there:
            raise RowcolError(f"{self._wrong} answers came with a wrong state: somebody else is answering, so nothing was connected")
        raise RowcolError(f"the consent page was not answered within {seconds:.0f} seconds: nothing was connected")

    def __enter__(self) -> Callback:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _take(self, query: str) -> tuple[int, str]:
        """Judges one request; returns the status and the sentence that the browser shows."""
        answer = _parameters(query)
        with self._lock:
            if self._answer is not None or self._wrong >= MOST_WRONG_STATES:
                return 410, "This question was answered already."
            if not _has_state(answer, self._state):
                self._wrong += 1
                return 400, "This answer is to another question, and was not taken."
            self._answer = answer
        return 200, "The answer was received. You can close this page and go back to the command line."

    def _told(self) -> None:
        """Lets `wait` go on where the question is decided: after the page, since the process may end with what it waits for."""
        with self._lock:
            if self._answer is not None or self._wrong >= MOST_WRONG_STATES:
                self._answered.set()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        take, told, path = self._take, self._told, self._path

        class Handler(BaseHTTPRequestHandler):
            timeout = SLOWEST_REQUEST_SECONDS

            def do_GET(self) -> None:
                address = urlsplit(self.path)
                status, sentence = take(address.query) if address.path == path else (404, "There is nothing here.")
                try:
                    self._show(status, sentence)
                finally:
                    told()

            def _show(self, status: int, sentence: str) -> None:
                body = f"<!doctype html><meta charset=utf-8><title>RowCol</title><p>{sentence}</p>".encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                # The address holds the code: no other site may see it.
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing: the line would hold the code."""

        return Handler


def read_redirect(address: str, state: str) -> Answer:
    """The answer in an address that a person copied from the browser; RowcolError when it is not an answer to this question."""
    answer = _parameters(urlsplit(address.strip()).query)
    if not _has_state(answer, state):
        raise RowcolError("that address is no answer to this question: copy the whole address on which the browser ended")
    return answer


def _parameters(query: str) -> Answer:
    return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=50)) if len(query) <= 20_000 else {}


def _has_state(answer: Answer, state: str) -> bool:
    return hmac.compare_digest(answer.get("state", "").encode(), state.encode())
