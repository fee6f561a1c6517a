/*
 * The draws of a batch, done by the processor: when there is no GPU that takes
 * them. Waits for who uses the objects.
 */
#ifndef COMPOSITOR_SOFTWARE_H
#define COMPOSITOR_SOFTWARE_H

#include "compositor_draw.h"

/* A draw whose objects cannot be mapped, or are tiled, is left out. */
void compositor_software_draw(const struct compositor_draw *draws, unsigned count);

#endif
