#!/bin/bash
# Prints {"lines": N, "hits": M} for the word $1 in the file $2.
set -eu
printf '{"lines": %d, "hits": %d}\n' "$(wc -l < "$2")" "$(grep -c -- "$1" "$2" || true)"
