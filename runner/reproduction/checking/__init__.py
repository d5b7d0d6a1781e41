"""What has to be there before a run can be repeated: asked first, item by item, so that nothing fails half-way.

model        an item of the list                   environment  its lock, its interpreter
listing      the list                              files        its packages: in a cache, or still to be had?
code         commit, patch, entry point            images       its images, the same
inputs       data: there, and equal?               asking       HEAD requests for addresses
machine      the machine: alike?
"""

from runner.reproduction.checking.listing import checked
from runner.reproduction.checking.model import Check, Checklist, State

__all__ = ["Check", "Checklist", "State", "checked"]
