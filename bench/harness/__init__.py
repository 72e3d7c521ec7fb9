"""The parts of bench.py: machine, processes, contenders, generators, rows, figures, page."""
