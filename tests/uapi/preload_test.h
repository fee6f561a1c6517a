/*
 * Where the checks of preload_checks.c find their device: preload_self.c has it
 * in the same process behind the executable's own symbols, preload_client.c is
 * an ordinary program under "testcard exec".
 */
#ifndef PRELOAD_TEST_H
#define PRELOAD_TEST_H

#include <stdint.h>

void preload_test_begin(void);
void preload_test_end(void);
/* The device stands still for that long, as on a machine that has none for it. */
void preload_test_stall(unsigned ms);
/* Presses or releases a key of the device's keyboard. */
void preload_test_key(uint16_t code, int value);
/*
 * One frame of events {type, code, value} of the input device with that number; the
 * client's device has the later ones by "testcard exec --input" only.
 */
enum { INPUT_KEYBOARD, INPUT_POINTER, INPUT_TABLET, INPUT_TOUCH, INPUT_SWITCH, INPUT_GAMEPAD,
	INPUTS };
void preload_test_input(unsigned id, const int (*events)[3], unsigned count);
/* The connector prefers another mode. */
void preload_test_hotplug(void);

/*
 * The device's time (kms_time.h): real, frozen or fast; steps of frozen time by
 * vblanks of crtc 0, and by ns. A device that has only just begun, begins anew at
 * the first moment of virtual time.
 */
void preload_test_time(const char *mode);
void preload_test_step(unsigned vblanks);
void preload_test_step_ns(uint64_t ns);

#endif
