/* The server's counters in this process: mapped once for each server, for ever. */
#ifndef PRELOAD_WATCH_H
#define PRELOAD_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "preload_channel.h"

/* The memory of channel's server, asked for over channel at first; NULL: there is none. */
const uint8_t *preload_watch_memory(struct preload_channel *channel);

#endif
