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
/* Presses or releases a key of the device's keyboard. */
void preload_test_key(uint16_t code, int value);
/* The connector prefers another mode. */
void preload_test_hotplug(void);

#endif
