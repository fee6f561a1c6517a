/*
 * A mad client against the ioctl table, in process.
 *
 *   fuzz_ioctl --seed 1 --calls 1000000            one thread: the same run again
 *   fuzz_ioctl --seed 1 --calls 1000000 --threads 4   they share files and buffers
 *
 * Worth it for long in a build with -Db_sanitize=address,undefined, and with
 * --threads in one with -Db_sanitize=thread. A seed also chooses the memory
 * options of the cards. Ends with 0, or by abort with what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_client.h"

struct run {
	pthread_t thread;
	struct fuzz_client client;
	uint64_t calls;
};

static void *run_main(void *data)
{
	struct run *run = data;

	for (uint64_t i = 0; i < run->calls; i++)
		fuzz_client_step(&run->client);
	return NULL;
}

static void *nothing(void *data)
{
	return data;
}

int main(int argc, char **argv)
{
	struct fuzz_options options = {.seed = 1, .calls = 20000};
	static struct fuzz_world world;
	struct fuzz_counts before;
	uint64_t calls = 0, failed = 0;

	fuzz_options_parse(&options, argc, argv);
	struct run *runs = calloc(options.threads, sizeof(*runs));
	/* A sanitizer starts its own thread with the first. */
	pthread_create(&runs[0].thread, NULL, nothing, NULL);
	pthread_join(runs[0].thread, NULL);
	fuzz_count(&before);
	fuzz_world_start(&world, options.seed);
	for (unsigned i = 0; i < options.threads; i++) {
		fuzz_client_init(&runs[i].client, &world, options.seed * 64 + i);
		runs[i].client.verbose = options.verbose;
		runs[i].calls = options.calls / options.threads;
	}
	for (unsigned i = 1; i < options.threads; i++) {
		if (pthread_create(&runs[i].thread, NULL, run_main, &runs[i]))
			fuzz_fail("pthread_create");
	}
	run_main(&runs[0]);
	for (unsigned i = 1; i < options.threads; i++)
		pthread_join(runs[i].thread, NULL);
	for (unsigned i = 0; i < options.threads; i++) {
		calls += runs[i].client.calls;
		failed += runs[i].client.failed;
		fuzz_client_finish(&runs[i].client);
	}
	fuzz_world_stop(&world);
	fuzz_check_counts("at the end", &before);
	free(runs);
	printf("seed %llu: %llu calls, %llu refused\n", (unsigned long long)options.seed,
		(unsigned long long)calls, (unsigned long long)failed);
	return 0;
}
