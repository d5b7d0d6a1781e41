#!/bin/bash
# Prints {"lines": N, "hits": M} for the word $1 in the file $2.
set -eu
word=$1 file=$2
printf '{"lines": %d, "hits": %d}\n' "$(wc -l < "$file")" "$(grep -c -- "$word" "$file" || true)"
