#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh: measure what exits cost, KVM and axvm in turn in one boot of the bed, and print the table.
#
#   TSV=1       tab-separated rows: family, path, KVM, axvm
#   ARCH=NAME   the family, x86_64 or arm64
#
# One CPU: there a tick of the machine's clock is an instruction, and each run gives the same figures.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../bed/run.sh" --kvm -k plain -c 1 -t 300 -- "modprobe axvm && exec axvm-bench ${TSV:+--tsv}"
