/* Properties of mode objects by name, through libdrm. */
#ifndef CARD_PROPERTY_H
#define CARD_PROPERTY_H

#include <stdint.h>

/* Its id; *value (may be NULL) is what it has. The test fails when object has none of that name. */
uint32_t card_property(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *value);

#endif
