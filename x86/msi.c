// SPDX-License-Identifier: GPL-2.0
/*
 * Message-signalled interrupts: a device's write to 0xfeexxxxx is a message to the local
 * APICs (Intel SDM Vol. 3A 10.11; 11.11 in editions since 2023).
 */
#include <linux/bitfield.h>
#include <asm/apicdef.h>

#include "../core/vm.h"
#include "x86.h"

/* 10.11.1: address */
#define MSI_BASE		0xfee00000ULL
#define MSI_BASE_BITS		GENMASK_ULL(63, 20)
#define MSI_DESTINATION		GENMASK_ULL(19, 12)
#define MSI_REDIRECTION_HINT	BIT_ULL(3)
#define MSI_LOGICAL		BIT_ULL(2)

/* 10.11.2: data; bit 14 matters for no level that a local APIC takes */
#define MSI_VECTOR		GENMASK(7, 0)
#define MSI_DELIVERY_MODE	GENMASK(10, 8)
#define MSI_LEVEL		BIT(15)

/* Delivery modes: 10.6.1 */
#define MODE_FIXED		(APIC_DM_FIXED >> 8)
#define MODE_LOWEST		(APIC_DM_LOWEST >> 8)

/* Vectors below are reserved: 10.5.2 */
#define FIRST_VECTOR		16

/**
 * axvm_x86_msi() - axvm_backend.msi
 * @vm: the VM
 * @address: where the device writes
 * @data: what it writes
 * @send: false: only check them
 *
 * With the redirection hint, of those in a logical destination one gets it. A level is sent
 * once: nobody sends it again after the EOI.
 *
 * Context: any.
 * Return: 0; -EINVAL: not in the range of messages, or a reserved vector; -EAGAIN: no local
 * APIC took it.
 */
int axvm_x86_msi(struct axvm_vm *vm, u64 address, u32 data, bool send)
{
	struct axvm_apic_msg msg = {
		.dest = FIELD_GET(MSI_DESTINATION, address),
		.vector = FIELD_GET(MSI_VECTOR, data),
		.mode = FIELD_GET(MSI_DELIVERY_MODE, data),
		.logical = address & MSI_LOGICAL,
		.level = data & MSI_LEVEL,
	};

	if ((address & MSI_BASE_BITS) != MSI_BASE)
		return -EINVAL;
	if (msg.mode <= MODE_LOWEST && msg.vector < FIRST_VECTOR)
		return -EINVAL;
	if (!send)
		return 0;
	if (msg.mode == MODE_FIXED && msg.logical && address & MSI_REDIRECTION_HINT)
		msg.mode = MODE_LOWEST;
	return axvm_apic_deliver(vm, &msg) ? 0 : -EAGAIN;
}
EXPORT_SYMBOL_AXVM_KUNIT(axvm_x86_msi);
