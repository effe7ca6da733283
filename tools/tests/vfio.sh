#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: arch=arm64 kernels=plain,debug cpus=2 kvm=1 vfio=1 guest=1 mem=512 timeout=400 soak=1
# bed: arch=arm64 kernels=plain cpus=2 parallel=1 vfio=1 guest=1 mem=512 timeout=400
#
# vfio: a PCI device behind an IOMMU is given to a Linux guest, whose driver moves bytes with it: by message interrupts, by
# its interrupt line, after a reset of the guest, and with a second device; the launcher answers none of its accesses
# meanwhile. Who may not have it is told why in one line. Killed or not, a launcher leaves nothing behind: then the host's
# driver has the device again, and it works.
modprobe axvm || exit 1

# tools/bed/lib/qemu-run.sh makes them. What is sent to one port of the first comes out of the other; the others are a group
device=0000:01:00.0 one=0000:00:10.0 other=0000:00:10.1
pci=/sys/bus/pci
out=/tmp/vfio.out
# shellcheck source=tools/tests/console.sh
. /tests/console.sh

fail() {
	echo "$1"
	tail -n 40 $out
	exit 1
}

# --- the host's side

# give ADDRESS, take_back ADDRESS
give() {
	echo vfio-pci >$pci/devices/"$1"/driver_override
	[ ! -e $pci/devices/"$1"/driver ] || echo "$1" >$pci/devices/"$1"/driver/unbind
	echo "$1" >$pci/drivers_probe
	[ -e $pci/drivers/vfio-pci/"$1" ] || fail "vfio-pci does not take $1"
}

take_back() {
	echo "$1" >$pci/drivers/vfio-pci/unbind || fail "unbind $1"
	echo >$pci/devices/"$1"/driver_override
	echo "$1" >$pci/drivers_probe
	[ -e $pci/drivers/virtio-pci/"$1" ] || fail "the host's driver does not get $1 back"
}

# The host's own driver sends and gets
host_talks() {
	for port in /sys/class/virtio-ports/*; do
		case $(cat "$port/name" 2>/dev/null) in
		ring-a) a=/dev/${port##*/} ;;
		ring-b) b=/dev/${port##*/} ;;
		esac
	done
	cat "$b" >/tmp/host.got &
	reader=$!
	echo "$1" >"$a" || fail "the host cannot send"
	sleep 1
	kill $reader
	wait $reader 2>/dev/null
	grep -q "$1" /tmp/host.got || fail "the host's driver does not get what it sent"
}

# one_line WORD STATUS: that was one line with that word in it, and status 2
one_line() {
	[ "$2" = 2 ] || fail "$1: status $2, not 2: $(cat /tmp/vfio.said)"
	[ "$(wc -l </tmp/vfio.said)" = 1 ] || fail "$1: not one line: $(cat /tmp/vfio.said)"
	grep -qF "$1" /tmp/vfio.said || fail "$1: not in: $(cat /tmp/vfio.said)"
}

# refused WORD ARGUMENT...
refused() {
	word=$1 before=$(ls /sys/kernel/debug/axvm)
	shift
	axvm run -k /guest/kernel -m 64M "$@" </dev/null >/tmp/vfio.said 2>&1
	one_line "$word" $?
	[ "$(ls /sys/kernel/debug/axvm)" = "$before" ] || fail "$word: a VM is left"
}

# --- the guest's

boot() {
	guest_boots -k /guest/kernel -i /guest/initramfs -m 128M "$@"
	sleep 1
}

# How often vCPUs have left the guest for the launcher
user_exits() {
	awk '{ for (i = 1; i < NF; i++) if ($i == "to-user") n += $(i + 1) } END { print n + 0 }' \
		/sys/kernel/debug/axvm/*/vcpus
}

# What the guest's one or two CPUs count of interrupts that fit a pattern
interrupts() {
	say "count$1" "grep -E '$2' /proc/interrupts | awk '{ n += \$2 + \$3 } END { print \"$1:\" n \":\" }'"
	counted=$(tr -d '\r' <$out | sed -n "s/^$1:\([0-9]*\):\$/\1/p" | tail -n 1)
}

# talk RUN PATTERN: 64 KiB one way, a word the other way; interrupts that fit the pattern came, and no exit reached the
# launcher. (A port can be opened once.)
talk() {
	say "opened$1" 'exec 3<>/dev/vport0p1 4<>/dev/vport0p2; cat <&3 >/tmp/a & cat <&4 >/tmp/b & sleep 1'
	interrupts "before$1" "$2"
	first=$counted before=$(user_exits)
	[ "$before" -gt 100 ] || fail "$1: only $before exits to find the device"
	say "sent$1" 'head -c 65536 /dev/urandom >/tmp/sent; cat /tmp/sent >&3; echo back-again >&4; sleep 2'
	[ "$(user_exits)" = "$before" ] || fail "$1: $(($(user_exits) - before)) exits reached the launcher"
	say "compared$1" "cmp /tmp/sent /tmp/b && grep back-again /tmp/a && echo \"$1\"-is-good"
	grep -q "^$1-is-good" $out || fail "$1: what was sent did not come back"
	interrupts "after$1" "$2"
	[ "$counted" -gt "$first" ] || fail "$1: no interrupt between $first and $counted"
}

# --- refusals

host_talks before
refused 'not a PCI address' --vfio 01:00
refused 'no such PCI device' --vfio 0000:00:1e.0
refused 'virtio-pci has it' --vfio $device
echo $device >$pci/drivers/virtio-pci/unbind
refused 'no driver has it' --vfio $device
give $device
give $one
group=$(basename "$(readlink $pci/devices/$one/iommu_group)")
refused "IOMMU group $group) too: $other (virtio-pci)" --vfio $device --vfio $one
give $other
mv /dev/vfio/vfio /dev/vfio/away
refused '/dev/vfio/vfio: no such file' --vfio $device
mv /dev/vfio/away /dev/vfio/vfio

# One who may not lock memory
echo 'user:x:1000:1000:user:/tmp:/bin/sh' >>/etc/passwd
chmod 666 /dev/axvm /dev/vfio/*
(
	# shellcheck disable=SC3045
	ulimit -l 1024
	exec su user -c "axvm run -k /guest/kernel -m 64M --vfio $device"
) </dev/null >/tmp/vfio.said 2>&1
one_line 'RLIMIT_MEMLOCK (ulimit -l) is 1M' $?

# --- by messages; and what the guest leaves is gone when it resets

boot --reboot -c 2 --vfio 01:00.0
talk messages MSI
refused 'another virtual machine or process has it' --vfio $device
echo 'reboot -f' >&9
await GUEST-UP 2
grep -q '^axvm: the guest resets' $out || fail "it was no reset"
sleep 1
talk again MSI
finish

# --- by the line, with two devices

cat >/root/vm.toml <<END
[kernel]
kernel_path = "/guest/kernel"
ramdisk_path = "/guest/initramfs"
cmdline = "console=ttyAMA0 pci=nomsi"
[devices]
interrupt_mode = "emulated"
[axvm]
vfio = ["$device", "$one"]
END
boot /root/vm.toml
talk line 'Level.*virtio'
say functions 'ls /sys/bus/pci/drivers/virtio-pci'
grep -q 0000:00:02.0 $out || fail "the guest's driver has no second device"

# --- killed in the middle of it

kill -9 "$launcher"
wait "$launcher"
exec 9>&-
[ -z "$(ls /sys/kernel/debug/axvm)" ] || fail "a VM is left"
boot --vfio $device
talk after MSI
finish

# --- given back

take_back $device
take_back $one
take_back $other
host_talks behind
rmmod axvm || fail "the module is still in use"
