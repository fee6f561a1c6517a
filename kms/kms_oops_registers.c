/* What a signal handler's context says, by machine. */
#include <ucontext.h>

#include "gem_base.h"
#include "kms_oops_internal.h"

#if defined(__x86_64__)
static const struct {
	char name[4];
	int index;
} registers[] = {
	{"rip", REG_RIP}, {"rsp", REG_RSP}, {"rbp", REG_RBP}, {"efl", REG_EFL},
	{"rax", REG_RAX}, {"rbx", REG_RBX}, {"rcx", REG_RCX}, {"rdx", REG_RDX},
	{"rsi", REG_RSI}, {"rdi", REG_RDI}, {"r8 ", REG_R8}, {"r9 ", REG_R9},
	{"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13},
	{"r14", REG_R14}, {"r15", REG_R15}, {"err", REG_ERR}, {"cr2", REG_CR2},
};

static uint64_t value_of(const ucontext_t *context, unsigned i)
{
	return context->uc_mcontext.gregs[registers[i].index];
}
#elif defined(__aarch64__)
static const struct {
	char name[4];
	int index; /* 31 and 32: sp and pc */
} registers[] = {
	{"pc ", 32}, {"sp ", 31}, {"x30", 30}, {"x29", 29}, {"x0 ", 0}, {"x1 ", 1}, {"x2 ", 2},
	{"x3 ", 3}, {"x4 ", 4}, {"x5 ", 5}, {"x6 ", 6}, {"x7 ", 7}, {"x8 ", 8}, {"x9 ", 9},
	{"x10", 10}, {"x11", 11}, {"x12", 12}, {"x13", 13}, {"x14", 14}, {"x15", 15},
};

static uint64_t value_of(const ucontext_t *context, unsigned i)
{
	int index = registers[i].index;

	return index == 32 ? context->uc_mcontext.pc : index == 31 ? context->uc_mcontext.sp :
		context->uc_mcontext.regs[index];
}
#else
static const struct {
	char name[4];
} registers[0];

static uint64_t value_of(const ucontext_t *context, unsigned i)
{
	return 0;
}
#endif

enum { REGISTERS_A_LINE = 3 };

/* Three a line: 71 characters fit on the narrowest screen. */
uint64_t kms_oops_save_registers(struct kms_oops_report *report, const void *context)
{
	struct kms_oops_text text;
	unsigned lines = 0;

	for (unsigned i = 0; i < GEM_ARRAY_SIZE(registers); i++) {
		if (i % REGISTERS_A_LINE == 0) {
			if (lines == KMS_OOPS_REGISTER_LINES)
				break;
			kms_oops_text_init(&text, report->registers[lines++], KMS_OOPS_LINE);
		} else {
			kms_oops_put(&text, "  ");
		}
		kms_oops_put(&text, registers[i].name);
		kms_oops_put(&text, " ");
		kms_oops_put_hex(&text, value_of(context, i), 16);
	}
	report->register_count = lines;
	return lines > 0 ? value_of(context, 0) : 0;
}
