"""What the keys of a screen do, in the command palette."""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider


class KeyCommands(Provider):
    """Every key of the screen below, by what it does."""

    async def discover(self) -> Hits:
        """All of them, before anything is typed."""
        for binding in self._bindings():
            yield DiscoveryHit(
                binding.description, lambda binding=binding: self._act(binding), help=_help(binding)
            )

    async def search(self, query: str) -> Hits:
        """Those that match what is typed."""
        matcher = self.matcher(query)
        for binding in self._bindings():
            score = matcher.match(binding.description)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(binding.description),
                    lambda binding=binding: self._act(binding),
                    help=_help(binding),
                )

    def _bindings(self) -> Iterator[Binding]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            action = active.binding.action
            if active.node is self.screen and active.enabled and action not in seen:
                seen.add(action)
                yield active.binding

    async def _act(self, binding: Binding) -> None:
        await self.screen.run_action(binding.action)


def _help(binding: Binding) -> str:
    return f"{binding.key_display or binding.key}  {binding.tooltip}".strip()
