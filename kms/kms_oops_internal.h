/* Shared by the files of the oops. */
#ifndef KMS_OOPS_INTERNAL_H
#define KMS_OOPS_INTERNAL_H

#include <stdatomic.h>
#include <sys/types.h>

#include "kms_desc.h"
#include "kms_oops.h"

#define KMS_OOPS_TRACE_MAX 32
#define KMS_OOPS_REGISTER_LINES 8
#define KMS_OOPS_LINE 96

enum kms_oops_stage {
	KMS_OOPS_NONE,
	KMS_OOPS_TAKEN,    /* somebody writes */
	KMS_OOPS_READY,    /* all but the backtrace is there */
	KMS_OOPS_COMPLETE,
};

/* Written by who took it; strings always end within their arrays. */
struct kms_oops_report {
	_Atomic int stage;
	bool fatal;        /* the process will not live on */
	uint64_t time_ns;  /* CLOCK_MONOTONIC */
	pid_t tid;
	char thread[16];
	char reason[160];
	char registers[KMS_OOPS_REGISTER_LINES][KMS_OOPS_LINE];
	unsigned register_count;
	uint64_t trace[KMS_OOPS_TRACE_MAX];
	_Atomic unsigned trace_count;
	char symbols[KMS_OOPS_TRACE_MAX][KMS_OOPS_LINE]; /* of the trace; the reporter's */
	_Atomic unsigned symbol_count;
};

/* Memory of both processes. */
struct kms_oops_shared {
	struct kms_oops_report report;
	/* Of each crtc: width << 16 | height; 0 = off, or not there. */
	_Atomic uint32_t screens[KMS_OOPS_CARDS_MAX][KMS_MAX_CRTCS];
	struct {
		_Atomic uint64_t time_ns; /* 0 = never yet */
		_Atomic pid_t tid;
	} beats[KMS_OOPS_BEATS];
	_Atomic bool ended;       /* in order */
	char watchdog[160];       /* why it sent SIGABRT; empty = it did not */
	_Atomic bool watchdog_fired;
	char program[32];
	char version[32];
	pid_t owner;              /* the process; its children share the memory, but are not it */
	uint64_t start_ns;
	unsigned watchdog_ms;
	_Atomic unsigned hold_ms; /* of a dying process, for its window */
};

/* NULL before start. */
extern struct kms_oops_shared *kms_oops_shared;

/* The right to write the report; stage is TAKEN then. Safe in a handler, as all below. */
bool kms_oops_take(struct kms_oops_shared *shared, bool fatal);
/* Wakes the reporter and waits until it has shown the report, at most timeout_ms. */
void kms_oops_call_reporter(int timeout_ms);
/* Crtcs have new pixels, without a lock. */
void kms_oops_touch_devices(void);
uint64_t kms_oops_now(void);

/* A string of a fixed size, built without libc. */
struct kms_oops_text {
	char *at, *end; /* end: room for the NUL */
};
void kms_oops_text_init(struct kms_oops_text *text, char *buffer, unsigned size);
void kms_oops_put(struct kms_oops_text *text, const char *string);
void kms_oops_put_hex(struct kms_oops_text *text, uint64_t value, unsigned digits);
void kms_oops_put_number(struct kms_oops_text *text, uint64_t value);

/* kms_oops_signal.c */
int kms_oops_install_handlers(void);
void kms_oops_remove_handlers(void);
/* kms_oops_registers.c: lines of what a handler's context has; its program counter or 0. */
uint64_t kms_oops_save_registers(struct kms_oops_report *report, const void *context);
/* kms_oops_symbol.c: "function+0x12 (file)", of code as mapped in this process. */
void kms_oops_symbol(uint64_t address, char *out, unsigned size);
/* kms_oops_draw.c */
void kms_oops_draw_shared(const struct kms_canvas *canvas, const struct kms_oops_shared *shared);
/* kms_oops_reporter.c: the life of the reporter. */
_Noreturn void kms_oops_reporter(struct kms_oops_shared *shared,
	const struct kms_oops_options *options, int socket);

#endif
