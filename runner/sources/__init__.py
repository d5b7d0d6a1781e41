"""Where projects come from.

parsing       what a person typed -> Source              address      the grammar of URLs and refs
checkout      Source -> tree to run in                    workingcopy  a directory used in place
commit        a commit as a fresh tree                    place        where a project is in a tree
mirror        a repository in the cache                   refs         what a ref names
git           how git is called, what its failures mean   populate     a commit's files, submodules, LFS
tree          fresh trees without copying anew            archive      zip files
inputs        remote inputs of a run                      download     http(s) into the cache
dating        when a commit was made                     asking       what a server says of an object

keeping       whether code must be kept with the run     capturing    a directory that others do not have: patch, bundles
modules       working copies in a tree, what differs     limits       what is too large for that, or no code
scratch       a repository for a moment                  bundle       commits that no remote has
names         odd names between Python and git           captured     code that was kept, as a tree again
"""

from runner.sources.address import strip_credentials
from runner.sources.checkout import checkout, obtainable
from runner.sources.dating import committed
from runner.sources.inputs import fetch_input, is_remote, local_file
from runner.sources.keeping import kept
from runner.sources.parsing import parse
from runner.sources.pruning import prune

__all__ = [
    "checkout",
    "committed",
    "fetch_input",
    "is_remote",
    "kept",
    "local_file",
    "obtainable",
    "parse",
    "prune",
    "strip_credentials",
]
