"""Several follow-ups of several studies in one model: the course of an effect over time."""
