#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vng-enter.sh ROOT: inside a virtme-ng machine, run the command of the bed's root file system, which lies in ROOT. Nothing
# outside the machine is written.
for d in proc sys dev; do
	mount --rbind "/$d" "$1/$d"
done
# shellcheck disable=SC2016
chroot "$1" /bin/sh -c 'set -- given; . /bed/mounts.sh; sh /bed/command 2>&1 </dev/null; echo "@@exit $?"'
