"""How a run goes; read this first. Sources, projects, environments, executors and tracking meet only here.

Request ─► plan() ─► Planned ─► launch() ─► Result
           planning.py          launching.py     the two steps; `run()` is both
           plan.py              recording.py     the JSON document; the run in the store until its terminal state
           creating.py                           what a run is created with
           asof.py              resolving.py     `--as-of` as a moment; the plan with its lock
           contained.py         orphans.py       a program in a container; containers that nobody has any more
           inputs.py            artifacts.py     what it reads and what it leaves, each with its digest
           reusing.py           stopping.py      an earlier run taken instead; what signals do
                                inside.py        what the program finds of us
                                masking.py       secrets in its output
                                results.py       metrics and files that it leaves behind
           dependencies.py      machine.py       the packages of a lock; facts about this machine
                                captured_source.py  code that was kept with a run
                                provenance.py    a statement about it all, for those who do not know us
"""

from runner.launch.launching import Endpoint, Result, Serve, Spectator, launch, run
from runner.launch.plan import Plan
from runner.launch.planning import Planned, Request, plan
from runner.launch.resolving import with_lock
from runner.launch.stopping import Effect

__all__ = [
    "Effect",
    "Endpoint",
    "Plan",
    "Planned",
    "Request",
    "Result",
    "Serve",
    "Spectator",
    "launch",
    "plan",
    "run",
    "with_lock",
]
