/* Shared by kms_compose.c (what is drawn where) and kms_compose_draw.c (how). */
#ifndef KMS_COMPOSE_INTERNAL_H
#define KMS_COMPOSE_INTERNAL_H

#include "kms_compose.h"
#include "kms_pipeline.h"
#include "kms_sampler.h"

/* How a plane gets into an 8-bit picture. */
enum kms_compose_way {
	KMS_COMPOSE_PIXMAN,       /* as it lies in memory */
	KMS_COMPOSE_PIXMAN_TILED, /* the same, tile by tile */
	KMS_COMPOSE_SAMPLED,
};

struct kms_compose_source {
	const struct kms_compose_plane *plane;
	const struct kms_layout *layout;
	struct kms_visible visible;
	struct kms_sampler sampler; /* of those that are sampled */
	enum kms_compose_way way;
	bool opaque;
};

/* A rectangle of the screen that shows (part of) one plane; source NULL: nothing but black. */
struct kms_compose_item {
	const struct kms_compose_source *source;
	pixman_box32_t box;
};

struct kms_compose_scene {
	const struct kms_compose_target *target;
	struct kms_pipeline pipeline;
	bool wide; /* 16 bits a channel */
	const struct kms_compose_item *items; /* bottom first */
	unsigned item_count;
};

/* Rows top to bottom - 1 of the target, whole: the planes and the colour pipeline. Any thread. */
void kms_compose_draw(const struct kms_compose_scene *scene, uint32_t top, uint32_t bottom);

#endif
