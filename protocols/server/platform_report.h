/* Parts of JSON reports that the compositor's share. */
#ifndef PLATFORM_REPORT_H
#define PLATFORM_REPORT_H

#include <stdio.h>

#include "uapi_census.h"

/* A JSON object: one of "buffers" in protocols/control/state.schema.json. */
void platform_print_census(FILE *out, const struct uapi_census *census);
/* "XR24", quoted. */
void platform_print_fourcc(FILE *out, uint32_t fourcc);

#endif
