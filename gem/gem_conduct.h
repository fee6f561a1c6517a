/*
 * How the contexts of an open file have treated the GPU (kernel: the ban_score of
 * drm_i915_file_private). Contexts outlive their file while they have work under
 * way, and so does this.
 */
#ifndef GEM_CONDUCT_H
#define GEM_CONDUCT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * i915's: a hang that gets its context banned counts 3, one within a minute of the
 * file's last one 1 more; with 9 the file gets no new contexts. Here the contexts
 * that it has are banned with it: one that makes many first and then hangs each of
 * them would keep an engine from everybody for minutes.
 */
enum { GEM_CONDUCT_BAN = 3, GEM_CONDUCT_FAST_HANG = 1, GEM_CONDUCT_MAX = 9 };
#define GEM_CONDUCT_FAST_HANG_NS (60 * 1000000000ll)

struct gem_conduct {
	atomic_uint refcount;
	atomic_uint score;
	atomic_int_fast64_t hang_ns; /* of the last hang, CLOCK_MONOTONIC; 0 = none */
};

int gem_conduct_create(struct gem_conduct **out); /* -ENOMEM */
struct gem_conduct *gem_conduct_get(struct gem_conduct *conduct);
void gem_conduct_put(struct gem_conduct *conduct); /* NULL is fine */

/* banned: it got its context banned. */
void gem_conduct_note_hang(struct gem_conduct *conduct, bool banned, int64_t now_ns);
bool gem_conduct_is_banned(const struct gem_conduct *conduct);

#endif
