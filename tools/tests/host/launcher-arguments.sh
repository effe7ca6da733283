#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# launcher-arguments.sh: wrong arguments and wrong files are refused with one clear line and
# exit status 2, before /dev/axvm is touched. Needs no hypervisor.
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tools/axvm/tests/lib.sh
. "$here/../../axvm/tests/lib.sh"
build all

axvm=$out/axvm
printf 'not a kernel' >"$work/text"
: >"$work/empty"
head -c 4096 /dev/zero >"$work/zeros"
head -c 4096 /dev/zero >"$work/with,comma"
mkfifo "$work/fifo"

# Help and version
check 0 "$axvm" --help && says 'run' && says 'doctor' && says 'ps'
check 0 "$axvm" help && says 'Usage'
check 2 "$axvm" && says 'Usage'
check 0 "$axvm" --version && says 'axvm 1'
check 0 "$axvm" run --help && says '--flat' && says 'Exit status' && quiet
check 0 "$axvm" doctor --help && says 'Usage'
check 0 "$axvm" ps --help && says 'Usage'
check 0 "$axvm" devices --help && says 'Usage'

# The man page has every option, and is well formed
check 0 "$axvm" run --help
while read -r option; do
	grep -q -- "Fl -${option#--}" "$launcher/axvm.1" || problem "axvm.1 lacks $option"
done < <(grep -o -- ' --[a-z-]*' "$work/out" | tr -d ' ' | sort -u)
if command -v mandoc >/dev/null; then
	mandoc -T lint "$launcher/axvm.1" || problem "axvm.1"
fi

# Commands and options
refuse "'walk' is no command" walk
refuse 'no option --loud' run --loud
refuse 'no option -z' run -z
refuse '-k needs a value' run -k
refuse '--memory needs a value' run --memory
refuse 'what is this' run "$launcher/tests/configs/x86-linux.toml" surplus
refuse 'surplus: No such file' run -k "$work/text" surplus
refuse 'takes no arguments' ps all
refuse 'takes no arguments' doctor --fix
refuse 'nothing to run' run

# Values
refuse 'not a size' run -k x -m lots
refuse 'not a size' run -k x -m ''
refuse 'not a size' run -k x -m -5M
refuse 'not a size' run -k x -m 99999999999999999999
refuse 'at least 4M' run -k x -m 1M
refuse 'at least 4M' run -k x -m 0
refuse 'at most 1024G' run -k x -m 2T
refuse 'pages' run -k x -m 5000001
refuse '1 to 254' run -k x -c 0
refuse '1 to 254' run -k x -c 255
refuse '1 to 254' run -k x -c two
refuse 'name' run -k x --name ''
refuse 'name' run -k x --name 0123456789012345678901234567890123
refuse 'printable' run -k x --name 'a b'
refuse 'seconds' run -k x --rtc yesterday
refuse 'not a port' run -k x --debug-exit f4
refuse 'a port is' run -k x --debug-exit 0x10000
refuse 'exclude each other' run -k x --debug-exit 0xf4 --no-debug-exit
refuse 'there is a kernel already' run -k x -k y

# Flat binaries
refuse 'FILE@ADDRESS' run --flat "$work/zeros"
refuse 'FILE@ADDRESS' run --flat "$work/zeros@here"
refuse 'FILE@ADDRESS' run --flat @0x7c00
refuse '--flat needs --entry' run --flat "$work/zeros@0x7c00"
refuse 'need --flat' run -k x --entry 0
refuse 'need --flat' run -k x --mode 32
refuse 'real or 32' run --flat "$work/zeros@0" --entry 0 --mode 64
refuse 'exclude each other' run -k x --flat "$work/zeros@0" --entry 0
refuse 'takes no modules' run -i x --flat "$work/zeros@0" --entry 0
refuse 'takes no command line' run -a x --flat "$work/zeros@0" --entry 0
refuse 'first megabyte' run --flat "$work/zeros@0" --entry 1M
refuse 'below 4G' run --flat "$work/zeros@0" --entry 4G --mode 32
refuse 'does not fit' run --flat "$work/zeros@4M" --entry 0 -m 4M
refuse 'does not fit' run --flat "$work/zeros@0xffffffffffffffff" --entry 0 -m 4M

# Files
refuse 'No such file' run -k "$work/absent"
refuse 'No such file' run --flat "$work/absent@0" --entry 0
refuse 'empty' run -k "$work/empty"
refuse 'not a regular file' run -k "$work"
refuse 'not a regular file' run -k /dev/zero
refuse 'not a regular file' run -k "$work/fifo"
refuse 'not a kernel' run -k "$work/text"
refuse 'not a kernel' run -k "$work/zeros"
refuse 'not a kernel' run -k "$work/with,comma"
refuse 'ELF file without multiboot' run -k "$axvm"
refuse 'script' run -k "$0"
gzip -c "$work/text" >"$work/text.gz"
refuse 'gzip' run -k "$work/text.gz"
if [ "$(id -u)" -ne 0 ]; then
	chmod 0 "$work/text"
	refuse 'Permission denied' run -k "$work/text"
fi

# More than the host has: no machine with less than a terabyte passes this
if [ "$(awk '/^(MemAvailable|SwapFree):/ { n += $2 } END { print n }' /proc/meminfo)" -lt 1000000000 ]; then
	refuse 'the host has only' run --flat "$work/zeros@0" --entry 0 -m 1000G
fi
finish
