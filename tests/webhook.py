"""A webhook to which word of imports is sent."""

from __future__ import annotations

from tests.stand_in import StandIn


class Hook(StandIn):
    """Takes, or refuses, what it is sent."""

    def __init__(self) -> None:
        super().__init__({}, otherwise=(200, {}))

    @property
    def address(self) -> str:
        """What the setting `notify` says of it."""
        return f"json://{self.host}/secret-token"

    def heard(self) -> list[str]:
        """What came since the last look."""
        texts = [body["message"] for body in self.bodies]
        self.bodies.clear()
        return texts
