/*
 * The text console on an fbdev: a thread writes the journal's lines (gem_journal.h), and
 * whatever is printed, into its pixels, scrolling, with a cursor. Pure output: there is
 * no shell behind it.
 */
#ifndef KMS_CONSOLE_H
#define KMS_CONSOLE_H

#include "kms_fbdev.h"
#include "kms_font.h"

struct kms_console;

/* font stays the caller's. banner: lines at the top, or NULL. -ENOMEM, -EAGAIN. */
int kms_console_create(struct kms_fbdev *fbdev, const struct kms_font *font, const char *banner,
	struct kms_console **out);
void kms_console_destroy(struct kms_console *console);
/*
 * Text at the cursor, UTF-8: newline, tab, backspace and return do what they do on a
 * terminal, other control characters nothing. Any thread.
 */
void kms_console_print(struct kms_console *console, const char *text);
/*
 * While somebody else draws into the fbdev's memory: the screens look again 20 times a
 * second, as the kernel's deferred I/O. Counted; any thread.
 */
void kms_console_watch(struct kms_console *console, bool on);

#endif
