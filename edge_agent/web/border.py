"""Where bytes become requests: what is no HTTP, or too long a head, is answered as every other error is.

aiohttp answers these by itself, before any middleware, in plain text; `BorderRunner` serves
with a protocol that answers with a problem document.
"""

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler

from edge_agent.errors import EdgeError
from edge_agent.web.problems import problem


class _Border(RequestHandler):
    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to a head that could not be read; the connection ends with it."""
        if status >= 500 or request.writer.output_size:
            return super().handle_error(request, status, exc, message)
        line = ((message or str(exc)).strip().splitlines() or [""])[0][:200]
        if isinstance(exc, LineTooLong):
            answer = problem(EdgeError("head_too_large", f"expected a shorter request line or header: {line}"))
        else:
            answer = problem(EdgeError("bad_request", f"expected an HTTP request: {line}"))
        answer.force_close()
        return answer


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Border(self, loop=self._loop, **self._kwargs)


class BorderRunner(web.AppRunner):
    """Serves an application with such a border."""

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _Server(plain.request_handler, request_factory=plain.request_factory, **plain._kwargs)
