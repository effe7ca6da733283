#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# launcher-arm64.sh: what the launcher for arm64 builds in guest memory is right: Image,
# initramfs, registers, and the device tree as dtc reads it (ASan, UBSan). The launcher
# is built for this machine, whatever it is. And its PCI bus, with devices that are made up: what guests may
# do to it, and random ones. Needs no hypervisor.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/axvm/tests/lib.sh
. "$here/../../axvm/tests/lib.sh"
out=$out-arm64
build ARCH=arm64 tests

for program in arm64-unit "pci-unit ${AXVM_SOAK:+10000000}"; do
	# shellcheck disable=SC2086
	"$out"/tests/$program >"$work/out" 2>&1 || problem "$program"
	cat "$work/out"
done

# tree OPTION...: the device tree of a flat guest of 16 MiB, as text, in $work/tree
tree() {
	"$out/tests/dump" "$work/dump" --flat "$work/zeros@0x40000000" --entry 0x40000000 -m 16M "$@" ||
		problem "dump $*"
	tail -c 2M "$work/dump.mem" >"$work/dtb"
	dtc -I dtb -O dts "$work/dtb" >"$work/tree" 2>"$work/dtc" || problem "dtc: $(head -3 "$work/dtc")"
	[ ! -s "$work/dtc" ] || problem "dtc complains: $(head -3 "$work/dtc")"
}

# node NAME LINE...: a node has exactly these lines
node() {
	local name=$1
	shift
	sed -n "/^[[:space:]]*$name {/,/^[[:space:]]*}/p" "$work/tree" | sed -e '1d;$d' -e 's/^[[:space:]]*//' >"$work/node"
	printf '%s\n' "$@" | sort >"$work/want"
	sort "$work/node" | diff "$work/want" - >"$work/diff" || problem "node $name: $(cat "$work/diff")"
}

head -c 4096 /dev/zero >"$work/zeros"
tree -c 18
node 'memory@40000000' 'device_type = "memory";' 'reg = <0x00 0x40000000 0x00 0x1000000>;'
node psci 'compatible = "arm,psci-1.0\0arm,psci-0.2";' 'method = "hvc";'
node timer 'compatible = "arm,armv8-timer";' 'always-on;' \
	'interrupts = <0x01 0x0d 0x04 0x01 0x0e 0x04 0x01 0x0b 0x04 0x01 0x0a 0x04>;'
node 'interrupt-controller@8000000' 'compatible = "arm,gic-v3";' 'interrupt-controller;' \
	'#interrupt-cells = <0x03>;' '#address-cells = <0x00>;' 'phandle = <0x01>;' \
	'reg = <0x00 0x8000000 0x00 0x10000 0x00 0x80a0000 0x00 0x240000>;'
node apb-pclk 'compatible = "fixed-clock";' '#clock-cells = <0x00>;' 'phandle = <0x02>;' \
	'clock-frequency = <0x16e3600>;' 'clock-output-names = "clk24mhz";'
node 'serial@9000000' 'compatible = "arm,pl011\0arm,primecell";' 'clocks = <0x02 0x02>;' \
	'reg = <0x00 0x9000000 0x00 0x1000>;' 'interrupts = <0x00 0x01 0x04>;' \
	'clock-names = "uartclk\0apb_pclk";'
node 'rtc@9010000' 'compatible = "arm,pl031\0arm,primecell";' 'clocks = <0x02>;' \
	'reg = <0x00 0x9010000 0x00 0x1000>;' 'interrupts = <0x00 0x02 0x04>;' 'clock-names = "apb_pclk";'
node chosen 'stdout-path = "/serial@9000000";'
node 'cpu@101' 'device_type = "cpu";' 'compatible = "arm,armv8";' 'enable-method = "psci";' 'reg = <0x101>;'
[ "$(grep -c 'device_type = "cpu"' "$work/tree")" -eq 18 ] || problem "not 18 CPUs"

# Hardware of the host, of which the configuration says what it is
printf '%s\n' '[devices]' 'interrupt_mode = "emulated"' '[axvm]' 'host_devices = [' \
	'["rtc2", 0x902_0000, 0x901_0000, 0x1000, 42, 34, "mapped,pl031"],' \
	'["uart2", 0x903_0000, 0x3eff_1000, 8, 43, 35, "routed,ns16550a"],' \
	'["unknown", 0x904_0000, 0x3eff_2000, 8, 44, 36, "routed"]]' >"$work/passed.toml"
tree "$work/passed.toml"
node 'rtc@9020000' 'compatible = "arm,pl031\0arm,primecell";' 'clocks = <0x02>;' \
	'reg = <0x00 0x9020000 0x00 0x1000>;' 'interrupts = <0x00 0x0a 0x04>;' 'clock-names = "apb_pclk";'
node 'serial@9030000' 'compatible = "ns16550a";' 'reg = <0x00 0x9030000 0x00 0x08>;' \
	'interrupts = <0x00 0x0b 0x04>;' 'clock-frequency = <0x1c2000>;'
! grep -q '@9040000' "$work/tree" || problem "a node of something unknown"
# With two PCI devices
tree --vfio 0000:01:00.0 --vfio 02:1f.7
node 'pcie@3f000000' 'compatible = "pci-host-ecam-generic";' 'device_type = "pci";' \
	'#address-cells = <0x03>;' '#size-cells = <0x02>;' '#interrupt-cells = <0x01>;' 'bus-range = <0x00 0x00>;' \
	'reg = <0x00 0x3f000000 0x00 0x100000>;' \
	'ranges = <0x2000000 0x00 0x10000000 0x00 0x10000000 0x00 0x2f000000>;' \
	'interrupt-map-mask = <0xf800 0x00 0x00 0x07>;' \
	'interrupt-map = <0x800 0x00 0x00 0x01 0x01 0x00 0x20 0x04 0x1000 0x00 0x00 0x01 0x01 0x00 0x21 0x04>;' \
	'msi-parent = <0x01>;' 'dma-coherent;'
node 'interrupt-controller@8000000' 'compatible = "arm,gic-v3";' 'interrupt-controller;' \
	'#interrupt-cells = <0x03>;' '#address-cells = <0x00>;' 'phandle = <0x01>;' \
	'reg = <0x00 0x8000000 0x00 0x10000 0x00 0x80a0000 0x00 0x20000>;' \
	'msi-controller;' 'mbi-ranges = <0x80 0x100>;'

# A tree of one's own comes through as it is, but for memory and /chosen
tree -c 18
cp "$work/tree" "$work/before"
dtc -q -I dts -O dtb -o "$work/own.dtb" "$work/tree" || problem "dtc cannot write it again"
tree --dtb "$work/own.dtb" -c 2
sort "$work/before" >"$work/want"
sort "$work/tree" | diff "$work/want" - >"$work/diff" || problem "own tree: $(head -5 "$work/diff")"
finish
