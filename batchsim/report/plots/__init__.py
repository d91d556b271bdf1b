"""Plots of one run, as ``result.plot``: each method draws into ``ax``, or a figure of its own, and returns the axes.

``result.plot.vcpus().figure.savefig("vcpus.png")``. Figures are made without pyplot, so that none is left behind; in
a notebook the axes that a cell ends with are shown. matplotlib is loaded when the first plot is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from batchsim.analysis.run import Analysis


class Plots:
    """The plots of one result. Times are since the start of the run; ``ax`` is where to draw, by default a new figure.

    Many queues are drawn as the largest ones and all others together. Where a run has nothing to show, the plot says
    what there was none of.
    """

    def __init__(self, run: Analysis) -> None:
        self._run = run

    def concurrency(self, ax: Axes | None = None) -> Axes:
        """Containers running over time, by queue, stacked."""
        from batchsim.report.plots.jobs import concurrency

        return concurrency(self._run, ax)

    def backlog(self, ax: Axes | None = None) -> Axes:
        """RUNNABLE jobs over time, by queue, stacked."""
        from batchsim.report.plots.jobs import backlog

        return backlog(self._run, ax)

    def queue_depth(self, ax: Axes | None = None, *, queue: str | None = None) -> Axes:
        """Jobs that are PENDING, RUNNABLE, STARTING and RUNNING over time, stacked; of one ``queue``, or of all.

        Raises :class:`ValueError` for an unknown queue.
        """
        from batchsim.report.plots.jobs import queue_depth

        return queue_depth(self._run, ax, queue)

    def vcpus(self, ax: Axes | None = None, *, environment: str | None = None) -> Axes:
        """vCPUs over time: desired (on and booting), running (billed), used by jobs; of one ``environment``, or of all.

        Raises :class:`ValueError` for an unknown environment.
        """
        from batchsim.report.plots.capacity import vcpus

        return vcpus(self._run, ax, environment)

    def wait_distribution(self, ax: Axes | None = None) -> Axes:
        """The share of jobs that waited RUNNABLE no longer than a time, by queue; of jobs whose wait is over."""
        from batchsim.report.plots.waits import distribution

        return distribution(self._run, ax)

    def wait_parts(self, ax: Axes | None = None) -> Axes:
        """The mean wait of each queue's jobs, split by what the head of the queue waited for."""
        from batchsim.report.plots.waits import parts

        return parts(self._run, ax)

    def cost_by_cause(self, ax: Axes | None = None) -> Axes:
        """What each cause cost in USD, the dearest on top."""
        from batchsim.report.plots.costs import by_cause

        return by_cause(self._run, ax)

    def critical_path(self, ax: Axes | None = None, *, workflow: int | None = None) -> Axes:
        """The jobs that decided when a workflow ended, one after the other, and what each spent its time on.

        ``workflow`` is its number in :attr:`Result.workflows`, by default the longest. Raises :class:`ValueError` for
        an unknown one. Of many jobs some are drawn, taken evenly.
        """
        from batchsim.report.plots.paths import critical_path

        return critical_path(self._run, ax, workflow)

    def limits(self, ax: Axes | None = None) -> Axes:
        """The largest share that was used of each limit: red where it was reached, orange where nearly."""
        from batchsim.report.plots.paths import limits

        return limits(self._run, ax)

    def gantt(self, ax: Axes | None = None, *, most: int = 30) -> Axes:
        """A row an instance, from its launch to its end, with the jobs that ran on it in lanes of its vCPUs.

        Of more than ``most`` instances, so many are drawn, taken evenly in order of launch; jobs too many to be told
        apart are drawn as the share of vCPUs that they held.
        """
        from batchsim.report.plots.gantt import gantt

        return gantt(self._run, ax, most)
