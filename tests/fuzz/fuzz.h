/*
 * What the fuzzers share: a seeded generator of numbers, a server with two cards,
 * and the check that a run left nothing behind.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "uapi.h"
#include "uapi_debugfs.h"

enum { FUZZ_CARDS = 2, FUZZ_NODES = 2 * FUZZ_CARDS };

struct fuzz_options {
	uint64_t seed, calls;
	unsigned threads;
	bool verbose;
};

/* --seed N --calls N --threads N --verbose; exits with a message otherwise. */
void fuzz_options_parse(struct fuzz_options *options, int argc, char **argv);

struct fuzz_rng {
	uint64_t state;
};

void fuzz_rng_init(struct fuzz_rng *rng, uint64_t seed);
uint64_t fuzz_next(struct fuzz_rng *rng);
/* 0 to below - 1. */
uint32_t fuzz_below(struct fuzz_rng *rng, uint32_t below);
/* True once in n. */
bool fuzz_one_in(struct fuzz_rng *rng, uint32_t n);
/* Numbers at the edges of what fields hold. */
uint64_t fuzz_odd(struct fuzz_rng *rng);
/* Overwrites some bytes. */
void fuzz_mutate(struct fuzz_rng *rng, void *data, size_t size);

/* Card 0 has a small budget and swap, card 1 is an i915 with VRAM, and strict in odd seeds. */
struct fuzz_cards {
	struct vfs *vfs;
	struct uapi_device *cards[FUZZ_CARDS];
	struct vfs_node nodes[FUZZ_NODES], sw_sync;
	struct uapi_debugfs *debugfs[FUZZ_CARDS];
	unsigned mode_objects[FUZZ_CARDS]; /* at the start */
};

void fuzz_cards_start(struct fuzz_cards *cards, uint64_t seed);
/* Every holder must have closed; ends the program with 1 when something is left. */
void fuzz_cards_stop(struct fuzz_cards *cards);

/* Of this process. */
struct fuzz_counts {
	int fds, threads, maps; /* maps: of memfds */
};

void fuzz_count(struct fuzz_counts *counts);
/* Waits a while for what ends by itself. */
void fuzz_check_counts(const char *when, const struct fuzz_counts *want);

__attribute__((noreturn, format(printf, 1, 2))) void fuzz_fail(const char *format, ...);

#endif
