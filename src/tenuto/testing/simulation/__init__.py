"""Whole fleets in one thread on virtual time, under faults; may import all but cli and bootstrap.

`simulate` runs a given workflow, `simulate_random` one that the seed invents. See DESIGN section 8.
"""

from tenuto.testing.simulation.faults import Faults
from tenuto.testing.simulation.report import SimulationReport
from tenuto.testing.simulation.running import simulate, simulate_random
from tenuto.testing.simulation.witness import Violation

__all__ = ["Faults", "SimulationReport", "Violation", "simulate", "simulate_random"]
