#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain,debug cpus=2 timeout=120
# bed: arch=x86_64 kernels=plain cpus=1 timeout=120
#
# guests: the project's own small guests (tools/guests), each a few dozen questions to the interrupt controllers and their
# like, with one vCPU and with more than there are CPUs; their verdict is the launcher's status.
modprobe axvm || exit 1

status=0

# run NAME VCPUS: one guest
run() {
	axvm run -k "/bin/guest-$1" -c "$2" -m 16M </dev/null >/tmp/guest.out 2>&1
	verdict=$?
	if [ $verdict = 0 ] && grep -q "$1: all is well" /tmp/guest.out; then
		echo "$1 with $2 vCPUs: $(grep -c '^ok ' /tmp/guest.out) tests"
	else
		echo "$1 with $2 vCPUs: status $verdict"
		cat /tmp/guest.out
		status=1
	fi
}

for guest in apic ioapic timer ipi nmi tpr tsc; do
	run $guest 1
	run $guest 4
done
rmmod axvm || status=1
exit $status
