"""Where projects come from.

parsing       what a person typed -> Source              address      the grammar of URLs and refs
checkout      Source -> tree to run in                    workingcopy  a directory used in place
commit        a commit as a fresh tree                    place        where a project is in a tree
mirror        a repository in the cache                   refs         what a ref names
git           how git is called, what its failures mean   populate     a commit's files, submodules, LFS
tree          fresh trees without copying anew            archive      zip files
inputs        remote inputs of a run                      download     http(s) into the cache
dating        when a commit was made                     asking       what a server says of an object
"""

from runner.sources.address import strip_credentials
from runner.sources.checkout import checkout
from runner.sources.dating import committed
from runner.sources.inputs import fetch_input, is_remote, local_file
from runner.sources.parsing import parse
from runner.sources.pruning import prune

__all__ = [
    "checkout",
    "committed",
    "fetch_input",
    "is_remote",
    "local_file",
    "parse",
    "prune",
    "strip_credentials",
]
