#include "gpu_regs.h"

const struct gpu_reg_info gpu_reg_infos[GPU_REG_COUNT] = {
	[GPU_REG_PGTBL_ER] = {"PGTBL_ER", 0x24, GPU_RO, 0, 0},
	[GPU_REG_TAIL] = {"RING_TAIL", 0x30, GPU_RW, 0, 0x001ffff8},
	[GPU_REG_HEAD] = {"RING_HEAD", 0x34, GPU_RW, 0, 0x001ffffc},
	[GPU_REG_START] = {"RING_START", 0x38, GPU_RW, 0, 0xfffff000},
	[GPU_REG_CTL] = {"RING_CTL", 0x3c, GPU_RW, 0, 0x001ff001},
	[GPU_REG_HWS_PGA] = {"HWS_PGA", 0x80, GPU_RW, 0, 0xfffff000},
	[GPU_REG_IPEIR] = {"IPEIR", 0x88, GPU_RO, 0, 0},
	[GPU_REG_IPEHR] = {"IPEHR", 0x8c, GPU_RO, 0, 0},
	[GPU_REG_INSTDONE] = {"INSTDONE", 0x90, GPU_RO, GPU_INSTDONE_IDLE, 0},
	[GPU_REG_NOPID] = {"NOPID", 0x94, GPU_RO, 0, 0},
	[GPU_REG_IIR] = {"IIR", 0xa4, GPU_W1C, 0, GPU_INT_ERROR | GPU_INT_USER},
	[GPU_REG_IMR] = {"IMR", 0xa8, GPU_RW, GPU_INT_ERROR | GPU_INT_USER,
		GPU_INT_ERROR | GPU_INT_USER},
	[GPU_REG_EIR] = {"EIR", 0xb0, GPU_W1C, 0, GPU_ERROR_INSTRUCTION | GPU_ERROR_PAGE_TABLE},
	[GPU_REG_EMR] = {"EMR", 0xb4, GPU_RW, 0, GPU_ERROR_INSTRUCTION | GPU_ERROR_PAGE_TABLE},
	[GPU_REG_ESR] = {"ESR", 0xb8, GPU_RO, 0, 0},
	[GPU_REG_INSTPM] = {"INSTPM", 0xc0, GPU_RW, 0, 0x0000ffff},
	[GPU_REG_ACTHD] = {"ACTHD", 0xc8, GPU_RO, 0, 0},
};

static bool tells_of_error(enum gpu_reg reg)
{
	return reg == GPU_REG_PGTBL_ER || reg == GPU_REG_IPEIR || reg == GPU_REG_IPEHR ||
		reg == GPU_REG_EIR || reg == GPU_REG_ESR;
}

void gpu_regs_reset(struct gpu_regs *regs, bool keep_errors)
{
	for (unsigned i = 0; i < GPU_REG_COUNT; i++)
		if (!keep_errors || !tells_of_error(i))
			gpu_reg_set(regs, i, gpu_reg_infos[i].reset);
}

static enum gpu_reg find(uint32_t offset)
{
	unsigned i = 0;

	while (i < GPU_REG_COUNT && gpu_reg_infos[i].offset != offset)
		i++;
	return i;
}

uint32_t gpu_regs_read(const struct gpu_regs *regs, uint32_t offset)
{
	enum gpu_reg reg = find(offset);

	return reg == GPU_REG_COUNT ? 0 : gpu_reg_get(regs, reg);
}

enum gpu_reg gpu_regs_write(struct gpu_regs *regs, uint32_t offset, uint32_t value)
{
	enum gpu_reg reg = find(offset);

	if (reg == GPU_REG_COUNT || gpu_reg_infos[reg].access == GPU_RO)
		return GPU_REG_COUNT;
	value &= gpu_reg_infos[reg].writable;
	if (gpu_reg_infos[reg].access == GPU_W1C)
		atomic_fetch_and(&regs->values[reg], ~value);
	else
		gpu_reg_set(regs, reg, value);
	return reg;
}
