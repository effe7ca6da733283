#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain,debug cpus=2 timeout=120
# bed: arch=arm64 kernels=plain cpus=1 parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=1 kvm=1 parallel=1 timeout=120 soak=1
# bed: arch=arm64 kernels=plain cpus=2 parallel=1 timeout=120 soak=1
# bed: arch=arm64 kernels=debug cpus=2 kvm=1 parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 model=max parallel=1 timeout=120
# bed: arch=arm64 kernels=plain cpus=2 kvm=0 model=cortex-a72 parallel=1 timeout=120
# bed: arch=arm64 kernels=debian-6.12,debian-6.1 cpus=2 kvm=1 parallel=1 timeout=120
#
# guests: the project's own small guests (tools/guests) ask their interrupt controllers, timers and the like for all they
# should do; on x86 with one vCPU, and with more than the machine has CPUs. Their verdict is the launcher's status, or on
# arm64 the last line they print. (QEMU's machine "virt" runs arm64's, too: that is the reference.)
modprobe axvm || exit 1
result=0

# run NAME VCPUS OPTION...: one guest
run() {
	name=$1 vcpus=$2
	shift 2
	axvm run -c "$vcpus" -m 16M "$@" </dev/null >/tmp/guest.out 2>&1
	status=$?
	if [ $status = 0 ] && grep -q "^$name: all is well" /tmp/guest.out; then
		echo "$name, vCPUs: $vcpus, tests: $(grep -c '^ok ' /tmp/guest.out)"
	else
		echo "$name, vCPUs: $vcpus, status: $status"
		cat /tmp/guest.out
		result=1
	fi
}

# utime + stime of the threads of vCPUs, in ticks
cpu_time() {
	for task in /proc/"$launcher"/task/*; do
		grep -q vcpu "$task/comm" && cat "$task/stat"
	done | awk '{ n += $14 + $15 } END { print n + 0 }'
}

# A CPU that waits for its start-up IPI, with NMIs pending, and one that mostly sleeps: both together cost next to nothing.
park() {
	axvm run -c 2 -m 16M -k /bin/guest-park </dev/null >/tmp/guest.out 2>&1 &
	launcher=$!
	until grep -q '^parked' /tmp/guest.out; do
		kill -0 $launcher 2>/dev/null || break
		sleep 0.1
	done
	before=$(cpu_time)
	sleep 1
	used=$(($(cpu_time) - before))
	wait $launcher
	status=$?
	echo "park: $used of 100 ticks, status: $status"
	[ $status = 0 ] && [ $used -lt 30 ] && return
	cat /tmp/guest.out
	result=1
}

if [ "$BED_ARCH" = arm64 ]; then
	for guest in gic gic-smp; do
		run $guest 2 --flat "/bin/guest-$guest@0x40400000" --entry 0x40400000
	done
else
	for guest in apic ioapic timer ipi nmi tpr tsc; do
		run $guest 1 -k /bin/guest-$guest
		run $guest 4 -k /bin/guest-$guest
	done
	park
fi
rmmod axvm || result=1
exit $result
