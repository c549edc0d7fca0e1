"""Effects at several times: multilevel models, the course over time, interval-censored durations."""
