#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# launcher-config.sh: configuration files: what `axvm config` says of good ones and of what is not supported, the line
# with which each wrong one is refused, what options do beside a file, and that changed files never crash the launcher
# (ASan, UBSan). For both families, on this machine. Needs no hypervisor.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/axvm/tests/lib.sh
. "$here/../../axvm/tests/lib.sh"
configs=$launcher/tests/configs
vm=$work/vm.toml

# file TEXT: the configuration file; \n in it are ends of lines
file() { printf '%b' "$1" >"$vm"; }

# bad LINE WORD TEXT: a file that is refused with that line
bad() {
	file "$3"
	refuse "vm.toml:$1: " config explain "$vm"
	complains "$2"
}

# good TEXT: a file that is taken; what it means is in $work/out
good() {
	file "$1"
	check 0 "$out/axvm" config explain "$vm" && quiet
}

# row WORD...: the output has a line with these words in this order
row() {
	local pattern=${1//\*/\\*}
	shift
	for word; do pattern+=".*$word"; done
	grep -qE -e "$pattern" "$work/out" || problem "no line '$pattern' in the output of $what"
}

# example NAME COUNT: the example is explained, and `run` refuses it by a line of the COUNT that `check` shows
example() {
	local line
	cp "$configs/$1.toml" "$work/$1.toml"
	check 1 "$out/axvm" config check "$work/$1.toml" && quiet
	[ "$(grep -c 'is not supported by this version$' "$work/out")" -eq "$2" ] || problem "$1: $(cat "$work/out")"
	line=$(head -n 1 "$work/out")
	refuse "${line##*/}" run "$work/$1.toml"
	check 0 "$out/axvm" config explain "$work/$1.toml" && quiet && says "$line"
}

# explained NAME: the example is explained, and there is nothing in it that is not supported
explained() {
	check 0 "$out/axvm" config explain "$configs/$1.toml" && quiet
	! grep 'is not supported by this version$' "$work/out" || problem "$1: $(cat "$work/out")"
}

# What is the same for both families. $kernel is an image's name, $stub a flat entry
both() {
	# The tool
	check 0 "$out/axvm" config --help && says 'check' && quiet
	refuse 'axvm config check FILE' config
	refuse 'axvm config check FILE' config print "$vm"
	refuse 'absent.toml: No such file' config check "$work/absent.toml"
	refuse 'absent.toml: No such file' run "$work/absent.toml"
	refuse 'not a regular file' run "$work"
	: >"$work/empty.toml"
	refuse 'the file is empty' run "$work/empty.toml"
	head -c 70000 /dev/zero | tr '\0' '#' >"$work/large.toml"
	refuse 'at most 64K' run "$work/large.toml"

	# TOML itself
	bad 1 'a line has at most' "#$(head -c 5000 /dev/zero | tr '\0' x)"
	bad 2 'string' '[base]\nname = "x\n'
	bad 3 'redefine' '[base]\nid = 1\nid = 2\n'
	bad 2 'utf-8' '[base]\nname = "\0377"\n'
	bad 1 '' '[[[\n'
	bad 2 'control character' '[base]\nname = "a\\tb"\n'
	bad 2 'nested too deep' "[base]\na$(printf '.a%.0s' $(seq 2000)) = 1\n"
	bad 1 'nothing is said' '# nothing\n'

	# Tables and keys
	bad 2 'there is no "vm"' '\n[vm]\n'
	bad 1 'a table is wanted' 'base = 1\n'
	bad 3 '[base] has no key "nome"' '[base]\nid = 1\nnome = "x"\n'
	bad 2 '[kernel] has no key "emu_devices"' '[kernel]\nemu_devices = []\n'
	bad 2 '[devices] has no key "pci"' '[devices]\npci = 1\n'
	bad 2 '[axvm] has no key "cpus"' '[axvm]\ncpus = 1\n'
	bad 2 'a number is wanted' '[base]\nid = "1"\n'
	bad 2 'a string is wanted' '[base]\nname = 1\n'
	bad 2 'an array is wanted' '[base]\nphys_cpu_ids = 0\n'
	bad 2 'true or false is wanted' '[kernel]\nenable_bios = 1\n'
	bad 2 'a string is wanted' '[kernel]\nkernel_path = ["k"]\n'
	bad 2 'a number is wanted' '[kernel]\nentry_point = 1.5\n'
	bad 2 'a number is wanted' '[kernel]\nentry_point = 1979-05-27\n'

	# [base]
	bad 2 'negative' '[base]\nid = -1\n'
	bad 2 '1 to 31 characters' '[base]\nname = ""\n'
	bad 2 '1 to 31 characters' '[base]\nname = "01234567890123456789012345678901"\n'
	bad 2 '0, 1 or 2' '[base]\nvm_type = 3\n'
	bad 2 '1 to 254' '[base]\ncpu_num = 0\n'
	bad 2 '1 to 254' '[base]\ncpu_num = 255\n'
	bad 3 'phys_cpu_ids has 1 entries for 2' "[base]\ncpu_num = 2\nphys_cpu_ids = [0]\n[kernel]\nkernel_path = \"k\"\n"
	bad 2 'phys_cpu_sets has 3 entries for 1' "[base]\nphys_cpu_sets = [1,2,4]\n[kernel]\nkernel_path = \"k\"\n"
	bad 2 'an empty set' '[base]\nphys_cpu_sets = [0]\n'
	bad 2 'no entries' '[base]\nphys_cpu_sets = []\n'
	bad 3 'a number from 0 on' '[base]\nphys_cpu_ids = [0,\n"1"]\n'

	# [kernel]
	bad 2 'an empty path' '[kernel]\nkernel_path = ""\n'
	bad 2 '"fs" or "memory"' '[kernel]\nimage_location = "disk"\n'
	bad 2 '"direct", "multiboot" or "uefi"' '[kernel]\nboot_protocol = "bios"\n'
	bad 2 'needs a ramdisk_path' '[kernel]\nramdisk_load_addr = 0\n'
	bad 2 'needs a bios_path' '[kernel]\nbios_load_addr = 0\n'
	bad 2 'needs a kernel_path' '[kernel]\nkernel_load_addr = 0\n'
	bad 3 'bios_path needs a bios_load_addr' '[kernel]\nkernel_path = "k"\nbios_path = "b"\n'
	region 1 'an entry is [gpa, size, flags, map_type]' '[0, 0x1000, 7]'
	region 1 'an entry is [gpa, size, flags, map_type]' '[0, 0x1000, 7, 0, 0]'
	region 1 'an entry is [gpa, size, flags, map_type]' '[0, 0x1000, 7, "0"]'
	region 1 'an entry is [gpa, size, flags, map_type]' '[0, -4096, 7, 0]'
	region 1 'an entry is [gpa, size, flags, map_type]' '7'
	region 1 'map_type 3' '[0, 0x1000, 7, 3]'
	region 1 'unknown flags 0x40' '[0, 0x1000, 0x47, 0]'
	region 1 'cannot be read' '[0, 0x1000, 2, 0]'
	region 1 '0 bytes' '[0, 0, 7, 0]'
	region 1 'a multiple of a page' '[0x800, 0x1000, 7, 0]'
	region 1 'behind the last address' '[0x7fff_ffff_ffff_f000, 0x1000, 7, 0]'
	region 1 'behind the last address' '[0xffff_ffff_f000, 0x2000, 7, 0]'
	region 2 'overlaps that of line 4' "[$ram, 0x100_0000, 7, 0],\n[$ram, 0x1000, 7, 0]"
	region 2 'overlaps that of line 4' "[$ram, 0x100_0000, 7, 1],\n[$ram, 0x1000, 7, 2]"
	region 1 'at least 4M' "[$ram, 0x10_0000, 7, 0]"
	region 2 'overlaps' "[$ram, 0x100_0000, 7, 0],\n[$taken, 0x1000, 7, 0]"

	# [devices]
	device 1 'an entry is [name' '["d", 1, 2, 3, 2]'
	device 1 'an entry is [name' '["d", 1, 2, 3, 2, [], 0]'
	device 1 'value 1 of an entry is a string' '[0, 1, 2, 3, 2, []]'
	device 1 'value 5 of an entry is a number' '["d", 1, 2, 3, "2", []]'
	device 1 'value 6 of an entry is an array' '["d", 1, 2, 3, 2, 0]'
	device 1 'a negative number' '["d", -1, 2, 3, 2, []]'
	device 1 '1 to 31 characters' '["", 1, 2, 3, 2, []]'
	device 1 'cfg has numbers' '["d", 1, 2, 3, 2, ["x"]]'
	device 1 'more than 16' '["d", 1, 2, 3, 2, [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]]'
	device 1 'there is no type 0x99' '["d", 1, 2, 3, 0x99, []]'
	device 1 'there is no type 0' '["d", 1, 2, 3, 0, []]'
	device 1 'of another architecture' '["d", 1, 2, 3, 0x25, []]'
	device 1 'of another architecture' '["d", 1, 2, 3, 0x30, []]'
	device 1 'there is no interrupt' "[\"d\", $uart, 2000, 0x2, []]"
	device 1 'there is no interrupt' "[\"d\", $uart, 0x1_0000_0000, 0x2, []]"
	device 1 'the same interrupt' "[\"d\", $uart2, $irq, 0x2, []],[\"e\", $uart3, $irq, 0x2, []]"
	device 2 'overlaps' "[\"d\", $uart, $irq, 0x2, []],\n[\"e\", $uart, $irq2, 0x2, []]"
	device 1 'its length is' "[\"d\", $uart_short, $irq, 0x2, []]"
	device 1 'behind the last' '["d", 0x7fff_ffff_ffff_f000, 0x1000, 0, 0x10000, []]'
	key 'emu_devices = "none"' 'an array is wanted'
	key 'interrupt_mode = "poll"' '"no_irq", "emulated" or "passthrough"'
	key 'address_space_policy = "mixed"' '"virtualized" or "passthrough"'
	key 'passthrough_devices = [["x", 1, 2, 3]]' 'an entry is [name, base_gpa, base_hpa, length, irq_id]'
	key 'passthrough_devices = [["x", 1, 2, 3, 4, 5]]' 'an entry is [name'
	key 'passthrough_devices = [[0]]' 'value 1 of an entry is a string'
	key 'passthrough_devices = [[""]]' 'an empty name'
	key 'passthrough_devices = [["x", 0x1000, 0x1000, 0, 0]]' 'it has no length'
	key 'passthrough_devices = [["x", 0x7fff_ffff_ffff_f000, 0, 0x1000, 0]]' 'behind the last address'
	key 'passthrough_devices = [["x", 0, 0x7fff_ffff_ffff_f000, 0x1000, 0]]' 'behind the last address'
	key 'passthrough_addresses = [[1]]' 'an entry is [base_gpa, length]'
	key 'passthrough_addresses = [[1, 2, 3]]' 'an entry is [base_gpa, length]'
	key 'passthrough_ports = [[0x6000]]' 'an entry is [base, length]'
	key 'passthrough_ports = [[0xffff, 2]]' 'behind the last port'
	key 'passthrough_ports = [[0x10000, 1]]' 'behind the last port'
	key 'excluded_devices = ["/x"]' 'an entry is [path ...]'
	key 'excluded_devices = [[1]]' 'an entry is [path ...]'
	key 'passthrough_addresses = [[0xd000_0000, 0x1000]]\npassthrough_devices = [["x", 0xd000_0000, 0xe000_0000, 0x1000, 0]]' \
		'another host address' 5
	bad 5 'overlaps memory (line 3)' "[kernel]\nkernel_path = \"k\"\nmemory_regions = [[$ram, 0x100_0000, 7, 0]]\n[devices]\npassthrough_addresses = [[$ram, 0x1000]]\n"

	# [axvm]
	bad 4 'memory_regions (line 2)' "[kernel]\nmemory_regions = [[$ram, 0x100_0000, 7, 0]]\n[axvm]\nmemory = \"16M\"\n"
	bad 2 'not a size' '[axvm]\nmemory = "lots"\n'
	bad 4 'at least 4M' '[kernel]\nkernel_path = "k"\n[axvm]\nmemory = "1M"\n'
	bad 2 'not a number of seconds' '[axvm]\nrtc = 0\n'
	bad 2 'an entry is [path] or [path, arguments]' '[axvm]\nmodules = [["a", "b", "c"]]\n'
	bad 2 'an entry is [path, address]' '[axvm]\nflat = [["a"]]\n'
	bad 2 'needs an entry_point' '[axvm]\nflat = [["a", 0]]\n'
	bad 2 '' '[axvm]\ndebug_exit = 0\n'
	bad 2 '' '[axvm]\ndebug_exit = true\n'

	# Files: the line that names them
	printf 'not a kernel' >"$work/text"
	missing 'kernel_path = "absent"' 2 'absent: No such file'
	missing "kernel_path = \"text\"\nramdisk_path = \"absent\"" 3 'absent: No such file'
	missing "kernel_path = \"text\"\ndisk_path = \"absent\"" 3 'absent: No such file'
	missing "kernel_path = \"text\"\nuefi_firmware_path = \"absent\"" 3 'absent: No such file'
	missing 'kernel_path = "/"' 2 'not a regular file'
	file '[kernel]\nkernel_path = "text"\n'
	refuse 'not a kernel' config check "$vm"
	refuse 'not a kernel' run "$vm"

	# Options change what a file says, but not how much memory its map has
	file "[base]\ncpu_num = 2\nphys_cpu_sets = [1, 1]\n[kernel]\nkernel_path = \"absent\"\nmemory_regions = [[$ram, 0x200_0000, 7, 0]]\n"
	refuse "vm.toml (line 6) says how much" run "$vm" -m 64M
	refuse 'vm.toml:3: phys_cpu_sets has 2 entries for 1' run "$vm" -c 1
	refuse 'vm.toml:5: ' run "$vm" --name other
	refuse 'axvm: other: No such file' run -k other "$vm"
	refuse '-k and --flat exclude' run "$vm" --flat "$work/text@0" --entry 0

	# CPUs that no host has
	file '[base]\nphys_cpu_sets = [0x4000_0000_0000_0000]\n[kernel]\nkernel_path = "text"\n'
	refuse 'vm.toml:2: phys_cpu_sets: vCPU 0' run "$vm"
	file '[base]\nphys_cpu_ids = [0x7fff_ffff]\n[kernel]\nkernel_path = "text"\n'
	refuse 'vm.toml:2: phys_cpu_ids: vCPU 0' run "$vm"

	# Both names of each interrupt mode; silence is no_irq
	for mode in no_irq no none emu emulated passthrough pt; do
		good "[kernel]\nkernel_path = \"k\"\n[devices]\ninterrupt_mode = \"$mode\"\n"
	done
	good '[kernel]\nkernel_path = "k"\n' && row 'interrupt mode' no_irq

	# What cannot be done yet
	lacks 'vm_type 0' '[base]\nvm_type = 0\n[kernel]\nkernel_path = "text"'
	lacks 'disk_path' '[kernel]\nkernel_path = "text"\ndisk_path = "text"'
	lacks 'boot_protocol uefi' '[kernel]\nkernel_path = "text"\nboot_protocol = "uefi"'
	lacks 'uefi_firmware_path' '[kernel]\nkernel_path = "text"\nuefi_firmware_path = "text"'
	lacks 'map_type 2' "[kernel]\nkernel_path = \"text\"\nmemory_regions = [[$ram, 0x100_0000, 7, 0], [0x1_0000_0000, 0x1000, 7, 2]]"
	lacks 'DEVICE or UNCACHED' "[kernel]\nkernel_path = \"text\"\nmemory_regions = [[$ram, 0x100_0000, 0x27, 0]]"
	for type in 0x3 0xe1 0xe2 0xe3; do
		lacks "type $type" "[kernel]\nkernel_path = \"text\"\n[devices]\nemu_devices = [[\"d\", 0xd000_0000, 0x1000, 0, $type, []]]"
	done
	# Channels: a window, and who may subscribe
	good "[kernel]\nkernel_path = \"k\"\n[devices]\nemu_devices = [[\"w\", 0xd000_0000, 0x20_0000, $irq, 0xa, []]]\n[axvm]\nivc_allow = [\"user\", \"uid:7,ro\", \"vm:3\"]\n"
	row 'w: window for channels' "interrupt $irq"
	device 1 'in pages of 4096' '["w", 0xd000_0800, 0x1000, 0, 0xa, []],'
	device 1 'in pages of 4096' '["w", 0xd000_0000, 0, 0, 0xa, []],'
	device 1 'in pages of 4096' '["w", 0, 0x1000, 0, 0xa, []],'
	device 1 'takes no cfg' '["w", 0xd000_0000, 0x1000, 0, 0xa, [1]],'
	device 2 'a window for channels already' '["w", 0xd000_0000, 0x1000, 0, 0xa, []],\n["v", 0xe000_0000, 0x1000, 0, 0xa, []],'
	for who in '' vm: vm:0 vm:x uid: uid:0xffffffff me user,rw user,ro,ro; do
		bad 6 'ivc_allow' "[kernel]\nkernel_path = \"k\"\n[devices]\nemu_devices = [[\"w\", 0xd000_0000, 0x1000, 0, 0xa, []]]\n[axvm]\nivc_allow = [\"$who\"]\n"
	done
	bad 4 'without a window' '[kernel]\nkernel_path = "k"\n[axvm]\nivc_allow = ["user"]\n'
	bad 4 'an entry is a string' '[kernel]\nkernel_path = "k"\n[axvm]\nivc_allow = [1]\n'
	for arg in '' 0xd0000000 '0xd0000000,' x,4K 0xd0000000,4K,x 0xd0000000,4K,1,2; do
		refuse 'ADDRESS,SIZE' run -k text --ivc "$arg"
	done
	refuse 'in pages' run -k text --ivc 0xd0000800,4K
	refuse 'uid:NUMBER' run -k text --ivc 0xd0000000,4K --ivc-allow root
	refuse 'without a window' run -k text --ivc-allow user

	lacks 'address_space_policy' '[kernel]\nkernel_path = "text"\n[devices]\naddress_space_policy = "passthrough"'
	lacks 'passthrough_devices: /' '[kernel]\nkernel_path = "text"\n[devices]\npassthrough_devices = [["/"]]'
	lacks 'an interrupt controller' "[kernel]\nkernel_path = \"text\"\n[devices]\npassthrough_addresses = [[$taken, 0x1000]]"

	# Hardware: mapped where whole pages allow it, or routed; its interrupt in all modes but one
	good '[kernel]\nkernel_path = "k"\n[devices]\ninterrupt_mode = "pt"\npassthrough_devices = [["x", 0x3000_0000, 0x3100_0000, 0x2000, '"$irq"']]\n'
	row '30000000-0x000030001fff' 8K 5 "x: the host's at 0x31000000, mapped, interrupt $irq\$"
	good '[kernel]\nkernel_path = "k"\n[devices]\npassthrough_devices = [["x", 0x3000_0000, 0x3100_0000, 0x2004, '"$irq"']]\n'
	row 'x: ' "the host's at 0x31000000, routed, interrupt $irq not passed\$"
	good '[kernel]\nkernel_path = "k"\n[devices]\npassthrough_addresses = [[0x3000_0000, 0x1000]]\n[axvm]\nrouted = true\n'
	row "the host's at 0x30000000, routed\$"
	host "[\"x\", 0x3000_0000, 0x3100_0000, 0x1000, $irq, 99, \"mapped\"]" && row "mapped, interrupt $irq, the host's 99\$"
	host '["x", 0x3000_0000, 0x3100_0000, 0x1000, 0, 0, "routed"]' && row 'x: ' 'routed$'
	host_bad 'an entry is [name, base, host_base' '["x", 0x3000_0000, 0x3100_0000, 0x1000, 0, 0]'
	host_bad 'no way to pass it' '["x", 0x3000_0000, 0x3100_0000, 0x1000, 0, 0, "fast"]'
	host_bad 'no way to pass it' '["x", 0x3000_0000, 0x3100_0000, 0x1000, 0, 0, "mapped,"]'
	host_bad 'there is no interrupt 0' "[\"x\", 0x3000_0000, 0x3100_0000, 0x1000, $irq, 0, \"mapped\"]"
	host_bad 'there is no interrupt 5000' '["x", 0x3000_0000, 0x3100_0000, 0x1000, 5000, 5, "mapped"]'
	host_bad 'it has no length' '["x", 0x3000_0000, 0x3100_0000, 0, 0, 0, "mapped"]'

	"$out/tests/config-fuzz" "$configs" 10000 "${FUZZ_SEED:-1}" >"$work/out" 2>&1 || problem config-fuzz
	tail -n 1 "$work/out"
}

region() { bad $((3 + $1)) "$2" "[kernel]\nkernel_path = \"k\"\nmemory_regions = [\n$3\n]\n"; }
device() { bad $((3 + $1 + 1)) "$2" "[kernel]\nkernel_path = \"k\"\n[devices]\nemu_devices = [\n$3\n]\n"; }
host() { good "[kernel]\nkernel_path = \"k\"\n[axvm]\nhost_devices = [$1]\n"; }
host_bad() { bad 4 "$1" "[kernel]\nkernel_path = \"k\"\n[axvm]\nhost_devices = [$2]\n"; }
key() { bad "${3:-4}" "$2" "[kernel]\nkernel_path = \"k\"\n[devices]\n$1\n"; }

# missing KEYS LINE WORD: in the table [kernel]
missing() {
	file "[kernel]\n$1\n"
	refuse "vm.toml:$2: " config check "$vm"
	complains "$3"
}

# lacks WORD TEXT: check says so and ends with 1, run refuses it
lacks() {
	file "$2\n"
	check 1 "$out/axvm" config check "$vm" && quiet && says "$1"
	refuse 'is not supported by this version' run "$vm"
}

# --- x86
build all tests
ram=0 taken=0xfee0_0000 uart='0x3f8, 8' uart_short='0x3f8, 4' uart2='0x2f8, 8' uart3='0x2e8, 8' irq=3 irq2=5
both

: >"$work/cpus"
for name in bzImage nimbos.bin axvm-bios.bin OVMF_CODE.fd; do head -c 4096 /dev/zero >"$work/$name"; done
example x86-nimbos 2
row BIOS 'axvm-bios.bin \(line 15\)'
row '0x000000000000-0x000000ffffff' 16M 17 RAM
row '0x0000fed00000-0x0000fed00fff' 4K 25 "HPET: the host's at 0xfed00000, mapped, interrupt 1"
explained x86-linux
row '0x000000000000-0x000007ffffff' 128M RAM
row '0x0000fec00000-0x0000fec00fff' 4K 26 'x86-ioapic: IOAPIC'
row '0x3f8-0x3ff' 8 25 'x86-com1: UART, interrupt 4, the console'
row '0x61-0x61' 1 27 'x86-pit: 8254'
row '0x6000-0x607f' 128 31 "the host's at 0x6000, mapped"
example x86-uefi 1
host '["com3", 0x2f8, 0x3e8, 8, 3, 4, "routed,ports"]' && row '0x2f8-0x2ff' 8 4 "com3: the host's at 0x3e8, routed, interrupt 3, the host's 4\$"
host '["com2", 0x2f8, 0x2f8, 8, 3, 3, "ports"]' && row "com2: the host's at 0x2f8, mapped, interrupt 3\$"
host '["com3", 0x2f8, 0x3e8, 8, 3, 4, "ports"]' && row 'routed, interrupt 3'
host_bad 'no way to pass it' '["x", 0x3000_0000, 0x3100_0000, 0x1000, 3, 3, "pl011"]'
host_bad 'no way to pass it' '["x", 0x2f8, 0x2f8, 8, 3, 3, "ports,ns16550a"]'
# The machine's own clock gives way to the host's
host '["clock", 0x70, 0x70, 2, 8, 8, "ports"]' && row '0x70-0x71' 2 4 "clock: the host's at 0x70"
! grep -q 'CMOS clock' "$work/out" || problem 'two clocks'
check 0 "$out/axvm" config explain "$configs/x86-own.toml" && row 'com2: UART, interrupt 3, the console$' && row '0x501-' 4 21 'debug exit' && row '256M' 18 RAM
cp "$configs/x86-flat.toml" "$work/"
head -c 64 /dev/zero >"$work/code.bin"
head -c 64 /dev/zero >"$work/data.bin"
check 0 "$out/axvm" config check "$work/x86-flat.toml" && says 'flat: good'
check 0 "$out/axvm" config explain "$work/x86-flat.toml" && row '0x000001000000-0x0000011fffff' 2M 10 'RAM, read-only'

# An identical region gives way to what is in it, with other flags; a BIOS may be switched off, or the launcher's
good '[kernel]\nkernel_path = "k"\nmemory_regions = [\n[0, 0x200_0000, 7, 1],\n[0x100_0000, 0x10_0000, 3, 0]]\n'
row '000000000000-0x000000ffffff' 16M 4 RAM
row '000001000000-0x0000010fffff' 1M 5 'RAM, not executable'
row '000001100000-0x000001ffffff' 15M 4 RAM
good '[kernel]\nkernel_path = "k"\nbios_path = "b"\nbios_load_addr = 0\nenable_bios = false\n' && row BIOS 'switched off'
file '[kernel]\nkernel_path = "text"\nkernel_load_addr = 0x20_0000\nentry_point = 0x8000\nenable_bios = true\n'
check 0 "$out/axvm" config check "$vm" && says good
"$out/tests/dump" "$work/dump" "$vm" -m 4M || problem "dump"
grep -q 'rip 0*200000 ' "$work/dump.regs" || problem "the launcher's own BIOS: $(head -1 "$work/dump.regs")"
grep -q 'rax 0*2badb002' "$work/dump.regs" || problem "the launcher's own BIOS: $(head -2 "$work/dump.regs")"
bad 3 'without a BIOS' '[kernel]\nkernel_path = "k"\nboot_protocol = "direct"\nenable_bios = true\n'
bad 3 'no device tree' '[kernel]\nkernel_path = "k"\ndtb_path = "d"\n'
bad 3 'no device tree' '[kernel]\nkernel_path = "k"\ndtb_load_addr = 0\n'
bad 3 'first megabyte' '[kernel]\nkernel_path = "k"\nmemory_regions = [[0x10_0000, 0x100_0000, 7, 0]]\n'
bad 4 'on a PC it is at 0xfec00000' '[kernel]\nkernel_path = "k"\n[devices]\nemu_devices = [["i", 0xfed0_0000, 0x1000, 0, 0x23, []]]\n'
bad 2 '"real" or "32"' '[axvm]\nmode = "64"\n'
file '[kernel]\nkernel_path = "text"\nkernel_load_addr = 0x20_0000\nentry_point = 0x20_0000\n'
refuse 'vm.toml:4: entry_point 0x200000: real mode' config check "$vm"
file '[kernel]\nkernel_path = "text"\nkernel_load_addr = 0x20_0000\n'
refuse 'vm.toml:2: ' config check "$vm" && complains 'needs an entry_point'
file '[kernel]\nkernel_path = "text"\nkernel_load_addr = 0x7fff_f000\nentry_point = 0x8000\n'
refuse 'vm.toml:2: ' config check "$vm" && complains 'does not fit'
file '[kernel]\nkernel_path = "text"\nkernel_load_addr = 0x20_0000\nentry_point = 0x8000\ncmdline = "x"\n'
refuse 'vm.toml:5: ' config check "$vm" && complains 'takes no command line'

# No bus for PCI devices
refuse 'only that for arm64 has one' run -k text --vfio 01:00.0
bad 4 'only that for arm64 has one' '[kernel]\nkernel_path = "k"\n[axvm]\nvfio = ["01:00.0"]\n'

# vCPUs run where the file says; without the host's hardware an example is a VM like any other
cp "$work/code.bin" "$work/nimbos.bin"
cp "$work/code.bin" "$work/axvm-bios.bin"
check 0 env AXVM_FAKE=print:hello,poweroff "$out/tests/axvm-fake" run "$work/x86-nimbos.toml" --no-passthrough && says hello
[ "$(grep -c 'x86-nimbos.toml:2[0-9]: left out: ' "$work/err")" -eq 4 ] || problem "left out: $(cat "$work/err")"
check 2 env AXVM_FAKE=poweroff AXVM_FAKE_FAIL=92:17 "$out/tests/axvm-fake" run "$work/x86-flat.toml"
complains 'cannot create the device lapic'

# --- arm64
out=$out-arm64
build ARCH=arm64 all tests
ram=0x8000_0000 taken=0x800_0000 uart='0x900_0000, 0x1000' uart_short='0x900_0000, 8' uart2='0x902_0000, 0x1000' \
	uart3='0x903_0000, 0x1000' irq=40 irq2=41
both
for name in Image arceos.bin rk3588.dtb; do head -c 4096 /dev/zero >"$work/$name"; done
example arm64-linux 2
row '000080000000-0x00008fffffff' 256M 17 RAM
row 'device tree' "the launcher's own"
row 'passed through' '/ of' '\(line 22\)'
row 'but not' '/pcie@10000000 \(line 23\)'
example arm64-arceos 2
row '000080000000-0x0000bfffffff' 1G 16 RAM
example arm64-gppt 2
row '000008000000-0x00000800ffff' 64K 'gppt-gicd: GICv3'
row '0000080a0000-0x0000080bffff' 128K redistributors
row '000008080000-0x00000809ffff' 128K 20 'gppt-gits: GIC ITS'
explained arm64-rk3588
row 'vCPU 7 runs on the CPUs in 0x80 \(line 9\)'
row '0000080a0000-0x00000819ffff' 1M redistributors
check 0 "$out/axvm" config explain "$configs/arm64-own.toml" && row 'uart1: UART, interrupt 40' && row '256M' 18 RAM
bad 2 'no BIOS' '[kernel]\nenable_bios = true\nkernel_path = "k"\n'
bad 2 'none on arm64' '[kernel]\nboot_protocol = "multiboot"\nkernel_path = "k"\n'
bad 3 'multiples of 4' '[kernel]\nkernel_path = "k"\nentry_point = 0x8000_0002\n'
bad 2 'at EL1 only' '[axvm]\nmode = "32"\n'
gicr() { bad 6 "$2" "[base]\ncpu_num = 2\n[kernel]\nkernel_path = \"k\"\n[devices]\nemu_devices = [[\"r\", 0x80a_0000, $1]]\n"; }
gicr '0x2_0000, 0, 0x20, [1, 0x2_0000, 0]' 'for 1 of 2 vCPUs'
gicr '0x4_0000, 0, 0x20, [2, 0x1_0000, 0]' '0x20000 bytes apart'
gicr '0x2_0000, 0, 0x20, [2]' 'have 0x40000 bytes'
gicr '0x4_0000, 0, 0x20, [2, 0x2_0000, 0, 0]' 'cfg is'
gicr '0x1_0000, 0, 0x23, []' 'another architecture'

# PCI devices: both ways to name them, what is in their way, and what they are in the way of
vfio() { bad "$1" "$2" "[kernel]\nkernel_path = \"k\"\n[axvm]\nvfio = [$3]\n${4:-}"; }
good '[kernel]\nkernel_path = "k"\n[axvm]\nvfio = ["0000:01:00.0",\n"02:1f.7"]\n'
says "the host's 0000:01:00.0 is 0000:00:01.0, interrupt 64 or messages (line 4)"
says "the host's 0000:02:1f.7 is 0000:00:02.0, interrupt 65 or messages (line 5)"
row '00003f000000-0x00003f0fffff' 1M 4 'PCI: configuration space'
row '000010000000-0x00003effffff' 752M 4 'PCI: registers'
vfio 4 'an entry is a string' 1
for address in '' 1 00:20.0 00:01.8 01:00 0000:01:00.00 10000:01:00.0 -1:01.0 '00:1 .0' '00:01.0 '; do
	vfio 4 'not a PCI address' "\"$address\""
done
vfio 5 'named twice' '"0000:01:00.0",\n"01:00.0"'
vfio 4 'more than 8' "$(printf '"00:%02x.0",' 1 2 3 4 5 6 7 8 9)"
vfio 6 'd: interrupt 64 is the PCI bus' '"01:00.0"' '[devices]\nemu_devices = [["d", 0x902_0000, 0x1000, 64, 2, []]]\n'
vfio 6 'd: interrupt 383 is the PCI bus' '"01:00.0"' '[devices]\nemu_devices = [["d", 0x902_0000, 0x1000, 383, 2, []]]\n'
vfio 6 'overlaps the PCI bus' '"01:00.0"' '[devices]\npassthrough_addresses = [[0x3eff_f000, 0x2000]]\n'
bad 5 'the PCI bus overlaps memory at 0x3f000000' \
	'[kernel]\nkernel_path = "k"\nmemory_regions = [[0x3e00_0000, 0x1800_0000, 7, 0]]\n[axvm]\nvfio = ["01:00.0"]\n'
refuse 'named twice' run -k text --vfio 01:00.0 --vfio 0000:01:00.0
refuse 'more than 8' run "$vm" --vfio 1:2.3 --vfio 1:2.4 --vfio 1:2.5 --vfio 1:2.6 --vfio 1:2.7 --vfio 1:3.0 --vfio 1:3.1 --vfio 1:3.2
file '[kernel]\nkernel_path = "text"\n[axvm]\nvfio = ["01:00.0"]\npassthrough = false\n'
check 0 "$out/axvm" config explain "$vm" && says 'vm.toml:4: left out: vfio: 0000:01:00.0'

# An Image where it cannot be, and places that are taken
# (image_size is at 16, the magic number at 56)
{ head -c 16 /dev/zero && printf '\0\020\0\0\0\0\0\0' && head -c 32 /dev/zero && printf 'ARM\144' && head -c 4036 /dev/zero; } >"$work/Image"
place() {	# LINE WORD KEYS
	file "[kernel]\nkernel_path = \"Image\"\nmemory_regions = [[0x8000_0000, 0x200_0000, 7, 0]]\n$3\n"
	refuse "vm.toml:$1: " config check "$vm"
	complains "$2"
}
place 4 'behind a multiple of 2M' 'kernel_load_addr = 0x8010_0000'
place 4 'no memory there' 'kernel_load_addr = 0x9000_0000'
place 4 'it is not in the kernel' 'entry_point = 0x8100_0000'
place 4 'no room' 'dtb_load_addr = 0x8000_0000'
place 4 'no room' 'dtb_load_addr = 0x9000_0000'
place 5 'no room' 'ramdisk_path = "text"\nramdisk_load_addr = 0x8000_0000'
place 5 'no room' 'ramdisk_path = "text"\nramdisk_load_addr = 0x81ff_fffc'
file '[kernel]\nkernel_path = "Image"\nkernel_load_addr = 0x8020_0000\ndtb_load_addr = 0x8000_0000\nramdisk_path = "text"\nramdisk_load_addr = 0x8100_0000\nmemory_regions = [[0x8000_0000, 0x200_0000, 7, 1]]\n'
check 0 "$out/axvm" config check "$vm" && says good
"$out/tests/dump" "$work/dump" "$vm" || problem "dump"
grep -q 'pc  *0*80200000 ' "$work/dump.regs" || problem "entry: $(head -1 "$work/dump.regs")"
[ "$(od -An -tx4 -N4 "$work/dump.mem" | tr -d ' ')" = edfe0dd0 ] || problem 'no device tree at its address'
[ "$(dd if="$work/dump.mem" bs=4k skip=4096 count=1 2>/dev/null | head -c 12)" = 'not a kernel' ] || problem 'no ramdisk at its address'
finish
