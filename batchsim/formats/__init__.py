"""Readers and writers of files: scenarios, traces, result folders, events. No scheduling rule lives here."""
