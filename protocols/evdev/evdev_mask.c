/* Event masks: what a file does not want to be told (EVIOCSMASK, EVIOCGMASK). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evdev_private.h"

/* Codes of a type, 0: it has no mask. Of EV_SYN: the types. */
static unsigned count_codes(unsigned type)
{
	static const unsigned counts[EV_CNT] = {
		[EV_SYN] = EV_CNT, [EV_KEY] = KEY_CNT, [EV_REL] = REL_CNT, [EV_ABS] = ABS_CNT,
		[EV_MSC] = MSC_CNT, [EV_SW] = SW_CNT, [EV_LED] = LED_CNT, [EV_SND] = SND_CNT,
		[EV_FF] = FF_CNT,
	};

	return type < EV_CNT ? counts[type] : 0;
}

bool evdev_mask_passes(const struct evdev_file *file, unsigned type, unsigned code)
{
	unsigned count = count_codes(type);

	if (type == EV_SYN || type >= EV_CNT)
		return true;
	if (file->masks[0] && !evdev_test_bit(file->masks[0], type))
		return false;
	return code >= count || !file->masks[type] || evdev_test_bit(file->masks[type], code);
}

long evdev_mask_get(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller)
{
	unsigned long all[EVDEV_LONGS(KEY_CNT)];
	struct input_mask mask = {0};
	int ret = vfs_copy_from(caller, &mask, arg, sizeof(mask));
	size_t size = EVDEV_LONGS(count_codes(mask.type)) * sizeof(*all);
	size_t copied = mask.codes_size < size ? mask.codes_size : size;

	memset(all, 0xff, sizeof(all));
	pthread_mutex_lock(&file->dev->lock);
	if (file->dev->gone || file->revoked)
		ret = -ENODEV;
	else if (ret == 0 && size > 0 && file->masks[mask.type])
		memcpy(all, file->masks[mask.type], size);
	pthread_mutex_unlock(&file->dev->lock);
	if (ret)
		return ret;
	ret = vfs_copy_to(caller, mask.codes_ptr, all, copied);
	/* What the kernel knows no codes for reads as 0. */
	memset(all, 0, sizeof(all));
	while (ret == 0 && copied < mask.codes_size) {
		size_t part = mask.codes_size - copied;

		if (part > sizeof(all))
			part = sizeof(all);
		ret = vfs_copy_to(caller, mask.codes_ptr + copied, all, part);
		copied += part;
	}
	return ret;
}

/* *bits: of mask's type, to be freed; NULL for types that nobody knows. */
static int read_mask(uint64_t arg, struct vfs_caller *caller, struct input_mask *mask,
	unsigned long **bits)
{
	int ret = vfs_copy_from(caller, mask, arg, sizeof(*mask));

	*bits = NULL;
	if (ret)
		return ret;
	size_t size = EVDEV_LONGS(count_codes(mask->type)) * sizeof(unsigned long);
	/* Unknown types, and more codes than there are, are newer programs'. */
	if (size == 0)
		return 0;
	if (mask->codes_size % sizeof(unsigned long))
		return -EINVAL;
	*bits = calloc(1, size);
	if (!*bits)
		return -ENOMEM;
	return vfs_copy_from(caller, *bits, mask->codes_ptr,
		mask->codes_size < size ? mask->codes_size : size);
}

long evdev_mask_set(struct evdev_file *file, uint64_t arg, struct vfs_caller *caller)
{
	struct input_mask mask;
	unsigned long *bits, *old;
	int ret = read_mask(arg, caller, &mask, &bits);

	pthread_mutex_lock(&file->dev->lock);
	if (file->dev->gone || file->revoked)
		ret = -ENODEV;
	old = bits;
	if (ret == 0 && bits) {
		old = file->masks[mask.type];
		file->masks[mask.type] = bits;
	}
	pthread_mutex_unlock(&file->dev->lock);
	free(old);
	return ret;
}

void evdev_mask_free(struct evdev_file *file)
{
	for (unsigned type = 0; type < EV_CNT; type++)
		free(file->masks[type]);
}
