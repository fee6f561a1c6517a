/*
 * Turns: looking at what a device's socket holds and taking it are two calls, between which
 * no other thread of the program may take it. One lock for all files: it is never held while
 * waiting.
 */
#ifndef PRELOAD_TURN_H
#define PRELOAD_TURN_H

#include <stdbool.h>

/*
 * False: this is a signal handler that reads while its own thread has the turn. It goes on
 * without.
 */
bool preload_turn_take(void);
/* taken: what preload_turn_take said. */
void preload_turn_give(bool taken);

#endif
