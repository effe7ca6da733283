#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: kernels=plain,debug cpus=2 guest=1 mem=512 timeout=200
# bed: arch=x86_64 kernels=plain cpus=1 guest=1 mem=512 timeout=200 soak=1
# bed: arch=x86_64 kernels=plain cpus=4 guest=2 mem=768 timeout=200 soak=1
# bed: arch=arm64 kernels=plain cpus=2,4 parallel=1 guest=1 mem=512 timeout=200 soak=1
#
# linux-smp: Linux guests with several vCPUs, more than there are CPUs, under a load of messages, memory barriers,
# translations to be dropped everywhere, migrations, timers, and CPUs that go offline and come back (guest-load); nothing
# in their consoles may tell of a CPU that hung or a clock that went wrong. In a soak for a minute each, on 4 CPUs too, and on
# x86 on 1, and with 16 vCPUs (in Debian's kernel, whose watchdog looks for lockups; the bed's own knows 8 CPUs).
modprobe axvm || exit 1

fail() {
	echo "$vcpus vCPUs, $kernel: $1"
	tail -n 40 /tmp/smp.out
	exit 1
}

# What process 1 of the guest does; its file goes into a second initramfs
mkdir -p /tmp/load/bin && cd /tmp/load || exit 1
cp /bin/guest-load bin/
cat >smp-init <<-'TEXT'
	#!/bin/sh
	export PATH=/bin:/sbin
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	echo "GUEST-UP with $(nproc) CPUs"
	guest-load $(sed -n 's/.*\bload=\([0-9]*\).*/\1/p' /proc/cmdline)
	poweroff -f
TEXT
chmod +x smp-init
printf '%s\n' bin bin/guest-load smp-init | cpio -o -H newc 2>/dev/null | gzip >/tmp/load.cpio.gz
cd /tmp || exit 1

case $BED_ARCH in
arm64) console=ttyAMA0 ;;
*) console=ttyS0 ;;
esac

# boot KERNEL VCPUS SECONDS MEMORY
boot() {
	kernel=$1 vcpus=$2
	axvm run -c "$vcpus" -m "$4" -k "/guest/$kernel" -i /guest/initramfs -i /tmp/load.cpio.gz \
		-a "console=$console rdinit=/smp-init load=$3 rcupdate.rcu_cpu_stall_timeout=15" </dev/null >/tmp/smp.out 2>&1
	status=$?
	[ $status = 0 ] || fail "exit status $status"
	grep -q "^GUEST-UP with $vcpus CPUs" /tmp/smp.out || fail "not all CPUs came up"
	grep -q '^load: all is well' /tmp/smp.out || fail "the load did not end well"
	if grep -Ef /bed/splats.txt /tmp/smp.out; then fail "the guest's kernel complained"; fi
	if grep -Ei 'lockup|detected .*stall|clocksource.*unstable|TSC warp|not responding' /tmp/smp.out; then
		fail "a CPU or a clock of the guest went wrong"
	fi
	grep '^load: CPUs' /tmp/smp.out
}

if [ -n "${AXVM_SOAK:-}" ]; then
	for n in 2 4 8; do
		boot kernel $n 60 128M
	done
	if [ -f /guest/debian ]; then boot debian 16 60 384M; fi
elif [ "$BED_KERNEL" = debug ]; then
	boot kernel 3 1 128M
else
	boot kernel 2 1 128M
	# On arm64, where the machine is slow, 8 CPUs that wait for each other on 2 take minutes.
	[ "$BED_ARCH" = arm64 ] || boot kernel 8 1 128M
fi
rmmod axvm || fail "the module is still in use"
