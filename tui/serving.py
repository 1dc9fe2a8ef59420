"""The screens in a browser of this computer: one process a tab, and nobody else gets in."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import socket
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

LOOPBACK = "127.0.0.1"
_PAGE = Path(__file__).parent / "page"
# A program that is told to quit leaves within a second; a run lets go of its uploads first.
_QUIT_SECONDS = 20.0
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(
    program: Sequence[str],
    port: int,
    ready: Callable[[str, str], object],
    title: str = "Tokaway",
) -> None:
    """Serve the screens until Ctrl-C, which ends the programs of all tabs.

    Args:
        program: what to start for each tab.
        port: where to listen; 0 for any that is free.
        ready: hears the address, key and all, once it can be opened and Ctrl-C is heeded, and one
            that is good once.
        title: of the page.

    Raises:
        OSError: the port is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen()
        server = LocalServer(program, listening.getsockname()[1], title, ready)
        web.run_app(
            server.application(), sock=listening, print=None, access_log=None, shutdown_timeout=1
        )


class LocalServer(Server):
    """The server of one `tokaway ui --web`: only who has its key is answered."""

    def __init__(
        self,
        program: Sequence[str],
        port: int,
        title: str,
        ready: Callable[[str, str], object],
    ) -> None:
        super().__init__("", LOOPBACK, port, title, templates_path=_PAGE)
        self._program = tuple(program)
        self._ready = ready
        self._key = secrets.token_urlsafe(32)
        # Everybody on the machine may read with what address a browser was started.
        self._once = secrets.token_urlsafe(32)
        # Cookies know no ports: each server needs a name of its own.
        self._cookie = f"tokaway-{port}"
        self._tabs: set[Tab] = set()

    @property
    def address(self) -> str:
        """Where the person opens it."""
        return f"{self.public_url}/?token={self._key}"

    @property
    def address_for_once(self) -> str:
        """Where a browser that is started with it opens it: whoever comes later is not let in."""
        return f"{self.public_url}/?token={self._once}"

    async def application(self) -> web.Application:
        """The pages, behind the guard."""
        application = await self._make_app()
        application.middlewares.append(self._guard)
        application.router.add_static("/page", _PAGE)
        application.on_response_prepare.append(self._harden)
        return application

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Let in the key, as a parameter or as the cookie that it became, from our own page only.

        A page of another server on this computer may send our cookie, but not hide where it is
        from; a name that leads here from outside is not the one in our address.
        """
        of_ours = request.headers.get("Origin", self.public_url) == self.public_url
        named_right = f"http://{request.host}" == self.public_url
        token = request.query.get("token")
        brings_key = self._is_key(token) or (of_ours and named_right and self._is_first(token))
        if not (of_ours and named_right) or not (
            brings_key or self._is_key(request.cookies.get(self._cookie))
        ):
            raise web.HTTPForbidden(
                text="This page is for the person who started Tokaway: open the address that it "
                "printed, with all of its letters."
            )
        response = await handler(request)
        if brings_key and not response.prepared:
            response.set_cookie(self._cookie, self._key, httponly=True, samesite="Strict")
        return response

    def _is_key(self, told: str | None) -> bool:
        return hmac.compare_digest((told or "").encode(), self._key.encode())

    def _is_first(self, token: str | None) -> bool:
        """Whether this is the key for once, which is used up then."""
        if not (self._once and hmac.compare_digest((token or "").encode(), self._once.encode())):
            return False
        self._once = ""
        return True

    async def _harden(self, request: web.Request, response: web.StreamResponse) -> None:
        """Nothing comes from elsewhere, and nothing that is delivered may act as this page."""
        is_delivery = request.path.startswith("/download/")
        response.headers["Content-Security-Policy"] = (
            "sandbox allow-scripts allow-popups"
            if is_delivery
            else "default-src 'self'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data: blob:; connect-src 'self' ws://{LOOPBACK}:{self.port}; "
            "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
        )
        if not is_delivery:
            # A page that a link opens in another tab has no hold of this one.
            response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if not request.path.startswith("/static/"):
            response.headers["Cache-Control"] = "no-store"

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Start the program for a tab, and end it with the tab."""
        websocket = web.WebSocketResponse(heartbeat=15)
        await websocket.prepare(request)
        tab = Tab(self._program, websocket, self)
        self._tabs.add(tab)
        try:
            query = request.query
            await tab.start(to_int(query.get("width", ""), 80), to_int(query.get("height", ""), 24))
            await self._process_messages(websocket, tab)
        finally:
            await asyncio.shield(tab.end())
            self._tabs.discard(tab)
        return websocket

    async def on_startup(self, app: web.Application) -> None:
        """Tell the address."""
        self._ready(self.address, self.address_for_once)

    async def on_shutdown(self, app: web.Application) -> None:
        """End the programs of all tabs."""
        await asyncio.gather(*(tab.end() for tab in self._tabs), return_exceptions=True)


class Tab(AppService):
    """The program behind one tab."""

    def __init__(
        self, program: Sequence[str], websocket: web.WebSocketResponse, server: LocalServer
    ) -> None:
        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=self._close,
            download_manager=server.download_manager,
        )
        self._program = program
        self._websocket = websocket

    async def end(self) -> None:
        """Tell the program to quit, and see to it that it does."""
        try:
            await asyncio.wait_for(self.stop(), _QUIT_SECONDS)
        except TimeoutError:
            if self._process:
                with suppress(ProcessLookupError):
                    self._process.kill()
        if self._process:
            await self._process.wait()
        await self._close()

    async def run(self) -> None:
        """Pass on what the program shows; one that dies takes its tab along."""
        try:
            await super().run()
        except ConnectionError:  # the tab is closed
            pass
        finally:
            await self._close()

    async def _close(self) -> None:
        with suppress(ConnectionError):
            await self._websocket.close()

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start it without a shell, and out of reach of the Ctrl-C that is meant for the server."""
        self._process = await asyncio.create_subprocess_exec(
            *self._program,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=self._build_environment(width=width, height=height),
            start_new_session=True,
        )
        self._stdin = self._process.stdin
        return self._process
