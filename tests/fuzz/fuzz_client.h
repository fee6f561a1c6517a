/*
 * A mad client: its memory, descriptors and mappings, and what it knows of the
 * cards. Threads share struct fuzz_world, everything else is a thread's own.
 */
#ifndef FUZZ_CLIENT_H
#define FUZZ_CLIENT_H

#include "fuzz.h"
#include "kms_sink.h"

enum {
	FUZZ_FILES = 6,
	FUZZ_PASSED = 12, /* dma-bufs, memfds and what else is passed by descriptor */
	FUZZ_IDS = 64,
	FUZZ_MAPS = 8,
	FUZZ_ARENA = 1 << 20,
};

struct fuzz_world {
	struct fuzz_cards cards;
	/* A closed number can be the server's next: who uses one holds it against close. */
	pthread_rwlock_t files_lock;
	atomic_int files[FUZZ_FILES];  /* -1 = closed; files_lock to close */
	atomic_int card_of[FUZZ_FILES];
	atomic_uint master_of[FUZZ_CARDS]; /* the file that was said to be master last */
	pthread_mutex_t passed_lock;
	int passed[FUZZ_PASSED];       /* passed_lock; -1 = none */
	atomic_uint fbs[FUZZ_CARDS][FUZZ_IDS], blobs[FUZZ_CARDS][FUZZ_IDS], names[FUZZ_IDS];
	atomic_uint_fast64_t offsets[FUZZ_CARDS][FUZZ_IDS];
	atomic_uint magics[FUZZ_IDS];
};

struct fuzz_map {
	void *start;
	size_t length;
};

struct fuzz_client {
	struct vfs_caller caller; /* first */
	struct fuzz_world *world;
	struct fuzz_rng rng;
	uint8_t *arena; /* FUZZ_ARENA bytes: the only memory its handlers see */
	size_t arena_used;
	struct fuzz_map maps[FUZZ_MAPS];
	struct kms_sink sink; /* crtc NULL = not attached */
	unsigned slot, card; /* of the running call */
	uint64_t calls, failed;
	bool verbose;
};

void fuzz_world_start(struct fuzz_world *world, uint64_t seed);
/* Closes everything. */
void fuzz_world_stop(struct fuzz_world *world);
void fuzz_client_init(struct fuzz_client *client, struct fuzz_world *world, uint64_t seed);
void fuzz_client_finish(struct fuzz_client *client);

/* One random step: an ioctl mostly. */
void fuzz_client_step(struct fuzz_client *client);

/* A picture of what a new client draws is on each card's first screen; else the program ends. */
void fuzz_world_check_alive(struct fuzz_world *world);

/* ---- for the generators ---- */

/* Memory of the client for an array; freed by the next call. */
void *fuzz_array(struct fuzz_client *client, size_t size);
/* The call's file with a new reference, or NULL. */
struct vfs_file *fuzz_file(struct fuzz_client *client);
/* Sends arg, mutated once in a while; what comes back is in arg. 0 and above, or -errno. */
long fuzz_ioctl(struct fuzz_client *client, unsigned long request, void *arg);
void fuzz_set_master(struct fuzz_client *client);
/* Most are handles that are there. */
uint32_t fuzz_handle(struct fuzz_client *client);
void fuzz_remember(struct fuzz_client *client, atomic_uint *ids, uint32_t id);
uint32_t fuzz_recall(struct fuzz_client *client, atomic_uint *ids);
/* The client's number of a passed descriptor, or nonsense. */
int fuzz_passed(struct fuzz_client *client);
/* fd belongs to the world from now on. */
void fuzz_pass(struct fuzz_client *client, int fd);

struct fuzz_generator {
	void (*run)(struct fuzz_client *client);
	unsigned weight;
};
/* Ends with run NULL. */
extern const struct fuzz_generator fuzz_gem_generators[], fuzz_kms_generators[],
	fuzz_exec_generators[], fuzz_sync_generators[];

#endif
