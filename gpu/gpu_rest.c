#include <time.h>

#include "gem_base.h"
#include "gpu_rest.h"

enum {
	SOON_NS = 50000,     /* work that comes within this is worth a look out */
	/* No look around takes so long: the thread had lost its core in the meantime. */
	STOLEN_NS = 20000,
	EAGER_LEAST = 2,
	EAGER_MOST = 8,
	/* After a look out that was in vain: who brings work may need this very core for it. */
	EAGER_LEARNT = -256,
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

void gpu_rest_init(struct gpu_rest *rest)
{
	sem_init(&rest->wake, 0, 0);
	rest->woken_ns = 0;
	rest->eager = 0;
}

void gpu_rest_finish(struct gpu_rest *rest)
{
	sem_destroy(&rest->wake);
}

bool gpu_rest_wants_watch(const struct gpu_rest *rest)
{
	return rest->eager >= EAGER_LEAST;
}

/* False: nobody came. */
static bool look_out(struct gpu_rest *rest, int64_t since)
{
	int64_t last = since, now;

	for (;;) {
		if (sem_trywait(&rest->wake) == 0)
			return true;
		gem_relax();
		now = now_ns();
		if (now - last > STOLEN_NS || now - since > SOON_NS)
			return false;
		last = now;
	}
}

void gpu_rest_wait(struct gpu_rest *rest, atomic_bool *watched)
{
	int64_t since = now_ns();
	bool woken = false;

	if (watched) {
		woken = look_out(rest, since);
		atomic_store(watched, false);
		if (!woken)
			rest->eager = EAGER_LEARNT;
	}
	while (!woken)
		woken = sem_wait(&rest->wake) == 0; /* else a signal handler ran */
	/* Doubts come faster than trust. */
	if (rest->woken_ns - since > SOON_NS)
		rest->eager = rest->eager > 0 ? rest->eager / 2 : rest->eager;
	else if (rest->eager < EAGER_MOST)
		rest->eager++;
}

void gpu_rest_wake(struct gpu_rest *rest, int64_t now)
{
	rest->woken_ns = now;
	sem_post(&rest->wake);
}
