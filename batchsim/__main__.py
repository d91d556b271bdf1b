"""``python -m batchsim`` is the command ``batchsim``."""

from batchsim.cli import main

if __name__ == "__main__":
    main()
