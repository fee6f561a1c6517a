/*
 * Registers of an engine, as the driver reads and writes them; offsets and
 * meanings in SPEC.md.
 *
 * Any thread may read any time: each register is an atomic. Who writes which is
 * said at gpu_engine.h.
 */
#ifndef GPU_REGS_H
#define GPU_REGS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum gpu_reg {
	GPU_REG_PGTBL_ER,
	GPU_REG_TAIL,
	GPU_REG_HEAD,
	GPU_REG_START,
	GPU_REG_CTL,
	GPU_REG_HWS_PGA,
	GPU_REG_IPEIR,
	GPU_REG_IPEHR,
	GPU_REG_INSTDONE,
	GPU_REG_NOPID,
	GPU_REG_IMR,
	GPU_REG_IIR,
	GPU_REG_EIR,
	GPU_REG_EMR,
	GPU_REG_ESR,
	GPU_REG_INSTPM,
	GPU_REG_ACTHD,
	GPU_REG_COUNT
};

enum gpu_access { GPU_RO, GPU_RW, GPU_W1C /* a written 1 clears the bit */ };

struct gpu_reg_info {
	const char *name;
	uint32_t offset; /* from the engine's base */
	enum gpu_access access;
	uint32_t reset;
	uint32_t writable; /* bits that a write can change */
};

extern const struct gpu_reg_info gpu_reg_infos[GPU_REG_COUNT];

#define GPU_RENDER_BASE 0x02000u
#define GPU_BLT_BASE 0x22000u
#define GPU_ENGINE_REG_SPACE 0x100u

#define GPU_CTL_ENABLE 1u
#define GPU_CTL_SIZE(bytes) (((bytes) / 4096u - 1) << 12)
#define GPU_INSTDONE_IDLE 1u
#define GPU_INT_ERROR (1u << 15)
#define GPU_INT_USER (1u << 1)
#define GPU_ERROR_INSTRUCTION (1u << 0)
#define GPU_ERROR_PAGE_TABLE (1u << 4)

struct gpu_regs {
	_Atomic uint32_t values[GPU_REG_COUNT];
};

/* keep_errors: what tells of an error stays, as after a reset of real parts. */
void gpu_regs_reset(struct gpu_regs *regs, bool keep_errors);
/* offset from the engine's base; there is nothing: reads 0, writes do nothing. */
uint32_t gpu_regs_read(const struct gpu_regs *regs, uint32_t offset);
/* The register that took the write, or GPU_REG_COUNT. */
enum gpu_reg gpu_regs_write(struct gpu_regs *regs, uint32_t offset, uint32_t value);

static inline uint32_t gpu_reg_get(const struct gpu_regs *regs, enum gpu_reg reg)
{
	return atomic_load_explicit(&regs->values[reg], memory_order_acquire);
}

static inline void gpu_reg_set(struct gpu_regs *regs, enum gpu_reg reg, uint32_t value)
{
	atomic_store_explicit(&regs->values[reg], value, memory_order_release);
}

#endif
