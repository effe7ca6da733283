// SPDX-License-Identifier: GPL-2.0
/*
 * The device of the local APICs: its life, its saved state, and its wire to the pair of
 * 8259A (LINT0). Sections: chapter 10 of the SDM Vol. 3A.
 */
#include "lapic.h"

/* --- saving and restoring ------------------------------------------------- */

static void *saved_state(struct kunit *test, struct axvm_device *dev)
{
	void *buf = kunit_kzalloc(test, dev->type->state_size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, buf);
	dev->type->ops->save(dev, buf);
	return buf;
}

static struct axvm_device *lapic_device(struct axvm_vm *vm)
{
	return vm->arch.lapic;
}

static void lapic_save_restore_test(struct kunit *test)
{
	struct axvm_vm *from = lapic_vm(test, 3), *to = lapic_vm(test, 3);
	struct axvm_vcpu *vcpu = from->vcpus[1];
	struct axvm_lapic_state *state, *again;
	u64 value = 0;

	x2apic_enter(test, from->vcpus[2]);
	x2apic_write(test, from->vcpus[2], APIC_ICR, 0x1234567800000040);
	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(from->vcpus[0], BASE), 0);
	xapic_write(vcpu, APIC_TASKPRI, 0x23);
	xapic_write(vcpu, APIC_LDR, 0x55000000);
	xapic_write(vcpu, APIC_DFR, 0);
	xapic_write(vcpu, APIC_LVTPC, 0x4aa);
	xapic_read(vcpu, APIC_RRR);	/* an error that ESR does not show yet */
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x61), 0);
	KUNIT_ASSERT_EQ(test, axvm_x86_irq_ack(vcpu), 0x61);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x81), 0);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x51), 0);

	state = saved_state(test, lapic_device(from));
	vcpu = to->vcpus[1];
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x99), 0);
	KUNIT_ASSERT_EQ(test, to->arch.lapic->type->ops->restore(lapic_device(to), state), 0);
	again = saved_state(test, lapic_device(to));
	KUNIT_EXPECT_EQ(test, memcmp(again, state, lapic_device(to)->type->state_size), 0);

	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(to->vcpus[0]), BASE);
	KUNIT_EXPECT_EQ(test, x2apic_read(test, to->vcpus[2], APIC_ICR), 0x1234567800000040ULL);
	KUNIT_EXPECT_EQ(test, msr_read(to->vcpus[1], X2APIC_MSR(APIC_ID), &value), AXVM_FAULT);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0x60U);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_DFR), 0x0fffffffU);
	xapic_write(vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), (u32)APIC_ESR_ILLREGA);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x81);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_write(vcpu, APIC_EOI, 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x51);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
}

/* What spoils a saved state of one vCPU */
struct bad_state {
	const char *what;
	void (*spoil)(struct axvm_lapic_state *state);
};

#define SPOIL(name, statement)						\
	static void spoil_##name(struct axvm_lapic_state *state)	\
	{								\
		statement;						\
	}

SPOIL(absent, state->present = 0)
SPOIL(present, state->present = 2)
SPOIL(foreign, state[1].present = 1)
SPOIL(base_mode, state->base = BASE | X2APIC_ENABLE)
SPOIL(base_low, state->base |= 1)
SPOIL(base_high, state->base |= 1ULL << 48)
SPOIL(off_but_on, state->base = BASE)
SPOIL(errors, state->errors = 0x100)
SPOIL(tpr, state->reg[LAPIC_INDEX(APIC_TASKPRI)] = 0x100)
SPOIL(esr, state->reg[LAPIC_INDEX(APIC_ESR)] = 0x1)
SPOIL(irr, state->reg[LAPIC_INDEX(APIC_IRR)] = 0x8000)
SPOIL(isr, state->reg[LAPIC_INDEX(APIC_ISR)] = 0x1)
SPOIL(icr, state->reg[LAPIC_INDEX(APIC_ICR)] = APIC_ICR_BUSY)
SPOIL(icr2, state->reg[LAPIC_INDEX(APIC_ICR2)] = 1)
SPOIL(lvt, state->reg[LAPIC_INDEX(APIC_LVTT)] = 0x80000)
SPOIL(reserved, state->reg[LAPIC_INDEX(APIC_LVTCMCI)] = 1)
SPOIL(timer, state->timer_left = 1)
SPOIL(far_timer, state->timer_left = (1ULL << 39) + 1; state->reg[LAPIC_INDEX(APIC_TMICT)] = 1)
SPOIL(tsc, state->tsc_deadline = 1)

#define BAD(name) { #name, spoil_##name }

static void lapic_restore_refuses_test(struct kunit *test)
{
	static const struct bad_state row[] = {
		BAD(absent), BAD(present), BAD(foreign), BAD(base_mode), BAD(base_low),
		BAD(base_high), BAD(off_but_on), BAD(errors), BAD(tpr), BAD(esr), BAD(irr),
		BAD(isr), BAD(icr), BAD(icr2), BAD(lvt), BAD(reserved), BAD(timer),
		BAD(far_timer), BAD(tsc),
	};
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct axvm_device *dev = lapic_device(vm);
	struct axvm_lapic_state *state, *before;
	unsigned int i;

	before = saved_state(test, dev);
	for (i = 0; i < ARRAY_SIZE(row); i++) {
		state = saved_state(test, dev);
		state[0].reg[LAPIC_INDEX(APIC_TASKPRI)] = 0x50;
		row[i].spoil(&state[1]);
		KUNIT_EXPECT_EQ_MSG(test, dev->type->ops->restore(dev, state), -EINVAL, "%s",
				    row[i].what);
		state = saved_state(test, dev);
		KUNIT_EXPECT_EQ(test, memcmp(state, before, dev->type->state_size), 0);
	}
}

/* --- life ----------------------------------------------------------------- */

static void lapic_before_vcpus_test(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 0);
	u64 value;

	fixture_device(test, vm, AXVM_DEV_LAPIC, 0, 0);
	KUNIT_EXPECT_EQ(test, axvm_devices_handle_mmio_read(vm, NULL, BASE, 4, &value),
			AXVM_UNCLAIMED);
	mutex_lock(&vm->lock);
	KUNIT_EXPECT_FALSE(test, IS_ERR(axvm_vcpu_create(vm, 5)));
	mutex_unlock(&vm->lock);
	KUNIT_EXPECT_EQ(test, xapic_read(vm->vcpus[5], APIC_ID), 5U << 24);
}

static void lapic_config_test(struct kunit *test)
{
	struct axvm_device_config config = { .type = AXVM_DEV_LAPIC };
	struct axvm_vm *vm = fixture_vm(test, 1);

	config.base = 0xfee00800;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EINVAL);
	config.base = 0;
	config.length = 0x2000;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EINVAL);
	config.length = 0;
	config.nr_cfg = 1;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EINVAL);
	KUNIT_EXPECT_NULL(test, vm->arch.lapic);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vm->vcpus[0]), 0ULL);
	KUNIT_EXPECT_EQ(test, axvm_lapic_set_base(vm->vcpus[0], BASE | XAPIC_ENABLE), -EINVAL);
	KUNIT_EXPECT_EQ(test, axvm_lapic_inject(vm->vcpus[0], 0x40), -ENODEV);

	config.nr_cfg = 0;
	config.base = 0xd0000000;
	KUNIT_ASSERT_FALSE(test, IS_ERR(fixture_try_device(vm, &config)));
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vm->vcpus[0]),
			0xd0000000 | XAPIC_ENABLE | MSR_IA32_APICBASE_BSP);
	KUNIT_EXPECT_EQ(test, (u32)fixture_load(vm, NULL, 0xd0000000 + APIC_LVR, 4), 0x50014U);
	/* One for all */
	config.base = 0xe0000000;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(fixture_try_device(vm, &config)), -EEXIST);
	KUNIT_EXPECT_EQ(test, (u32)fixture_load(vm, NULL, 0xd0000000 + APIC_LVR, 4), 0x50014U);
}

static void lapic_remove_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct axvm_vcpu *vcpu = vm->vcpus[1];
	int ret;

	xapic_write(vcpu, APIC_LVTT, APIC_LVT_TIMER_PERIODIC | 0x40);
	xapic_write(vcpu, APIC_TMICT, 1000);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x50), 0);
	mutex_lock(&vm->lock);
	ret = axvm_devices_remove(vm, vm->arch.lapic->id);
	mutex_unlock(&vm->lock);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_EXPECT_NULL(test, vm->arch.lapic);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_NE(test, axvm_lapic_inject(vcpu, 0x50), 0);
	KUNIT_EXPECT_EQ(test, axvm_lapic_set_base(vcpu, BASE | XAPIC_ENABLE), -EINVAL);
	axvm_lapic_reset(vcpu);
	KUNIT_EXPECT_EQ(test, axvm_lapic_get_base(vcpu), 0ULL);
	msleep(20);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));

	fixture_device(test, vm, AXVM_DEV_LAPIC, 0, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_LVTT), (u32)APIC_LVT_MASKED);
	xapic_write(vcpu, APIC_SPIV, SPIV_ON);
	KUNIT_EXPECT_EQ(test, axvm_lapic_inject(vcpu, 0x51), 0);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x51);
}

static void lapic_reset_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct axvm_lapic_state *fresh, *state;
	struct axvm_vm *other = fixture_vm(test, 2);

	fresh = saved_state(test, fixture_device(test, other, AXVM_DEV_LAPIC, 0, 0));
	xapic_write(vm->vcpus[0], APIC_LVTT, APIC_LVT_TIMER_PERIODIC | 0x40);
	xapic_write(vm->vcpus[0], APIC_TMICT, U32_MAX);
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vm->vcpus[0], 0x50), 0);
	xapic_write(vm->vcpus[1], APIC_ESR + 0x10, 0);
	x2apic_enter(test, vm->vcpus[1]);
	vm->arch.lapic->type->ops->reset(vm->arch.lapic);
	state = saved_state(test, vm->arch.lapic);
	KUNIT_EXPECT_EQ(test, memcmp(state, fresh, vm->arch.lapic->type->state_size), 0);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vm->vcpus[0]));
}

/* --- LINT0 ---------------------------------------------------------------- */

struct fake_pic {
	struct axvm_device dev;
	bool intr;
	unsigned int acks;
};

static bool fake_pic_pending(struct axvm_device *dev)
{
	return container_of(dev, struct fake_pic, dev)->intr;
}

static int fake_pic_ack(struct axvm_device *dev)
{
	struct fake_pic *pic = container_of(dev, struct fake_pic, dev);

	pic->acks++;
	pic->intr = false;
	return 0x08;
}

static const struct axvm_extint_ops fake_pic_ops = {
	.pending = fake_pic_pending,
	.ack = fake_pic_ack,
};

static struct fake_pic *fake_pic(struct kunit *test, struct axvm_vm *vm)
{
	struct fake_pic *pic = kunit_kzalloc(test, sizeof(*pic), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pic);
	vm->arch.pic = &pic->dev;
	vm->arch.extint = &fake_pic_ops;
	return pic;
}

static void fake_pic_raise(struct axvm_vm *vm, struct fake_pic *pic)
{
	pic->intr = true;
	axvm_x86_extint_changed(vm);
}

static void lapic_extint_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 2);
	struct fake_pic *pic = fake_pic(test, vm);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	xapic_write(vcpu, APIC_LVT0, APIC_DM_EXTINT);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	KUNIT_EXPECT_EQ(test, pic->acks, 0U);

	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x08);
	KUNIT_EXPECT_EQ(test, pic->acks, 1U);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	/* Nothing of it is in service in the APIC, and the task priority is not asked. */
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_PROCPRI), 0U);
	axvm_lapic_set_tpr(vcpu, 15);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x08);
	axvm_lapic_set_tpr(vcpu, 0);

	/* Beside the APIC's own */
	KUNIT_ASSERT_EQ(test, axvm_lapic_inject(vcpu, 0x44), 0);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x44);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x08);

	/* Masked, or not for this CPU */
	fake_pic_raise(vm, pic);
	xapic_write(vcpu, APIC_LVT0, APIC_LVT_MASKED | APIC_DM_EXTINT);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), -1);
	xapic_write(vm->vcpus[1], APIC_LVT0, APIC_DM_EXTINT);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vm->vcpus[1]));
	xapic_write(vcpu, APIC_LVT0, APIC_DM_EXTINT);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));

	/* Software-disabling masks it; switching off by hardware lets it through. */
	xapic_write(vcpu, APIC_SPIV, 0xff);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vcpu, BASE), 0);
	KUNIT_ASSERT_EQ(test, axvm_lapic_set_base(vm->vcpus[1], BASE), 0);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vcpu));
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vm->vcpus[1]));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vcpu), 0x08);
}

/* After power-on, and without any local APIC, the pair works. */
static void lapic_virtual_wire_test(struct kunit *test)
{
	struct axvm_vm *vm = fixture_vm(test, 2);
	struct fake_pic *pic = fake_pic(test, vm);

	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_TRUE(test, axvm_x86_irq_pending(vm->vcpus[0]));
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vm->vcpus[1]));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vm->vcpus[0]), 0x08);
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vm->vcpus[0]), -1);
	fixture_device(test, vm, AXVM_DEV_LAPIC, 0, 0);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_FALSE(test, axvm_x86_irq_pending(vm->vcpus[1]));
	KUNIT_EXPECT_EQ(test, axvm_x86_irq_ack(vm->vcpus[0]), 0x08);
}

/* LINT0 in its other modes takes the rising edge. */
static void lapic_lint0_modes_test(struct kunit *test)
{
	struct axvm_vm *vm = lapic_vm(test, 1);
	struct fake_pic *pic = fake_pic(test, vm);
	struct axvm_vcpu *vcpu = vm->vcpus[0];

	xapic_write(vcpu, APIC_LVT0, 0x35);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), 0x35);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	pic->intr = false;
	axvm_x86_extint_changed(vm);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_write(vcpu, APIC_LVT0, APIC_DM_NMI);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 1);
	xapic_write(vcpu, APIC_LVT0, APIC_LVT_MASKED | APIC_DM_NMI);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, atomic_read(&vcpu->arch.nmi_pending), 1);
	xapic_write(vcpu, APIC_LVT0, APIC_DM_SMI | 0x40);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	KUNIT_EXPECT_EQ(test, pic->acks, 0U);
	/* A vector that is none */
	xapic_write(vcpu, APIC_LVT0, 0x0e);
	fake_pic_raise(vm, pic);
	KUNIT_EXPECT_EQ(test, lapic_handle(vcpu), -1);
	xapic_write(vcpu, APIC_ESR, 0);
	KUNIT_EXPECT_EQ(test, xapic_read(vcpu, APIC_ESR), (u32)APIC_ESR_RECVILL);
}

static struct kunit_case lapic_cases[] = {
	KUNIT_CASE(lapic_save_restore_test),
	KUNIT_CASE(lapic_restore_refuses_test),
	KUNIT_CASE(lapic_before_vcpus_test),
	KUNIT_CASE(lapic_config_test),
	KUNIT_CASE(lapic_remove_test),
	KUNIT_CASE(lapic_reset_test),
	KUNIT_CASE(lapic_extint_test),
	KUNIT_CASE(lapic_virtual_wire_test),
	KUNIT_CASE(lapic_lint0_modes_test),
	{}
};

static struct kunit_suite lapic_suite = {
	.name = "axvm_lapic",
	.test_cases = lapic_cases,
};

kunit_test_suite(lapic_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("axvm: local APICs");
