/* For the benches: time, rounds, tables with ratios. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline double bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* ret: 0, or a negative errno that ends the bench. */
static inline void bench_require(int ret, const char *what)
{
	if (ret == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-ret));
	exit(1);
}

static inline uint32_t bench_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/*
 * The best of some rounds: other programs on the machine can only add to a
 * round, so the least is the nearest to the cost itself.
 */
#define BENCH_BEST(rounds, run)                                     \
	({                                                          \
		double best_ = 0;                                   \
		for (int round_ = 0; round_ < (rounds); round_++) { \
			double ns_ = (run);                         \
			if (round_ == 0 || ns_ < best_)             \
				best_ = ns_;                        \
		}                                                   \
		best_;                                              \
	})

#endif
