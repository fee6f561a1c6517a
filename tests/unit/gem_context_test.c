/* Contexts of a file. */
#include <errno.h>

#include "gem_card.h"
#include "gem_context.h"
#include "gem_vma.h"

static struct gem_context *context_of(struct gem_file *file, uint32_t id)
{
	struct gem_context *context;

	CHECK_INT(gem_context_lookup(file, id, &context), 0);
	gem_context_put(context); /* the file keeps it */
	return context;
}

TEST(context_ids_and_spaces)
{
	struct gem_context *context;
	struct card card;
	uint32_t id;

	card_init(&card);
	CHECK(context_of(&card.a, 0)->vm == card.dev.ggtt);
	CHECK(context_of(&card.a, 0) == context_of(&card.a, 0));
	CHECK(context_of(&card.a, 0) != context_of(&card.b, 0));
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	CHECK_INT(id, 1);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	CHECK_INT(id, 2);
	CHECK(context_of(&card.a, 1)->vm != context_of(&card.a, 2)->vm);
	CHECK(context_of(&card.a, 1)->vm != card.dev.ggtt);
	CHECK_INT(context_of(&card.a, 2)->id, 2);
	CHECK_INT(gem_context_lookup(&card.b, 1, &context), -ENOENT);
	CHECK_INT(gem_context_destroy(&card.a, 0), -ENOENT);
	CHECK_INT(gem_context_destroy(&card.a, 3), -ENOENT);
	CHECK_INT(gem_context_destroy(&card.a, UINT32_MAX), -ENOENT);
	CHECK_INT(gem_context_destroy(&card.a, 1), 0);
	CHECK_INT(gem_context_destroy(&card.a, 1), -ENOENT);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	CHECK_INT(id, 1);
	card_finish(&card);
}

/* A batch in flight outlives the file; the bindings go with the last reference. */
TEST(contexts_reaped_with_file)
{
	struct gem_context *busy;
	struct gem_object *obj;
	struct gem_vma *vma;
	struct card card;
	uint32_t id;

	card_init(&card);
	obj = object_of(&card.b, dumb(&card.b));
	for (int i = 0; i < 100; i++)
		CHECK_INT(gem_context_create(&card.a, &id), 0);
	CHECK_INT(gem_context_lookup(&card.a, 50, &busy), 0);
	CHECK_INT(gem_vma_pin(obj, context_of(&card.a, 7)->vm, 0, 0, 0, &vma), 0);
	gem_vma_unpin(vma);
	CHECK_INT(gem_vma_pin(obj, busy->vm, 0, 0, 0, &vma), 0);
	gem_file_finish(&card.a);
	CHECK(busy->closed);
	CHECK(obj->vmas == vma && !vma->left && !vma->right); /* that of 7 is gone */
	gem_context_put(busy);
	CHECK(obj->vmas == vma); /* the pin keeps the space */
	gem_vma_unpin(vma);
	CHECK(obj->vmas == NULL);
	CHECK_INT(gem_file_init(&card.a, &card.dev), 0);
	card_finish(&card);
}

TEST(context_params)
{
	struct gem_context *context;
	struct card card;
	uint32_t id;

	card_init(&card);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	context = context_of(&card.a, id);
	CHECK_INT(gem_context_get_param(context, GEM_CONTEXT_GTT_SIZE), GEM_PPGTT_SIZE);
	CHECK_INT(gem_context_get_param(context_of(&card.a, 0), GEM_CONTEXT_GTT_SIZE), 512 << 20);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_GTT_SIZE, 4096, true), -EINVAL);
	CHECK_INT(gem_context_get_param(context, GEM_CONTEXT_BANNABLE), 1);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_BANNABLE, 0, false), -EPERM);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_BANNABLE, 1, false), 0);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_PRIORITY, 1024, true), -EINVAL);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_PRIORITY, -1024ull, true), -EINVAL);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_PRIORITY, 1ull << 32, true), -EINVAL);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_PRIORITY, 1, false), -EPERM);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_PRIORITY, 1023, true), 0);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_PRIORITY, -1023ull, false), 0);
	CHECK_INT((int64_t)gem_context_get_param(context, GEM_CONTEXT_PRIORITY), -1023);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_RECOVERABLE, 0, false), 0);
	CHECK_INT(gem_context_get_param(context, GEM_CONTEXT_RECOVERABLE), 0);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_NO_ERROR_CAPTURE, 5, false), 0);
	CHECK_INT(gem_context_get_param(context, GEM_CONTEXT_NO_ERROR_CAPTURE), 1);
	CHECK_INT(gem_context_set_param(context, 99, 0, true), -EINVAL);
	card_finish(&card);
}

TEST(third_fast_hang_bans)
{
	const int64_t second = 1000000000ll;
	struct gem_context *context;
	struct card card;
	uint32_t id;

	card_init(&card);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	context = context_of(&card.a, id);
	CHECK(!gem_context_note_reset(context, false, second));
	for (int i = 0; i < 6; i++) /* slow ones never do */
		CHECK(!gem_context_note_reset(context, true, (1 + i * 61) * second));
	CHECK(!gem_context_note_reset(context, true, 1000 * second));
	CHECK(!gem_context_note_reset(context, true, 1001 * second));
	CHECK(gem_context_note_reset(context, true, 1002 * second));
	CHECK(context->banned);
	CHECK_INT(context->guilty_count, 9);
	CHECK_INT(context->active_count, 1);

	CHECK_INT(gem_context_create(&card.a, &id), 0);
	context = context_of(&card.a, id);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_RECOVERABLE, 0, false), 0);
	CHECK(gem_context_note_reset(context, true, second));

	CHECK_INT(gem_context_create(&card.b, &id), 0);
	context = context_of(&card.b, id);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_BANNABLE, 0, true), 0);
	for (int i = 0; i < 50; i++)
		CHECK(!gem_context_note_reset(context, true, second + i));
	CHECK(!gem_conduct_is_banned(context->conduct));
	card_finish(&card);
}

/* A context for each hang is no way out: with the file its contexts are banned, old and new. */
TEST(many_hangs_ban_the_file)
{
	const int64_t second = 1000000000ll;
	struct gem_context *context, *idle, *cool;
	struct card card;
	uint32_t id;

	card_init(&card);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	idle = context_of(&card.a, id);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	cool = context_of(&card.a, id);
	CHECK_INT(gem_context_set_param(cool, GEM_CONTEXT_BANNABLE, 0, true), 0);
	for (int i = 0; i < 20; i++) { /* a minute apart: no harm */
		CHECK_INT(gem_context_create(&card.a, &id), 0);
		CHECK(!gem_context_note_reset(context_of(&card.a, id), true, (1 + i * 60) * second));
	}
	for (int i = 0; i < 9; i++) {
		CHECK(!gem_context_is_banned(idle));
		CHECK_INT(gem_context_create(&card.a, &id), 0);
		context = context_of(&card.a, id);
		CHECK_INT(gem_context_note_reset(context, true, (1150 + i) * second), i == 8);
		CHECK(!context->banned);
	}
	CHECK(gem_context_is_banned(idle));
	CHECK(gem_context_is_banned(context_of(&card.a, 0)));
	CHECK(!gem_context_is_banned(cool));
	CHECK(!gem_context_is_banned(context_of(&card.b, 0)));
	CHECK_INT(gem_context_create(&card.a, &id), -EIO);
	CHECK_INT(gem_context_create(&card.b, &id), 0);

	/* Contexts that were banned count more. */
	for (int i = 0; i < 3; i++) {
		CHECK_INT(gem_context_create(&card.b, &id), 0);
		context = context_of(&card.b, id);
		CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_RECOVERABLE, 0, false), 0);
		CHECK(gem_context_note_reset(context, true, (1 + 100 * i) * second));
		CHECK_INT(gem_conduct_is_banned(context->conduct), i == 2);
	}
	card_finish(&card);
}

/* Nobody is there any more who could do better. */
TEST(first_hang_of_a_closed_context_bans)
{
	struct gem_context *context;
	struct card card;
	uint32_t id;

	card_init(&card);
	CHECK_INT(gem_context_create(&card.a, &id), 0);
	CHECK_INT(gem_context_lookup(&card.a, id, &context), 0);
	CHECK_INT(gem_context_set_param(context, GEM_CONTEXT_BANNABLE, 0, true), 0);
	CHECK_INT(gem_context_destroy(&card.a, id), 0);
	CHECK(gem_context_note_reset(context, true, 1));
	CHECK(gem_context_is_banned(context));
	gem_context_put(context);
	card_finish(&card);
}
