"""All rows of bad input and hostile operation at a glance: what comes in, what the user gets, and where it is held.

Rows up to B64 have cases beside this file;
rows of operation name their tests. ``later``: what belongs to a feature that batchsim does not have yet.
"""

from __future__ import annotations

from dataclasses import dataclass

OPERATION = "tests/hostile/test_operation.py"
DISK = "tests/hostile/test_full_disk.py"
FOLDERS = "tests/hostile/test_result_folders.py"
SIGNALS = "tests/hostile/test_signals.py"
SURROUNDINGS = "tests/hostile/test_surroundings.py"
LIMITS = "tests/hostile/test_limits_of_resources.py"
LINE = "tests/hostile/test_command_line.py"
WORKERS = "tests/hostile/test_workers.py"
PLUGINS = "tests/hostile/test_own_policies.py"
STRANGE = "tests/hostile/test_strange_files.py"
STORE = "tests/experiments/test_study_store.py"
SWEEPS = "tests/cli/test_sweep.py"
NAMES = "tests/hostile/test_hostile_names.py"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the validation plan, in our words."""

    id: str
    input: str
    answer: str
    tests: tuple[str, ...] = ()
    """Besides the cases."""
    later: str = ""


ROWS: tuple[Row, ...] = (
    Row("B01", "the file is missing, a folder, unreadable", "E100 with the system's reason, exit code 4", (STRANGE,)),
    Row("B02", "an empty file, only comments", "E101, pointing to `batchsim init`"),
    Row("B03", "a syntax error of YAML or JSON", "E102 with line, column and that line"),
    Row("B04", "not UTF-8", "E103 with the offset; a UTF-8 mark is welcome"),
    Row("B05", "a list or a scalar at the top", "E104"),
    Row("B06", "a key twice", "E105 with both lines"),
    Row("B07", "an unknown key", "E106 with the near one; E111 a missing key, E112 another kind of value"),
    Row("B08", "aliases that explode", "E107 within a second and 200 MiB", (LIMITS,)),
    Row("B09", "an anchor that holds itself", "E107"),
    Row("B10", "nested 100,000 deep", "E108", (LIMITS,)),
    Row("B11", "tags that build objects", "E109, and nothing is built", (STRANGE,)),
    Row("B13", "a file of more than 64 MiB", "E110; the limit is raised in Python, `load(max_bytes=)`", (LIMITS,)),
    Row("B14", "a queue's environments: unknown, more than three, one twice", "E120 with the known names"),
    Row("B15", "Fargate and EC2 in one queue", "E121; architectures: E157"),
    Row("B16", "unknown queue, definition, policy", "E122 with the near one; of actions E126, E115"),
    Row("B17", "a name twice", "E123 with both lines; a note where only case differs"),
    Row("B18", "equal priorities on one environment", "accepted; a note says which goes first"),
    Row("B20", "a cycle of dependencies", "E125 with the cycle and its lines"),
    Row("B21", "a dependency on nobody, more than 20", "E126, E127"),
    Row("B22", "N_TO_N and SEQUENTIAL where they cannot be", "E128; sizes of arrays E129"),
    Row("B24", "vCPUs of nought, below, a fraction, 10^9", "E130"),
    Row("B25", "memory of nought, 3 MiB, below", "E131"),
    Row("B26", "a job larger than every type", "E132 with the largest and what is short; or `allow_unplaceable: true`"),
    Row("B27", "no size of Fargate, a GPU there", "E133 with the sizes for these vCPUs; no number of them E130"),
    Row("B28", "attempts of 0, 11, -1, 2.5", "E134"),
    Row("B29", "rules without attempts, more than five", "E135; bad patterns E136"),
    Row("B31", "minvCpus, desiredvCpus, maxvCpus that do not fit", "E137 with both"),
    Row("B32", "a timeout below 60 s", "E138"),
    Row("B33", "weights, reservation, decay out of range", "E139"),
    Row("B34", "a share without a policy, a policy without a share",
        "E167 for the second (E140: consumable resources); a note for the first, which a FIFO queue ignores"),
    Row("B35", "a strategy of the other kind, an unknown one", "E141"),
    Row("B36", "a law's parameters", "E142 with field and value"),
    Row("B38", "probabilities", "E144; weights need not sum to 1, only to more than 0 (E142)"),
    Row("B39", "a sample without points, not in order, NaN", "E142 in the file, E160-E162 of a CSV; any order is fine"),
    Row("B40", "an infinite mean", "cannot be written: no law of batchsim has one (E106)"),
    Row("B41", "units: missing, unknown, spelt otherwise", "E146 with what was read; instants, crons E115; flags E112"),
    Row("B43", "prices: missing, below nought, words, commas", "E148"),
    Row("B44", "windows that end before they begin", "no length below 0 (E146), none of 0 (E149); overlaps combine"),
    Row("B46", "more offered than can be served", "runs; the report warns", (LIMITS,)),
    Row("B47", "10^10 jobs", "E151 before the run, `simulation.max_jobs` raises it; E118 without an end"),
    Row("B48", "seeds below nought, fractions, 2^200", "E152"),
    Row("B49", "replications of 0, -1; an interval of one", "a wrong command line: exit code 2", (LINE,)),
    Row("B50", "a warm-up beyond the horizon", "E154; of a run that drains, E117"),
    Row("B51", "a trace of another shape", "E160 with line and header"),
    Row("B52", "a trace's cells", "E161 with line and column, of all columns at once; rows may come in any order"),
    Row("B53", "a trace without rows", "E162"),
    Row("B55", "compressed traces", "E160: nothing is unpacked; larger than 2 GiB E164", (LIMITS,)),
    Row("B56", "paths that leave the scenario's folder", "E165 unless `--allow-path DIR`", (STRANGE,)),
    Row("B57", "pipes, devices, sockets", "E166, and they are not opened", (STRANGE,)),
    Row("B58", "includes that go round", "there is no include (E106; a tag E109)"),
    Row("B60", "pickles in place of tables", "E168: never unpickled; other binary tables E160", (STRANGE,)),
    Row("B61", "names with HTML", "escaped in every page", (NAMES, "tests/report/test_html.py")),
    Row("B62", "names that a spreadsheet would compute", "an apostrophe before them, taken off when read", (NAMES,)),
    Row("B63", "names with escapes, newlines, direction marks", "printed escaped; events stay one line each", (NAMES,)),
    Row("B64", "names that would be file names", "E170; variants' files are numbered", (NAMES,)),
    Row("B66", "the folder is not empty", "E180; `--force` replaces batchsim's own files and no others", (FOLDERS,)),
    Row("B67", "the folder cannot be written", "exit code 4 before the run", (SURROUNDINGS,)),
    Row("B68", "links for folders and files", "not followed; staged, synced, renamed", (FOLDERS,)),
    Row("B69", "a full disk at any write", "exit code 4, what was there stays, a later run replaces it", (DISK,)),
    Row("B71", "Ctrl-C once, twice", "130; files are whole; says how to run again", (SIGNALS,)),
    Row("B72", "SIGTERM", "143 within five seconds", (SIGNALS,)),
    Row("B73", "SIGKILL", "the old results or the new; a rerun replaces the rest", (SIGNALS,)),
    Row("B74", "a worker crashes", "told with its seed, run once more; the others finish; exit code 5",
        (WORKERS,)),
    Row("B75", "a worker hangs", "its part is ended after a limit of wall time, then as B74", (WORKERS,)),
    Row("B76", "resuming with another scenario, code or seed", "E190 with both hashes", (STORE, SWEEPS)),
    Row("B77", "two processes write into one folder", "E191 for the second; the lock ends with its holder", (FOLDERS,)),
    Row("B78", "a store that is cut off, damaged or another program's", "E192, and the file stays as it is", (STORE,)),
    Row("B80", "-O, no network, no home, no working folder", "works, or exit code 4", (SURROUNDINGS,)),
    Row("B81", "no memory", "exit code 4 and how to run it with less", (OPERATION,)),
    Row("B82", "sweeps of 10^7 points, of none, of a path that is not there", "E195 with the count; E106 with a hint",
        (SWEEPS,)),
    Row("B83", "a wrong command line", "usage, the near option, exit code 2", (LINE,)),
    Row("B84", "a policy of the user's that raises, answers the impossible, never answers",
        "names the policy, the instant and what it was asked; exit code 2", (PLUGINS,)),
)  # fmt: skip
"""Numbers have gaps, as the plan's have."""
