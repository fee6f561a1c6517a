/*
 * Base helpers used by every folder: container_of, intrusive list, array size,
 * alignment, and the log.
 *
 * The log goes to stderr, one line a message: "testcard: <area>: <text>".
 * Level from TESTCARD_LOG (error, warn, info, debug; default warn), or set by
 * gem_log_set_level(). Thread-safe; the level is an atomic.
 */
#ifndef GEM_BASE_H
#define GEM_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define gem_container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define GEM_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define GEM_PAGE_SIZE 4096ull
/* align must be a power of two */
#define GEM_ALIGN(value, align) (((value) + (align) - 1) & ~((__typeof__(value))(align) - 1))

/* Of a loop that looks until another thread has done something: leaves it the core's units. */
static inline void gem_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* Doubly linked intrusive list; a head is a node that points to itself. */
struct gem_list {
	struct gem_list *prev, *next;
};

static inline void gem_list_init(struct gem_list *head)
{
	head->prev = head->next = head;
}

static inline bool gem_list_empty(const struct gem_list *head)
{
	return head->next == head;
}

/* Appends: head->prev becomes node. */
static inline void gem_list_add_tail(struct gem_list *head, struct gem_list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Leaves node self-linked, so that deleting twice is harmless. */
static inline void gem_list_del(struct gem_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	gem_list_init(node);
}

#define gem_list_entry(node, type, member) gem_container_of(node, type, member)

#define gem_list_for_each(pos, head, member)                                      \
	for (pos = gem_list_entry((head)->next, __typeof__(*pos), member);        \
	     &pos->member != (head);                                              \
	     pos = gem_list_entry(pos->member.next, __typeof__(*pos), member))

#define gem_list_for_each_safe(pos, tmp, head, member)                            \
	for (pos = gem_list_entry((head)->next, __typeof__(*pos), member),        \
	    tmp = gem_list_entry(pos->member.next, __typeof__(*pos), member);     \
	     &pos->member != (head);                                              \
	     pos = tmp, tmp = gem_list_entry(pos->member.next, __typeof__(*pos), member))

enum gem_log_level {
	GEM_LOG_ERROR,
	GEM_LOG_WARN,
	GEM_LOG_INFO,
	GEM_LOG_DEBUG,
};

void gem_log_set_level(enum gem_log_level level);
bool gem_log_enabled(enum gem_log_level level);
__attribute__((format(printf, 3, 4)))
void gem_log(enum gem_log_level level, const char *area, const char *format, ...);

#define gem_error(area, ...) gem_log(GEM_LOG_ERROR, area, __VA_ARGS__)
#define gem_warn(area, ...) gem_log(GEM_LOG_WARN, area, __VA_ARGS__)
#define gem_info(area, ...) gem_log(GEM_LOG_INFO, area, __VA_ARGS__)
/* Refusals are logged at debug level: "why EINVAL?" has an answer, floods do not. */
#define gem_debug(area, ...)                                      \
	do {                                                      \
		if (gem_log_enabled(GEM_LOG_DEBUG))               \
			gem_log(GEM_LOG_DEBUG, area, __VA_ARGS__);\
	} while (0)

#endif
