# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0
#
# What a root file system of the bed mounts, and how it is set up, before its command runs. Sourced with "new" by process 1
# of a machine of our own, where nothing is mounted yet; with "given" in a root inside somebody else's.
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=linux
if [ "$1" = new ]; then
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev 2>/dev/null
	mkdir -p /dev/pts /dev/shm
	mount -t devpts pts /dev/pts
	mount -t tmpfs shm /dev/shm
	ln -sf /proc/self/fd /dev/fd
fi
mount -t tmpfs tmp /tmp
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
echo 0 >/proc/sys/kernel/printk_ratelimit
# shellcheck source=/dev/null
. /bed/env
cd /root || cd /
[ -z "$BED_KVM_MODULE" ] || modprobe "$BED_KVM_MODULE" || echo "bed: no $BED_KVM_MODULE" >/dev/kmsg
