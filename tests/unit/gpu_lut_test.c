#include "gpu_lut.h"
#include "test.h"

TEST(empty)
{
	struct gpu_lut lut;

	CHECK_INT(gpu_lut_init(&lut, 0), 0);
	CHECK_INT(gpu_lut_find(&lut, 0), -1);
	gpu_lut_finish(&lut);
}

/* Keys that differ in high bits only, in low bits only, and 0 among them. */
TEST(keys)
{
	enum { COUNT = 3000 };
	struct gpu_lut lut;

	for (unsigned shift = 0; shift <= 52; shift += 13) {
		CHECK_INT(gpu_lut_init(&lut, COUNT), 0);
		for (unsigned i = 0; i < COUNT; i++)
			CHECK(gpu_lut_add(&lut, (uint64_t)i << shift, i));
		for (unsigned i = 0; i < COUNT; i++) {
			CHECK(!gpu_lut_add(&lut, (uint64_t)i << shift, 7));
			CHECK_INT(gpu_lut_find(&lut, (uint64_t)i << shift), i);
		}
		CHECK_INT(gpu_lut_find(&lut, (uint64_t)COUNT << shift), -1);
		gpu_lut_finish(&lut);
	}
}
