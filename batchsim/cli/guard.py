"""From exceptions and signals to exit codes and one plain sentence on stderr; a user never sees a traceback."""

from __future__ import annotations

import resource
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

import typer

from batchsim.cli.exit_codes import BAD_INPUT, BUG, INPUT_OUTPUT, INTERRUPTED
from batchsim.errors import BatchsimError, ScenarioError, printable

_BY_SIGNAL = 128
LEAST_ADDRESS_SPACE = 256 * 1024**2
_UNREADABLE = "E100"
_NO_THREAD = "can't start new thread"
_NO_ROOM = ("failed to map segment", "annot allocate memory")
_SPEECHLESS = ("without exception set", "without setting an exception")


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived: somebody ends the process, or its terminal is gone."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = _BY_SIGNAL + number


@dataclass
class Replay:
    """What repeats this very run: the command line as given, and the seed once it is known."""

    seed: int | None = None

    @property
    def command(self) -> str:
        """The command to paste into a shell."""
        words = ["batchsim", *sys.argv[1:]]
        given = any(word == "--seed" or word.startswith("--seed=") for word in words)
        return shlex.join(words if given or self.seed is None else [*words, "--seed", str(self.seed)])

    def __str__(self) -> str:
        return self.command if self.seed is None else f"seed {self.seed}; {self.command}"


@contextmanager
def guarded() -> Iterator[Replay]:
    """Run a command's body; leave with the exit code that fits what went wrong in it."""
    replay = Replay()
    try:
        with _endings_raise():
            _must_have_room()
            yield replay
            sys.stdout.flush()
    except (typer.Exit, typer.BadParameter):
        raise
    except ScenarioError as error:
        _leave(code_of(error), str(error))
    except BrokenPipeError:
        _reader_left()
    except OSError as error:
        _leave(INPUT_OUTPUT, _say(error))
    except BatchsimError as error:
        _leave(BAD_INPUT, str(error))
    except KeyboardInterrupt:
        _leave(INTERRUPTED, f"batchsim: interrupted before its end; run again with: {replay.command}")
    except Terminated as terminated:
        _leave(terminated.exit_code, f"batchsim: terminated before its end; run again with: {replay.command}")
    except Exception as error:  # noqa: BLE001 -- whatever is left is a bug, and the user must hear of it without a traceback
        if _is_want_of_memory(error):
            _leave(INPUT_OUTPUT, f"batchsim: not enough memory ({replay})")
        _leave(BUG, _confess(error, replay))


def _must_have_room() -> None:
    """Under a small ``ulimit -v``, libraries that pandas loads do not fail but crash, or spin for ever."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY and limit < LEAST_ADDRESS_SPACE:
        raise MemoryError


def code_of(error: ScenarioError) -> int:
    """A scenario that cannot be read is an input/output failure, anything in it is bad input."""
    return INPUT_OUTPUT if all(problem.code == _UNREADABLE for problem in error.problems) else BAD_INPUT


def _say(error: OSError) -> str:
    """``path: reason``, or the message of an error of ours as it stands."""
    if isinstance(error, BatchsimError) or not error.strerror:
        return str(error)
    return f"{error.filename or 'batchsim'}: E182: cannot read or write: {error.strerror}"


def _confess(error: BaseException, replay: Replay) -> str:
    """What to put into a bug report, on two lines."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    where = f"{last.name}, {last.filename}:{last.lineno}"
    return (
        f"batchsim: this is a bug in batchsim, not in your scenario: {what} (in {where})\n"
        f"batchsim: please report it with the scenario and this line: {replay}"
    )


def _is_want_of_memory(error: BaseException | None) -> bool:
    """A library that finds no room for its code says so as an ImportError, perhaps wrapped in another.

    Where room is limited, a call of the interpreter's own that fails without saying why found none (SystemError), and
    neither did a thread for its stack.
    """
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return True
    if isinstance(error, SystemError) and any(words in str(error) for words in _SPEECHLESS):
        return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY
    while isinstance(error, ImportError) and not any(words in str(error) for words in _NO_ROOM):
        error = error.__cause__ or error.__context__
    return isinstance(error, MemoryError | ImportError)


def _leave(code: int, message: str) -> NoReturn:
    try:
        typer.echo(printable(message), err=True)
    except OSError:  # where nobody can read the message, the exit code still tells
        sys.stderr = None  # and the interpreter must not try again at exit
    raise typer.Exit(code) from None


def _reader_left() -> NoReturn:
    """The reader of our output closed it (``| head``): nothing more to say, and nothing went wrong."""
    sys.stdout = None  # the interpreter must not flush into the closed pipe at exit
    raise typer.Exit(0) from None


@contextmanager
def _endings_raise() -> Iterator[None]:
    """While the block runs, SIGTERM and SIGHUP raise :class:`Terminated`, so that files are tidied up.

    What is ignored stays so: under nohup a run outlives its terminal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, _terminate) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated(number)
