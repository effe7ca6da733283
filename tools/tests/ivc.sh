#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=x86_64 kernels=plain,debug cpus=2 timeout=180
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 timeout=180
# bed: arch=arm64 kernels=plain cpus=2 model=cortex-a72 timeout=180 soak=1
# bed: arch=arm64 kernels=plain cpus=2 kvm=1 parallel=1 timeout=180 soak=1
# bed: arch=x86_64 kernels=debian-6.12,debian-6.1 cpus=2 timeout=180 soak=1
# bed: arch=arm64 kernels=debian-6.12,debian-6.1 cpus=2 kvm=1 timeout=180 soak=1
#
# ivc: channels between VMs and processes: who may share what, messages between two guests and a process, publishers that go
# at any moment. Nothing is left of any of it.
modprobe axvm || exit 1
pages=/sys/module/axvm/parameters/ivc_pages
result=0

axvm-test ivc || result=1
axvm-test ivc_kill || result=1

# guest ROLE WINDOW OPTION...: one of the two guests
guest() {
	role=$1
	shift
	if [ "$BED_ARCH" = arm64 ]; then
		axvm run -m 16M --flat "/bin/guest-ivc-$role@0x40400000" --entry 0x40400000 --ivc 0x20000000,0x1000000,50 "$@"
	else
		axvm run -m 16M -k "/bin/guest-ivc-$role" --ivc 0xd0000000,0x1000000,10 "$@"
	fi </dev/null >"/tmp/ivc.$role" 2>&1
}

# verdict ROLE STATUS
verdict() {
	if [ "$2" = 0 ] && grep -q "^ivc-$1: all is well" "/tmp/ivc.$1"; then
		echo "ivc-$1: $(grep -c '^ok ' "/tmp/ivc.$1") tests"
	else
		echo "ivc-$1: status $2"
		cat "/tmp/ivc.$1"
		result=1
	fi
}

guest publisher --ivc-allow user &
publisher=$!
guest subscriber &
subscriber=$!
axvm-test ivc_ring || { result=1; axvm ivc ls; kill $publisher $subscriber; }
wait $publisher
verdict publisher $?
wait $subscriber
verdict subscriber $?

[ "$(cat $pages)" = 0 ] || { echo "$(cat $pages) pages are left"; result=1; }
axvm ivc ls | grep -v PUBLISHER && result=1
rmmod axvm || { echo "the module is still in use"; result=1; }
exit $result
