"""Names that people can say and remember: amber-falcon-212."""

import random

ADJECTIVES = (
    "agile amber ample arctic azure balmy bold brave breezy bright brisk calm candid cheery civic clear clever cosmic "
    "crisp dapper daring deft eager early earnest fair fleet fluent fond frank fresh gentle gilded glad golden grand "
    "hardy hazel honest humble jolly keen kind lively loyal lucid lunar mellow merry mild misty modest neat nimble "
    "noble opal patient placid polite proud quick quiet rapid ready regal robust rosy sage serene sharp silent silver "
    "smooth snug solar sound spry steady still sunny swift tidy tranquil trim upbeat vivid warm wise witty young zesty"
).split()
NOUNS = (
    "acorn alder aspen badger basil beacon beaver birch bison brook canyon cedar cliff clover comet condor coral crane "
    "creek cricket dahlia delta dolphin dune eagle egret elm falcon fern finch fjord forest fox garnet gecko glacier "
    "grove harbor hare hawk hazelnut heron hill iris island ivy jasmine juniper kestrel lagoon lake larch lark lemur "
    "lichen lily lotus lynx magnolia maple marlin marten meadow moose oak ocean olive orca otter owl panda pebble pine "
    "plover poplar puffin quail quartz raven reef river robin salmon seal sequoia spruce stork swan thrush tulip "
    "valley walnut willow wren yak zebra"
).split()


def speakable() -> str:
    """A random name; about eight million of them exist, so ask whether it is taken."""
    # The module's own generator may be seeded by a caller's tests: names come from the system instead.
    choose = random.SystemRandom()
    return f"{choose.choice(ADJECTIVES)}-{choose.choice(NOUNS)}-{choose.randrange(100, 1000)}"
