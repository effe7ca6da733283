# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Bochs as the bed's machine: its configuration file and its command line. Sourced after common.sh.
#
# The machine is exact: with one CPU its TSC advances by one an instruction, and a run with the same disk is the same run.
# What would break that (RDRAND, RDSEED, the time of day) is left out or fixed.

bochs_packages=(bochsbios vgabios)

# bochs_rc DIRECTORY CPUS MEMORY MODEL IPS CONSOLE: print the configuration; CONSOLE is the com1 line's "mode=..., dev=...".
bochs_rc() {
	local dir=$1 display=nogui
	[ "$BED_BOCHS" = /usr/bin/bochs ] && display='rfb, options="timeout=0"'
	cat <<-RC
		display_library: $display
		config_interface: textconfig
		romimage: file=/usr/share/bochs/BIOS-bochs-latest
		vgaromimage: file=/usr/share/vgabios/vgabios.bin
		cpu: model=$4, count=$2, ips=$5, reset_on_triple_fault=0, ignore_bad_msrs=1, exclude_features="rdrand,rdseed"
		memory: guest=$3, host=$3
		clock: sync=none, time0=946681200
		pci: enabled=1, chipset=i440fx
		ata0-master: type=disk, mode=flat, path=$dir/disk.img
		boot: disk
		com1: enabled=1, $6
		com2: enabled=1, mode=file, dev=$dir/out.fifo
		log: $dir/bochs.log
		panic: action=fatal
		error: action=report
		info: action=report
		debug: action=ignore
	RC
	[ "$BED_BOCHS" != /usr/bin/bochs ] || echo "sound: driver=dummy"
}

# bochs_command DIRECTORY: the words of the command, in the array bochs_command.
bochs_command() {
	bochs_command=("$BED_BOCHS" -q -f "$1/bochsrc")
	if [ "$BED_BOCHS" = /usr/bin/bochs ]; then
		echo c >"$1/debugger"
		bochs_command+=(-rc "$1/debugger")
	fi
}

# bochs_trouble LOG: the lines that tell why a machine died or a VM entry failed.
bochs_trouble() {
	grep -aE 'VMFAIL|VMENTRY|VMEXIT.*(FAIL|abort)|PANIC|exception\(\)|triple|>>PANIC<<' "$1" 2>/dev/null | tail -n 15
}
