"""The kernel in which notebooks are executed: IPython's own, except that it reaches no other machine.

``build_notebooks.py`` starts it by this file's path, so no kernel need be installed anywhere.
"""

from __future__ import annotations

import socket
import sys
from typing import Any


def _refuse(*_: Any, **__: Any) -> Any:
    """Stand in for whatever would look up another machine or connect to it."""
    raise OSError("a notebook reaches no network")


if __name__ == "__main__":
    from ipykernel.kernelapp import launch_new_instance

    socket.getaddrinfo = socket.create_connection = _refuse
    socket.socket.connect = socket.socket.connect_ex = _refuse  # type: ignore[method-assign]
    sys.path.pop(0)  # this folder: a notebook imports what is installed
    launch_new_instance()
