"""Several studies as one estimate: arrays in, frozen results out."""
