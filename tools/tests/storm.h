/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that counts its interrupts, each kind in a word of its own, on STORM_VCPUS vCPUs,
 * which run, and sleep now and then. They send each other IPIs too, an IPI when the one before
 * was counted. x86-storm.c and arm64-storm.c have its code.
 */
#ifndef TESTS_STORM_H
#define TESTS_STORM_H

#include "vm.h"

#define STORM_VCPUS	2

/*
 * What a vCPU is told, and tells, in the guest's memory. The guest's code knows the
 * offsets.
 */
struct storm_control {
	uint32_t loops;		/* 0: rounds of the main loop */
	uint32_t sent;		/* 4: IPIs that it has sent */
	uint32_t limit;		/* 8: how many it is to send */
	uint32_t dest;		/* 12: x86: ICR, high half */
	uint32_t icr;		/* 16: x86: ICR, low half */
	uint32_t counted;	/* 20: guest address of the word where the receiver counts them */
	uint32_t awake;		/* 24: it sleeps when no bit of this is set in @loops */
	uint32_t ready;		/* 28: interrupts are on */
	uint64_t sgi;		/* 32: arm64: ICC_SGI1R_EL1 */
	uint64_t reserved[3];
};

/*
 * The numbers of each source. Most have STORM_BURST of them, from the one given here on; on
 * arm64 SGIs, PPIs and SPIs. The guest's code knows those of the IOAPIC and the distributor.
 */
#define STORM_BURST	8
#ifdef __aarch64__
#define STORM_THREAD(i)	((i) / 2 * 16)	/* four kernel threads, two to a vCPU: SGIs, PPIs */
#define STORM_IOCTL	48		/* SPIs to vCPU 0 */
#define STORM_FLOOD	8
#define STORM_TICK	9
#define STORM_IPI(vcpu)	(10 + (vcpu))
#define STORM_EDGE_GSI	64		/* edges, to vCPU 0 */
#define STORM_EDGE	64
#define STORM_MSI_IRQ	72		/* edges, to vCPU 1 */
#define STORM_MSI_ADDRESS (GUEST_GICD + 0x40)
#define STORM_LEVEL_GSI	42		/* level, to vCPU 1 */
#define STORM_LEVEL	42
#else
#define STORM_THREAD(i)	(0x60 + STORM_BURST * (i))
#define STORM_IOCTL	0x80
#define STORM_FLOOD	0x51
#define STORM_TICK	0x30
#define STORM_IPI(vcpu)	(0x40 + (vcpu))
#define STORM_EDGE_GSI	16
#define STORM_EDGE	0x88
#define STORM_MSI_IRQ	0x90
#define STORM_MSI_ADDRESS 0xfee01000
#define STORM_LEVEL_GSI	5
#define STORM_LEVEL	0x45
#endif

/* On which vCPU they arrive */
#define STORM_EDGE_VCPU	0
#define STORM_MSI_VCPU	1
#define STORM_LEVEL_VCPU 1

/**
 * struct storm - the VM, and a thread for each vCPU
 * @vm: the VM
 * @vcpu: its vCPUs' descriptors
 * @thread: their threads
 * @tid: the same as the kernel counts them
 */
struct storm {
	struct vm vm;
	int vcpu[STORM_VCPUS];
	pthread_t thread[STORM_VCPUS];
	int tid[STORM_VCPUS];
};

uint32_t *storm_count(struct storm *storm, unsigned int vcpu, uint32_t irq);
struct storm_control *storm_control(struct storm *storm, unsigned int vcpu);

void storm_make(struct storm *storm);
void storm_reload(struct storm *storm);
void storm_start(struct storm *storm);
void storm_join(struct storm *storm);
void storm_stop(struct storm *storm);
void storm_destroy(struct storm *storm);
bool storm_settled(struct storm *storm, unsigned int vcpu, uint32_t irq, uint32_t count);
int storm_inject(struct storm *storm, unsigned int vcpu, uint32_t irq);

/* Of the family: devices; code and the registers of all vCPUs */
void storm_add_devices(struct storm *storm);
void storm_load(struct storm *storm);

#endif /* TESTS_STORM_H */
