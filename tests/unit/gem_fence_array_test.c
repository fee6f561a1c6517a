/* Fences of fences. */
#include <errno.h>
#include <stdlib.h>

#include "gem_fence_array.h"
#include "test.h"

static struct gem_fence *fence_of(uint64_t context, uint64_t seqno)
{
	struct gem_fence *fence;

	CHECK_INT(gem_fence_create(context, seqno, GEM_FENCE_NO_ENGINE, &fence), 0);
	return fence;
}

static void end(struct gem_fence *fence, int error)
{
	gem_fence_signal(fence, error);
	gem_fence_put(fence);
}

static struct gem_fence *array_of(struct gem_fence *const *fences, unsigned count)
{
	struct gem_fence *array;

	CHECK_INT(gem_fence_array_create(fences, count, &array), 0);
	return array;
}

static unsigned parts_of(struct gem_fence *fence)
{
	struct gem_fence *const *parts;

	return gem_fence_parts(&fence, &parts);
}

TEST(signalled_with_the_last_part)
{
	struct gem_fence *parts[3] = {fence_of(1, 1), fence_of(2, 1), fence_of(3, 1)};
	struct gem_fence *array = array_of(parts, 3);

	CHECK_INT(parts_of(array), 3);
	end(parts[1], 0);
	end(parts[0], 0);
	CHECK_INT(gem_fence_status(array), 0);
	end(parts[2], 0);
	CHECK_INT(gem_fence_status(array), 1);
	gem_fence_put(array);
}

TEST(first_error_is_the_arrays)
{
	struct gem_fence *parts[3] = {fence_of(1, 1), fence_of(2, 1), fence_of(3, 1)};
	struct gem_fence *array = array_of(parts, 3);

	end(parts[2], -EIO);
	end(parts[0], -ECANCELED);
	CHECK_INT(gem_fence_status(array), 0);
	end(parts[1], 0);
	CHECK_INT(gem_fence_status(array), -EIO);
	gem_fence_put(array);
}

TEST(what_one_fence_says_is_that_fence)
{
	struct gem_fence *early = fence_of(7, 1), *late = fence_of(7, 2), *done = fence_of(8, 1);
	struct gem_fence *failed = fence_of(9, 1), *array;

	gem_fence_signal(done, 0);
	gem_fence_signal(failed, -EIO);
	array = array_of((struct gem_fence *[]){late, early, done}, 3);
	CHECK(array == late);
	gem_fence_put(array);
	array = array_of(&done, 1);
	CHECK(array == done);
	gem_fence_put(array);
	array = array_of(NULL, 0);
	CHECK_INT(gem_fence_status(array), 1);
	gem_fence_put(array);
	/* An error is not forgotten. */
	array = array_of((struct gem_fence *[]){done, failed}, 2);
	CHECK_INT(gem_fence_status(array), -EIO);
	gem_fence_put(array);
	gem_fence_put(done);
	gem_fence_put(failed);
	end(early, 0);
	end(late, 0);
}

TEST(arrays_in_arrays_are_flat)
{
	struct gem_fence *a = fence_of(1, 1), *b = fence_of(2, 1), *c = fence_of(3, 1);
	struct gem_fence *inner = array_of((struct gem_fence *[]){a, b}, 2);
	struct gem_fence *outer = array_of((struct gem_fence *[]){inner, c, a}, 3);

	CHECK_INT(parts_of(outer), 3);
	gem_fence_put(inner); /* it holds itself until its parts are done */
	end(a, 0);
	end(b, 0);
	end(c, 0);
	CHECK_INT(gem_fence_status(outer), 1);
	gem_fence_put(outer);
}

TEST(an_array_that_nobody_holds)
{
	struct gem_fence *parts[2] = {fence_of(1, 1), fence_of(2, 1)};

	gem_fence_put(array_of(parts, 2));
	end(parts[0], 0);
	end(parts[1], -EIO);
}

TEST(too_many_parts)
{
	struct gem_fence *half[GEM_FENCE_ARRAY_MAX / 2 + 1], *two[2], *array;

	for (unsigned i = 0; i < GEM_FENCE_ARRAY_MAX / 2 + 1; i++)
		half[i] = fence_of(i + 1, 1);
	two[0] = array_of(half, GEM_FENCE_ARRAY_MAX / 2 + 1);
	two[1] = two[0];
	CHECK_INT(gem_fence_array_create(two, 2, &array), -ENOMEM);
	for (unsigned i = 0; i < GEM_FENCE_ARRAY_MAX / 2 + 1; i++)
		end(half[i], 0);
	CHECK_INT(gem_fence_status(two[0]), 1);
	gem_fence_put(two[0]);
}
