# shellcheck shell=bash disable=SC2034  # read by the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# What is x86's own in the bed: a PC that Bochs emulates. Sourced by common.sh; lib/arch-arm64.sh has the same for arm64.

arch_src=x86			# its directory under arch/ of the kernel's source
arch_image=bzImage		# the kernel's file in arch/$arch_src/boot, and what make calls it
arch_debian=amd64
arch_gnu=x86_64-linux-gnu
arch_gcc=x86-64-linux-gnu	# as in the names of Debian's packages
arch_machine=bochs		# lib/NAME-run.sh

arch_kernel_packages=(lz4)
arch_program_packages=(libtomlplusplus-dev acpica-tools)
arch_debian_modules=(kvm kvm-intel irqbypass)
arch_build_lines=1840		# of a kernel's build, for the clock
arch_build_minutes=4

# The serial line that carries the command's output, modules that it may need; words for the kernel's command line without
# --kvm, a module with it
arch_out=/dev/ttyS2
arch_out_modules=''
arch_no_kvm=''
arch_kvm_module=kvm-intel

# The demo: what it shows, and the console of its guest
arch_demo='a PC that Bochs emulates boots Linux, Linux loads axvm.ko, axvm boots a Linux guest'
arch_console=ttyS0,115200
