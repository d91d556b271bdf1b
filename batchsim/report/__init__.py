"""What people look at: the terminal report and plots. Every number comes from :mod:`batchsim.analysis`."""
