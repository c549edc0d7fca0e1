"""The parts of the report, each made from evidence alone."""
