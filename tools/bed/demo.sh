#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# demo.sh: boot the plain kernel in the bed, load axvm there, and boot the same kernel once more as axvm's guest, its
# console on this terminal. Ends when the guest powers off.
set -euo pipefail
. "$(dirname "$0")/lib/common.sh"

start=$SECONDS status=0
say "$arch_demo; here is the guest's console:"
"$bed/run.sh" -g -m 512 "$@" -- "
	insmod /mod/axvm.ko || exit
	axvm run -m 128M -k /guest/kernel -i /guest/initramfs -a 'console=$arch_console bed=demo'
" || status=$?
if [ "$status" -ne 0 ]; then
	say "the demo failed with status $status"
	exit "$status"
fi
say "the guest has powered off; it took $((SECONDS - start)) s. Next: make shell, make check, make help"
