/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of axvm: /sys/kernel/tracing/events/axvm/. One file, core/trace.c,
 * defines CREATE_TRACE_POINTS.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM axvm

#if !defined(AXVM_CORE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define AXVM_CORE_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(axvm_exit,
	TP_PROTO(u32 vm, u32 vcpu, u32 type, u64 addr, u64 data, u8 width),
	TP_ARGS(vm, vcpu, type, addr, data, width),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, type)
		__field(u64, addr)
		__field(u64, data)
		__field(u8, width)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->type = type;
		__entry->addr = addr;
		__entry->data = data;
		__entry->width = width;
	),
	TP_printk("vm %u vcpu %u type %u addr 0x%llx width %u data 0x%llx",
		  __entry->vm, __entry->vcpu, __entry->type, __entry->addr, __entry->width,
		  __entry->data)
);

TRACE_EVENT(axvm_device,
	TP_PROTO(u32 vm, const char *name, u32 bus, bool is_write, u64 addr, u32 width, u64 data,
		 int result),
	TP_ARGS(vm, name, bus, is_write, addr, width, data, result),
	TP_STRUCT__entry(
		__field(u32, vm)
		__array(char, name, 32)
		__field(u32, bus)
		__field(bool, is_write)
		__field(u64, addr)
		__field(u32, width)
		__field(u64, data)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->vm = vm;
		strscpy(__entry->name, name, sizeof(__entry->name));
		__entry->bus = bus;
		__entry->is_write = is_write;
		__entry->addr = addr;
		__entry->width = width;
		__entry->data = data;
		__entry->result = result;
	),
	TP_printk("vm %u %s bus %u %s 0x%llx width %u data 0x%llx result %d",
		  __entry->vm, __entry->name, __entry->bus,
		  __entry->is_write ? "write" : "read", __entry->addr, __entry->width,
		  __entry->data, __entry->result)
);

TRACE_EVENT(axvm_irq_line,
	TP_PROTO(u32 vm, u32 irq, bool level),
	TP_ARGS(vm, irq, level),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, irq)
		__field(bool, level)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->irq = irq;
		__entry->level = level;
	),
	TP_printk("vm %u line %u level %d", __entry->vm, __entry->irq, __entry->level)
);

TRACE_EVENT(axvm_inject,
	TP_PROTO(u32 vm, u32 vcpu, u32 irq, int result),
	TP_ARGS(vm, vcpu, irq, result),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(u32, vcpu)
		__field(u32, irq)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->vcpu = vcpu;
		__entry->irq = irq;
		__entry->result = result;
	),
	TP_printk("vm %u vcpu %u irq %u result %d", __entry->vm, __entry->vcpu, __entry->irq,
		  __entry->result)
);

TRACE_EVENT(axvm_state,
	TP_PROTO(u32 vm, int from, int to),
	TP_ARGS(vm, from, to),
	TP_STRUCT__entry(
		__field(u32, vm)
		__field(int, from)
		__field(int, to)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("vm %u state %d -> %d", __entry->vm, __entry->from, __entry->to)
);

#endif /* AXVM_CORE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
