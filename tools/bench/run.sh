#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh: measure what exits cost, KVM and axvm in turn in one boot of the bed, and print the table.
#
#   TSV=1       tab-separated rows: family, path, KVM, axvm
#   ARCH=NAME   the family, x86_64 or arm64
#
# One CPU: there a tick of the machine's clock is an instruction, and each run gives the same figures. KVM would look for
# an interrupt again and again before it puts a halted vCPU to sleep (halt_poll_ns), which is time, not cost: switched off.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/../bed/run.sh" --kvm -k plain -c 1 -t 300 -- "modprobe axvm && echo 0 >/sys/module/kvm/parameters/halt_poll_ns && exec axvm-bench ${TSV:+--tsv}"
