"""What policies of the user's own hold back of an environment's growth, and when they are asked again.

A policy may launch nothing for a need. Being a function, it would say the same again of the same situation; so the
scaler sleeps until that is another one, or, as Spot pools change by themselves, until their depth has moved. Without
this, a policy that never launches would keep a run busy for ever.
"""

from __future__ import annotations

from collections.abc import Callable

from batchsim.engine.ec2 import Ec2Environment
from batchsim.engine.kernel import Kernel, Rank
from batchsim.engine.spot import DEPTH_STEP_MS
from batchsim.policies.allocation import Ask, Offer
from batchsim.policies.scaling import Need, Scaling


class Restraint:
    """Of one environment; there is one only where the user replaced its allocation or the scaling."""

    def __init__(
        self,
        kernel: Kernel,
        environment: Ec2Environment,
        offers: Callable[[Ec2Environment], tuple[Offer, ...]],
        policy: Scaling | None,
        *,
        offers_move: bool,
    ) -> None:
        """``policy``: the user's own scaling; None where only the allocation is.

        ``offers_move``: whether they change by themselves, as Spot pools of limited depth do.
        """
        self._offers_move = offers_move
        self.ask_again: Callable[[], None] = _nobody
        self.is_to_ask_again = False
        """Whether Spot pools are waited for: a run does not end before."""
        self._kernel = kernel
        self._environment = environment
        self._offers = offers
        self._policy = policy
        self._declined: object = None
        """The situation in which nothing was launched."""

    def limit_vcpus(self, asks: tuple[Ask, ...]) -> int:
        """The vCPUs to which a decision may grow for these waiting jobs."""
        environment = self._environment
        may_grow = environment.in_service and environment.on_vcpus < environment.max_vcpus
        if self._policy is None or not asks or not may_grow:
            return environment.max_vcpus
        view = environment.view()
        need = Need(
            environment=environment.plan.name,
            spot=environment.plan.spot,
            asks=asks,
            running_vcpus=view.running_vcpus,
            booting_vcpus=view.booting_vcpus,
            min_vcpus=environment.min_vcpus,
            max_vcpus=environment.max_vcpus,
        )
        return environment.on_vcpus + self._policy(need)

    def note(self, asks: tuple[Ask, ...], *, launched: bool) -> None:
        """A decision is over, and left these jobs uncovered."""
        is_declined = bool(asks) and not launched
        self._declined = self._situation(asks) if is_declined else None
        if is_declined and self._offers_move and not self.is_to_ask_again:
            self.is_to_ask_again = True
            self._kernel.call_in_background(self._kernel.now_ms + DEPTH_STEP_MS, Rank.GATE, self._time_is_up)

    def stands(self, asks: Callable[[], tuple[Ask, ...]]) -> bool:
        """Whether nothing was launched in this very situation; ``asks()`` measures the demand."""
        return self._declined is not None and self._declined == self._situation(asks())

    def _situation(self, asks: tuple[Ask, ...]) -> object:
        """Everything that policies see of the need."""
        environment = self._environment
        bounds = (environment.min_vcpus, environment.max_vcpus, environment.on_vcpus, len(environment.booting))
        return asks, bounds, tuple(environment.zone_vcpus), self._offers(environment)

    def _time_is_up(self, _: None) -> None:
        self._declined, self.is_to_ask_again = None, False
        self.ask_again()


def _nobody() -> None:
    """Nobody listens yet."""
