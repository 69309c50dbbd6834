"""URN: weakly supervised semantic segmentation with uncertainty from response scaling.

A library of functions and modules on arrays and tensors. It is independent of Snakemake, of the
layout of results and of configuration files.
"""

__version__ = "0.2.0"
