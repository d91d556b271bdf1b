"""``batchsim selftest``: simulations whose answers are known beforehand, held to the formulas of queueing theory.

A :class:`~batchsim.selftest.case.Case` is one such simulation: a scenario as plain data, what is measured in it, and
the value that a formula gives. :mod:`~batchsim.selftest.judge` says when the two agree,
:mod:`~batchsim.selftest.registry` lists all cases, :mod:`~batchsim.selftest.runner` runs them. Everything is simulated
through the public API.
"""
