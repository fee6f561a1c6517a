#include <string.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "card_property.h"
#include "test.h"

uint32_t card_property(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *value)
{
	drmModeObjectProperties *list = drmModeObjectGetProperties(fd, object, type);
	uint32_t id = 0;

	CHECK(list != NULL);
	for (uint32_t i = 0; i < list->count_props && !id; i++) {
		drmModePropertyRes *prop = drmModeGetProperty(fd, list->props[i]);

		CHECK(prop != NULL);
		if (strcmp(prop->name, name) == 0) {
			id = prop->prop_id;
			if (value)
				*value = list->prop_values[i];
		}
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	if (!id)
		test_fail(__FILE__, __LINE__, "no property %s", name);
	return id;
}
