#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bed: kernels=plain cpus=2 guest=1 mem=512 timeout=120
#
# config-run: an AxVisor configuration of Linux, as it is, is refused with the line that asks for the host's hardware;
# with --no-passthrough it boots, and memory and CPUs are where the file says. So does a file of our own.
modprobe axvm || exit 1

case $BED_ARCH in
arm64) arch=arm64 console=ttyAMA0 ram='80000000-8fffffff : System RAM' own_ram='50000000-57ffffff : System RAM' ;;
*) arch=x86 console=ttyS0 ram='00100000-07ffffff : System RAM' own_ram='00100000-05ffffff : System RAM' ;;
esac

out=/tmp/config.out
# shellcheck source=tools/tests/console.sh
. /tests/console.sh

fail() {
	echo "$1"
	tail -n 30 $out
	exit 1
}

# boot RAM CPUS ARGUMENT...: boot, look at the guest's memory map and at where its vCPU may run, switch off
boot() {
	want=$1 cpus=$2
	shift 2
	guest_boots "$@"
	for task in /proc/"$launcher"/task/*; do
		grep -q axvm-vcpu0 "$task/comm" || continue
		grep -q "^Cpus_allowed_list:[[:space:]]*$cpus\$" "$task/status" ||
			fail "vCPU 0: $(grep Cpus_allowed_list "$task/status"), not $cpus"
	done
	usleep 300000
	echo 'cat /proc/iomem; echo map-"said"; poweroff -f' >&9
	await map-said
	grep -q "$want" $out || fail "no '$want' in the guest's memory map"
	guest_ends
}

# The example, with the images that there are
sed -e 's|"bzImage"|"/guest/kernel"|' -e 's|"Image"|"/guest/kernel"|' /tests/configs/$arch-linux.toml >/root/vm.toml
axvm run /root/vm.toml >$out 2>&1
status=$?
[ $status = 2 ] || fail "the example as it is: status $status"
[ "$(wc -l <$out)" = 1 ] || fail "the example as it is: not one line"
grep -qE '^axvm: /root/vm.toml:[0-9]*: (.* is not supported by this version|HPET: .*)$' $out || fail "the example as it is"
boot "$ram" 0 /root/vm.toml --no-passthrough -i /guest/initramfs -a console=$console
grep -q '^axvm: /root/vm.toml:[0-9]*: left out: interrupt_mode passthrough' $out || fail "nothing about what was left out"

# One of our own: images named from where the file is, other addresses, the other CPU
ln -s /guest/kernel /root/kernel
if [ $arch = arm64 ]; then
	places='entry_point = 0x5020_0000
kernel_load_addr = 0x5020_0000
dtb_load_addr = 0x5000_0000
ramdisk_load_addr = 0x5700_0000
memory_regions = [[0x5000_0000, 0x800_0000, 7, 0], [0x6000_0000, 0x20_0000, 1, 0]]'
else
	places='kernel_load_addr = 0x100_0000
ramdisk_load_addr = 0x500_0000
memory_regions = [[0, 0x600_0000, 7, 0], [0x1000_0000, 0x20_0000, 1, 0]]'
fi
cat >/root/own.toml <<END
[base]
name = "own"
phys_cpu_sets = [2]
[kernel]
kernel_path = "kernel"
ramdisk_path = "/guest/initramfs"
cmdline = "console=$console"
$places
[devices]
interrupt_mode = "emulated"
[axvm]
reboot = true
END
axvm config check /root/own.toml || fail "config check"
boot "$own_ram" 1 /root/own.toml
rmmod axvm || fail "the module is still in use"
