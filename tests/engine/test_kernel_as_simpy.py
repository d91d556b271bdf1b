"""The agenda goes as SimPy's own: every pattern, and light events among SimPy's, beside the stock Environment."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from simpy.core import EmptySchedule
from simpy.events import NORMAL

from batchsim.engine.ends import KEY_BITS
from batchsim.engine.kernel import Kernel

Log = list[tuple[Any, ...]]
Steps = Generator[Any, Any, Any]
Pattern = Callable[[simpy.Environment, Log], Any]

PATTERNS: list[Pattern] = []


def pattern(story: Pattern) -> Pattern:
    PATTERNS.append(story)
    return story


def at(env: simpy.Environment, at_ms: int, call: Callable[[Any], None], argument: Any = None) -> None:
    """A light event on the kernel; on the stock Environment, its plain twin: a Timeout with one callback."""
    if isinstance(env, Kernel):
        env.call_at(at_ms, NORMAL, call, argument)
    else:
        env.timeout(at_ms - int(env.now)).callbacks.append(lambda _: call(argument))


def tick(env: simpy.Environment, log: Log, *instants: int) -> None:
    """Let light events of these instants note that they came."""
    for number, at_ms in enumerate(instants):
        at(env, at_ms, lambda n: log.append(("tick", env.now, n)), number)


@pattern
def timeouts_of_one_instant_come_in_the_order_of_their_making(env: simpy.Environment, log: Log) -> None:
    def wait(name: str, delay: int) -> Steps:
        log.append((name, env.now, (yield env.timeout(delay, f"value of {name}"))))

    for name, delay in (("late", 20), ("first", 10), ("second", 10), ("now", 0)):
        env.process(wait(name, delay))
        tick(env, log, 10)


@pattern
def processes_wait_for_processes_and_get_what_they_return(env: simpy.Environment, log: Log) -> None:
    def child(delay: int) -> Steps:
        yield env.timeout(delay)
        return delay * 2

    def parent() -> Steps:
        doubled = env.process(child(5))
        log.append((env.now, (yield doubled), doubled.is_alive))
        log.append((env.now, (yield doubled)))

    env.process(parent())
    tick(env, log, 0, 5, 5)


@pattern
def an_interrupt_comes_before_the_other_events_of_its_instant(env: simpy.Environment, log: Log) -> None:
    def sleeper() -> Steps:
        try:
            yield env.timeout(10)
        except simpy.Interrupt as interrupt:
            log.append(("interrupted", env.now, interrupt.cause))
            yield env.timeout(3)
        log.append(("awake", env.now))

    victim = env.process(sleeper())
    at(env, 4, lambda _: victim.interrupt("a light event did it"))
    tick(env, log, 4, 7, 10)


@pattern
def an_interrupted_process_can_go_on_waiting_for_its_event(env: simpy.Environment, log: Log) -> None:
    def sleeper() -> Steps:
        alarm = env.timeout(10, "rang")
        while not alarm.processed:
            try:
                log.append((env.now, (yield alarm)))
            except simpy.Interrupt as interrupt:
                log.append((env.now, interrupt.cause))

    victim = env.process(sleeper())
    for instant in (3, 10):
        at(env, instant, lambda n: victim.interrupt(n) if victim.is_alive else log.append(("too late", n)), instant)


@pattern
def conditions_tell_which_of_their_events_came(env: simpy.Environment, log: Log) -> None:
    def wait(condition: Any, name: str) -> Steps:
        found = yield condition
        log.append((name, env.now, list(found.values())))

    def delays(*values: int) -> list[Any]:
        return [env.timeout(value, value) for value in values]

    env.process(wait(env.all_of(delays(3, 1, 2)), "all"))
    env.process(wait(env.any_of(delays(3, 1, 2)), "any"))
    env.process(wait(env.all_of([]), "none"))
    one, two, three = delays(1, 2, 2)
    env.process(wait((one & two) | three, "mixed"))
    tick(env, log, 0, 1, 2, 3)


@pattern
def a_condition_fails_with_its_event(env: simpy.Environment, log: Log) -> None:
    broken = env.event()

    def wait() -> Steps:
        try:
            yield env.all_of([env.timeout(9), broken])
        except ValueError as error:
            log.append((env.now, str(error)))

    env.process(wait())
    at(env, 4, lambda _: broken.fail(ValueError("broken")))
    tick(env, log, 4)


@pattern
def a_failure_goes_up_through_the_waiting_processes(env: simpy.Environment, log: Log) -> None:
    def inner() -> Steps:
        yield env.timeout(2)
        raise KeyError("inner")

    def outer() -> Steps:
        try:
            yield env.process(inner())
        except KeyError as error:
            log.append((env.now, error.args))
            raise RuntimeError("outer") from error

    def top() -> Steps:
        try:
            yield env.process(outer())
        except RuntimeError as error:
            log.append((env.now, str(error)))

    env.process(top())
    tick(env, log, 2)


@pattern
def all_who_wait_for_an_event_hear_of_it_in_their_order(env: simpy.Environment, log: Log) -> None:
    gate = env.event()

    def wait(name: int) -> Steps:
        log.append((name, env.now, (yield gate)))
        log.append((name, env.now, (yield gate)))

    for name in range(3):
        env.process(wait(name))
    at(env, 6, lambda _: gate.succeed("open"))
    tick(env, log, 6, 6)


@pattern
def an_event_can_take_its_outcome_from_another(env: simpy.Environment, log: Log) -> None:
    copy = env.event()
    env.timeout(5, "copied").callbacks.append(copy.trigger)
    copy.callbacks.append(lambda event: log.append((env.now, event.value, event.ok)))
    tick(env, log, 5)


@pattern
def a_failure_that_a_callback_defuses_is_no_crash(env: simpy.Environment, log: Log) -> None:
    event = env.event().fail(OSError("defused"))

    def defuse(failed: Any) -> None:
        failed.defused = True
        log.append((env.now, str(failed.value)))

    event.callbacks.append(defuse)
    tick(env, log, 0)


@pattern
def resources_stores_and_containers_work(env: simpy.Environment, log: Log) -> None:
    desk, shelf, tank = simpy.Resource(env, 1), simpy.Store(env, 2), simpy.Container(env, 10, 0)

    def visit(name: int) -> Steps:
        with desk.request() as turn:
            patience = env.timeout(5)
            got = yield turn | patience
            log.append((name, env.now, turn in got))
            if turn in got:
                yield env.timeout(4)
                yield shelf.put(name)
                yield tank.put(3)

    def fetch() -> Steps:
        for _ in range(2):
            log.append(("fetched", env.now, (yield shelf.get()), tank.level))

    for name in range(3):
        env.process(visit(name))
    env.process(fetch())
    tick(env, log, 4, 5, 8)


@pattern
def a_process_knows_that_it_is_the_active_one(env: simpy.Environment, log: Log) -> None:
    def note() -> Steps:
        log.append((env.active_process is me, env.now))
        yield env.timeout(1)

    me = env.process(note())
    at(env, 0, lambda _: log.append((env.active_process, env.now)))


def outcome(env: simpy.Environment, story: Pattern, until: Any = None) -> Log:
    log: Log = []
    story(env, log)
    try:
        log.append(("returned", env.run(until=until), env.now))
    except Exception as error:  # noqa: BLE001 (whatever SimPy raises, both raise)
        log.append((type(error), str(error).replace("Kernel", "Environment"), env.now))
    return [*log, ("next", env.peek())]


@pytest.mark.parametrize("story", PATTERNS, ids=lambda story: story.__name__)
def test_every_simpy_pattern_goes_as_on_the_stock_environment(story: Pattern) -> None:
    assert outcome(Kernel(), story) == outcome(simpy.Environment(), story)


@pytest.mark.parametrize("until", [1, 4, 5, 10, 100])
@pytest.mark.parametrize("story", PATTERNS, ids=lambda story: story.__name__)
def test_a_run_until_an_instant_stops_before_its_events(story: Pattern, until: int) -> None:
    assert outcome(Kernel(), story, until) == outcome(simpy.Environment(), story, until)


@pytest.mark.parametrize("until", [0, -1])
def test_a_run_until_now_or_the_past_is_refused_alike(until: int) -> None:
    assert outcome(Kernel(), PATTERNS[0], until) == outcome(simpy.Environment(), PATTERNS[0], until)


def test_a_run_until_an_event_returns_its_value() -> None:
    def run(env: simpy.Environment) -> tuple[Any, ...]:
        event = env.timeout(7, "seven")
        at(env, 3, lambda _: None)
        return env.run(until=event), env.now, env.run(until=event)

    assert run(Kernel()) == run(simpy.Environment()) == ("seven", 7, "seven")


def test_a_run_until_an_event_that_never_comes_is_an_error() -> None:
    for env in (Kernel(), simpy.Environment()):
        at(env, 3, lambda _: None)
        with pytest.raises(RuntimeError, match="No scheduled events left"):
            env.run(until=env.event())


def test_a_failure_that_nobody_handles_stops_the_run() -> None:
    for env in (Kernel(), simpy.Environment()):
        env.event().fail(ValueError("nobody cares"))
        with pytest.raises(ValueError, match="nobody cares"):
            env.run()


def test_an_empty_agenda_has_no_next_step() -> None:
    for env in (Kernel(), simpy.Environment()):
        assert env.peek() == float("inf")
        with pytest.raises(EmptySchedule):
            env.step()


def test_a_step_can_be_the_end_of_an_attempt() -> None:
    kernel, told = Kernel(), list[int]()
    kernel.ended = told.append
    kernel.ends.put(5 << KEY_BITS | 1)
    kernel.call_at(9, NORMAL, lambda _: None)
    kernel.step()
    assert (len(told), kernel.now_ms) == (1, 5)


def test_an_error_in_a_light_event_comes_out_of_the_run() -> None:
    kernel = Kernel()
    kernel.call_at(5, NORMAL, lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        kernel.run()
    assert kernel.now_ms == 5


# A program is a tree: each event, light or a process's timeout, makes others when it comes.
programs = st.recursive(
    st.just(()),
    lambda inner: st.lists(
        st.tuples(st.sampled_from(["light", "process", "timeout", "all_of"]), st.integers(0, 3), inner), max_size=4
    ).map(tuple),
    max_leaves=25,
)


def execute(env: simpy.Environment, program: Any) -> Log:
    log: Log = []

    def process(path: tuple[int, ...], delay: int, inner: Any) -> Steps:
        yield env.timeout(delay)
        come(path, inner)
        yield env.timeout(delay)
        log.append(("done", env.now, path))

    def come(path: tuple[int, ...], inner: Any) -> None:
        log.append((env.now, path))
        for number, (kind, delay, further) in enumerate(inner):
            below = (*path, number)
            if kind == "light":
                at(env, int(env.now) + delay, lambda to: come(*to), (below, further))
            elif kind == "process":
                env.process(process(below, delay, further))
            else:
                event = env.timeout(delay) if kind == "timeout" else env.all_of([env.timeout(delay), env.timeout(1)])
                event.callbacks.append(lambda _, to=(below, further): come(*to))

    come((), program)
    env.run()
    return log


@given(programs)
def test_light_events_stand_among_simpys_as_their_timeouts_would(program: Any) -> None:
    assert execute(Kernel(), program) == execute(simpy.Environment(), program)
