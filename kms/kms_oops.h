/*
 * The oops: when the process that is the device dies, or when it is told to, every crtc
 * shows why: the reason, registers, backtrace, the last events (gem_journal.h).
 *
 * Two ways lead to a screen. As long as the process's threads run, composition draws the
 * oops instead of the planes, so that sinks, screenshots and CRCs get it. But a dying
 * process may hold any lock: so kms_oops_start forks a reporter, a process that only
 * waits. The signal handler writes the report into memory they share (no lock, no
 * allocation), wakes it and waits for a moment; the reporter finds symbols, writes the
 * text to stderr and the pictures as PNG, and may show them in a window. When the
 * process dies without a word (SIGKILL, a stack overflow), it says that.
 *
 * Of the process, not of a device: signals are.
 */
#ifndef KMS_OOPS_H
#define KMS_OOPS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

struct kms_canvas;
struct kms_crtc;
struct kms_device;

#define KMS_OOPS_CARDS_MAX 4

/* What must show that it is alive, when there is a watchdog. */
enum kms_oops_beat {
	KMS_OOPS_DEVICE, /* the device's locks can be had */
	KMS_OOPS_MAIN,   /* the program's main loop turns */
	KMS_OOPS_BEATS
};

struct kms_oops_options {
	const char *version;    /* of the program, for the picture */
	const char *frames_dir; /* NULL, or [cardN-]oops-crtcN.png go there */
	unsigned watchdog_ms;   /* a beat that is later is an oops; 0 = no watchdog */
};

/*
 * Forks the reporter and installs handlers of SIGSEGV, SIGBUS, SIGABRT, SIGFPE and SIGILL,
 * which go on to what was there before: the exit status and the core dump stay. (Not in
 * sanitized builds, whose own report is better.) Before the process has threads. The
 * strings are the caller's until stop. -EBUSY second call; -errno of fork and the like.
 */
int kms_oops_start(const struct kms_oops_options *options);
/* The process ends in order. Harmless without start. */
void kms_oops_stop(void);

/*
 * How long a dying process stays, for a window that only lives as long as it does: its
 * other threads show the oops there meanwhile. 0 = not at all.
 */
void kms_oops_set_hold(unsigned ms);

/* From now on dev's crtcs show what happens. Its sizes are taken from its vblanks. */
void kms_oops_add_device(struct kms_device *dev, unsigned card);
void kms_oops_remove_device(struct kms_device *dev);
/* crtc was turned on or off; dev->lock. */
void kms_oops_note_mode_locked(struct kms_crtc *crtc);

/*
 * An oops of a process that lives on: with the caller's backtrace. Returns when the
 * reporter has written the pictures. -ENOSYS not started; -EBUSY there is one already.
 */
int kms_oops_trigger(const char *reason);
/* Planes are shown again. -EALREADY there is nothing to clear. */
int kms_oops_clear(void);
/* Crtcs show the oops. */
bool kms_oops_active(void);
/* Draws it; any thread or process of those that share it. */
void kms_oops_draw(const struct kms_canvas *canvas);

/* What a watchdog watches; the first one starts it, from the thread to be watched. */
void kms_oops_beat(enum kms_oops_beat beat);
/* It is not watched any more: it ends. */
void kms_oops_beat_end(enum kms_oops_beat beat);

#endif
