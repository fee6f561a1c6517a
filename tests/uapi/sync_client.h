/*
 * What the checks of sync objects share (preload_test.h has the two doors): a
 * card, and a sw_sync timeline that signals fences when the test says so.
 */
#ifndef SYNC_CLIENT_H
#define SYNC_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "preload_test.h"
#include "test.h"
#include "wire_uapi.h"

enum { MS = 1000000 };

int sync_begin(void); /* preload_test_begin, and the card */
void sync_end(int card);

int sync_timeline(void);
/* Descriptor of a fence that is signalled at value. */
int sync_fence(int timeline, uint32_t value);
/* Its fences fail. */
void sync_close_timeline(int timeline);
void sync_inc(int timeline, uint32_t steps);
/* Of a sync_file: 0, 1 or negative errno. */
int sync_status(int fd);
/* The fence's parts, at most 8. */
unsigned sync_info(int fd, struct sync_file_info *info, struct sync_fence_info *parts);
/* poll(2) for reading. */
bool sync_readable(int fd, int timeout_ms);
int sync_merge(const char *name, int a, int b);

uint32_t sync_object(int card, bool signalled);
/* An object that holds fence; the descriptor is closed. */
uint32_t sync_object_of(int card, int fence);
int64_t sync_after(int64_t ns); /* absolute, for waits */
/* One object: 0 or -errno. */
int sync_wait(int card, uint32_t handle, int64_t after_ns, uint32_t flags);
int sync_wait_point(int card, uint32_t handle, uint64_t point, int64_t after_ns, uint32_t flags);
uint64_t sync_query(int card, uint32_t handle, uint32_t flags);

#endif
