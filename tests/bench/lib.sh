# For the scripts of this folder to source: one thread, and the figures of a bench.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# COMMAND...: the line of JSON that it prints. Fails where there is none, with what it said instead.
json_of() {
  local said line
  said=$(mktemp)
  if line=$("$@" 2>"$said" | grep '^{"job"'); then
    rm -f "$said"
    printf '%s\n' "$line"
  else
    echo "no figures from: $*" >&2
    tail -n 20 "$said" >&2
    rm -f "$said"
    return 1
  fi
}
