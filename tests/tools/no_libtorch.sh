#!/bin/sh
# Fails if ldd shows LibTorch among the libraries of a program.
set -eu
libraries=$(ldd "$1")
if printf '%s\n' "$libraries" | grep -E 'lib(torch|c10|caffe2)'; then
  echo "$1 links LibTorch" >&2
  exit 1
fi
printf '%s\n' "$libraries" | grep -q libc.so || { echo "ldd told nothing about $1" >&2; exit 1; }
