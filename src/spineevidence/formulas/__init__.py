"""Formulas on plain arrays: from printed numbers to effects, their variances and covariances."""
