"""Who does the steps of a run: threads of its own, or workers that several runs share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import Protocol, Self

from importer.model import Stage
from importer.stages.tools import Job, Result, Tools
from importer.step import Step

Work = Callable[[Job, Tools, Step], Result]


class Workers(Protocol):
    """Takes steps. A step that nobody has begun yet can be cancelled by its future."""

    def submit(
        self, stage: Stage, work: Work, job: Job, tools: Tools, step: Step
    ) -> Future[Result]:
        """Have a step done as soon as a worker is free."""


class Threads:
    """Threads by stage. Steps of one stage are begun in the order they came.

    At its end those that hang are not waited for, and what nobody had begun is forgotten.
    """

    def __init__(self, threads: Mapping[Stage, int]) -> None:
        self._pools = {
            stage: ThreadPoolExecutor(number, thread_name_prefix=stage.value)
            for stage, number in threads.items()
        }

    def submit(
        self, stage: Stage, work: Work, job: Job, tools: Tools, step: Step
    ) -> Future[Result]:
        """Have a step done by a thread of its stage."""
        # What is logged on the way belongs to the run that the step is of.
        return self._pools[stage].submit(copy_context().run, _begin, work, job, tools, step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)


def _begin(work: Work, job: Job, tools: Tools, step: Step) -> Result:
    # It may have been told to stop while it waited for a thread.
    step.check()
    return work(job, tools, step)
