#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vng-enter.sh DIRECTORY: inside a virtme-ng machine, run the command of the bed's root file system, which lies in
# DIRECTORY/root, and leave the kernel's log in DIRECTORY/console.log. Nothing of the machine outside it is written.
root=$1/root
for d in proc sys dev; do
	mount --rbind "/$d" "$root/$d"
done
# shellcheck disable=SC2016
chroot "$root" /bin/sh -c 'set -- given; . /bed/mounts.sh; sh /bed/command 2>&1 </dev/null; echo "@@exit $?"'
dmesg >"$1/console.log"
