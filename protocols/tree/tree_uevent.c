/*
 * Uevents as udevd broadcasts them to libudev's monitors: a header (host byte
 * order but for the magic and the filter fields) and NUL-separated properties.
 * The filter fields are hashes that the socket filters of monitors compare.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tree_private.h"

#define MONITOR_MAGIC 0xfeedcafeu

enum { PACKET_SIZE = 4096 };

struct monitor_header {
	char prefix[8]; /* "libudev" */
	uint32_t magic;
	uint32_t header_size, properties_offset, properties_length; /* bytes */
	uint32_t subsystem_hash, devtype_hash;
	uint32_t tag_bloom_high, tag_bloom_low;
};

struct packet {
	struct monitor_header header;
	char properties[PACKET_SIZE - sizeof(struct monitor_header)];
};

/* MurmurHash2 (Austin Appleby, public domain algorithm) with seed 0, as libudev uses. */
static uint32_t hash_string(const char *text)
{
	const uint32_t multiplier = 0x5bd1e995;
	size_t len = strlen(text);
	uint32_t hash = len;

	for (; len >= 4; len -= 4, text += 4) {
		uint32_t word;

		memcpy(&word, text, 4);
		word *= multiplier;
		word ^= word >> 24;
		word *= multiplier;
		hash = hash * multiplier ^ word;
	}
	if (len >= 3)
		hash ^= (uint32_t)(unsigned char)text[2] << 16;
	if (len >= 2)
		hash ^= (uint32_t)(unsigned char)text[1] << 8;
	if (len >= 1) {
		hash ^= (unsigned char)text[0];
		hash *= multiplier;
	}
	hash ^= hash >> 13;
	hash *= multiplier;
	return hash ^ hash >> 15;
}

/* Four bits for each tag. */
static uint64_t bloom_tags(const char *const *tags)
{
	uint64_t bits = 0;

	for (; *tags; tags++) {
		uint32_t hash = hash_string(*tags);

		for (int shift = 0; shift < 24; shift += 6)
			bits |= 1ull << (hash >> shift & 63);
	}
	return bits;
}

/* Appends "key=value" and its NUL; a property that does not fit is left out. */
static void add_property(struct packet *packet, const char *key, const char *value)
{
	size_t room = sizeof(packet->properties) - packet->header.properties_length;
	char *at = packet->properties + packet->header.properties_length;
	int len = snprintf(at, room, "%s=%s", key, value);

	if (len >= 0 && (size_t)len < room)
		packet->header.properties_length += len + 1;
}

static void add_tags(struct packet *packet, const char *const *tags)
{
	char text[256] = ":";
	size_t used = 1;

	/* udevd sends no empty list: libudev dies of one. */
	if (!*tags)
		return;
	for (; *tags; tags++)
		used += snprintf(text + used, sizeof(text) - used, "%s:", *tags);
	add_property(packet, "TAGS", text);
	add_property(packet, "CURRENT_TAGS", text);
}

static void fill_header(struct monitor_header *header, const char *subsystem,
	const char *devtype, const char *const *tags)
{
	uint64_t bloom = bloom_tags(tags);

	memcpy(header->prefix, "libudev", sizeof(header->prefix));
	header->magic = htonl(MONITOR_MAGIC);
	header->header_size = sizeof(*header);
	header->properties_offset = sizeof(*header);
	header->subsystem_hash = htonl(hash_string(subsystem));
	header->devtype_hash = devtype ? htonl(hash_string(devtype)) : 0;
	header->tag_bloom_high = htonl(bloom >> 32);
	header->tag_bloom_low = htonl(bloom);
}

static void drop_subscriber_locked(struct tree *tree, unsigned index)
{
	close(tree->subscribers[index]);
	tree->subscribers[index] = tree->subscribers[--tree->subscriber_count];
}

static void broadcast_locked(struct tree *tree, const struct packet *packet)
{
	size_t len = sizeof(packet->header) + packet->header.properties_length;

	for (unsigned i = tree->subscriber_count; i-- > 0;) {
		ssize_t sent = send(tree->subscribers[i], packet, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		/* A subscriber that does not read loses events, as with netlink. */
		if (sent < 0 && errno != EAGAIN)
			drop_subscriber_locked(tree, i);
	}
}

void tree_uevent_send(struct tree *tree, const char *syspath, const char *subsystem,
	const char *devtype, const char *const *tags, const struct tree_property *properties,
	size_t count)
{
	struct packet packet;
	char sequence[32];

	memset(&packet, 0, sizeof(packet));
	fill_header(&packet.header, subsystem, devtype, tags);
	for (size_t i = 0; i < count; i++)
		add_property(&packet, properties[i].key, properties[i].value);
	add_property(&packet, "DEVPATH", syspath + strlen("/sys"));
	add_property(&packet, "SUBSYSTEM", subsystem);
	if (devtype)
		add_property(&packet, "DEVTYPE", devtype);
	add_property(&packet, "USEC_INITIALIZED", "1000000");
	add_tags(&packet, tags);

	pthread_mutex_lock(&tree->lock);
	snprintf(sequence, sizeof(sequence), "%llu", (unsigned long long)++tree->sequence);
	add_property(&packet, "SEQNUM", sequence);
	broadcast_locked(tree, &packet);
	pthread_mutex_unlock(&tree->lock);
}

/* Those whose holder has gone. */
static void prune_locked(struct tree *tree)
{
	for (unsigned i = tree->subscriber_count; i-- > 0;) {
		struct pollfd poll_fd = {.fd = tree->subscribers[i]};

		if (poll(&poll_fd, 1, 0) > 0)
			drop_subscriber_locked(tree, i);
	}
}

int tree_uevent_subscribe(struct tree *tree, int *fd)
{
	int pair[2], ret = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/* Nothing is expected from a subscriber. */
	if (shutdown(pair[0], SHUT_RD) < 0)
		ret = -errno;
	pthread_mutex_lock(&tree->lock);
	prune_locked(tree);
	if (ret == 0 && tree->subscriber_count == TREE_SUBSCRIBERS_MAX)
		ret = -EMFILE;
	if (ret == 0)
		tree->subscribers[tree->subscriber_count++] = pair[0];
	pthread_mutex_unlock(&tree->lock);
	if (ret) {
		close(pair[0]);
		close(pair[1]);
		return ret;
	}
	*fd = pair[1];
	return 0;
}
