/* For the tests of gem/: a device with two files, and shorthands. */
#ifndef GEM_CARD_H
#define GEM_CARD_H

#include "gem_file.h"
#include "test.h"

struct card {
	struct gem_device dev;
	struct gem_file a, b;
};

static inline void card_init_with(struct card *card, const struct gem_memory_options *memory)
{
	CHECK_INT(gem_device_init(&card->dev, memory), 0);
	CHECK_INT(gem_file_init(&card->a, &card->dev), 0);
	CHECK_INT(gem_file_init(&card->b, &card->dev), 0);
}

static inline void card_init(struct card *card)
{
	card_init_with(card, NULL);
}

/* Closing the files must give back everything. */
static inline void card_finish(struct card *card)
{
	gem_file_finish(&card->a);
	gem_file_finish(&card->b);
	CHECK_INT(card->dev.object_count, 0);
	CHECK_INT(card->dev.object_bytes, 0);
	CHECK_INT(card->dev.name_idr.count, 0);
	CHECK(card->dev.vma_manager.range.root == NULL);
	CHECK_INT(card->dev.memory.resident, 0);
	CHECK_INT(card->dev.memory.swap.places.used, 0);
	gem_device_finish(&card->dev);
}

static inline uint32_t dumb(struct gem_file *file)
{
	uint32_t pitch, handle;
	uint64_t size;

	CHECK_INT(gem_dumb_create(file, 64, 64, 32, &pitch, &size, &handle), 0);
	CHECK_INT(pitch, 256);
	CHECK_INT(size, 16384);
	return handle;
}

static inline struct gem_object *object_of(struct gem_file *file, uint32_t handle)
{
	struct gem_object *obj;

	CHECK_INT(gem_object_lookup(file, handle, &obj), 0);
	gem_object_put(obj); /* the handle keeps it */
	return obj;
}

#endif
