"""``batchsim optimise``: proposed points are raced against one another, and the best is held to its word."""
