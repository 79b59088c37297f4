#!/usr/bin/env bash
# Prints the packages read from standard input (one a line) that are not installed.
# usage: missing_packages.sh [ROOT]   ROOT: a Debian tree, default this system's
set -euo pipefail

database=${1:-}/var/lib/dpkg
# What an installed package provides counts too: pkgconf stands in for pkg-config.
installed=$(dpkg-query --admindir="$database" -W \
  -f='${db:Status-Abbrev}${Package}\n${db:Status-Abbrev}${Provides}\n' 2>/dev/null |
  sed -n 's/^ii *//p' | sed 's/([^)]*)//g' | tr -d ' ' | tr ',' '\n' | grep -v '^$' | sort -u)
comm -23 <(sort -u) <(printf '%s\n' "$installed")
