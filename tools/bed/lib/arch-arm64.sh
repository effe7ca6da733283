# shellcheck shell=bash disable=SC2034  # read by the scripts that source this
# SPDX-License-Identifier: GPL-2.0
#
# What is arm64's own in the bed: QEMU's machine "virt" with EL2 and a GICv3. Sourced by common.sh; lib/arch-x86_64.sh says
# what each is.

arch_src=arm64
arch_image=Image
arch_debian=arm64
arch_gnu=aarch64-linux-gnu
arch_gcc=aarch64-linux-gnu
arch_machine=qemu

arch_kernel_packages=()
arch_program_packages=(libtomlplusplus-dev libfdt-dev)
arch_debian_modules=(virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_console)
arch_build_lines=1490
arch_build_minutes=7

# KVM is built into arm64 kernels: without --kvm the kernel leaves EL2 alone.
arch_out=/dev/hvc0
arch_out_modules='virtio_pci virtio_console'
arch_no_kvm='kvm-arm.mode=none'
arch_kvm_module=''

arch_demo='an arm64 board that QEMU emulates boots Linux, Linux loads axvm.ko, axvm boots a Linux guest'
arch_console=ttyAMA0
