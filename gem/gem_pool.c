#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

#include "gem_base.h"
#include "gem_pool.h"
#include "gem_thread.h"

/* On the stack of who runs it. */
struct job {
	void (*work)(void *data, unsigned i);
	void *data;
	unsigned count;
	atomic_uint next;     /* the first i that nobody has; count and more: none left */
	unsigned helpers;     /* in it; pool->lock */
	bool queued;          /* pool->lock */
	struct gem_list link; /* pool->jobs while queued */
	pthread_cond_t left;  /* helpers became 0 */
};

struct gem_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;  /* a job came, or stopping; lock */
	struct gem_list jobs; /* those that may have an i left, oldest first; lock */
	bool stopping;        /* lock */
	bool urgent;          /* as helpers are to be; lock */
	unsigned sleeping;    /* helpers in wait for wake; lock */
	unsigned count;       /* helpers; immutable once create has returned */
	pthread_t threads[GEM_POOL_MAX];
};

static void take_part(struct job *job)
{
	unsigned i;

	while ((i = atomic_fetch_add(&job->next, 1)) < job->count)
		job->work(job->data, i);
}

static void unqueue_locked(struct job *job)
{
	if (job->queued)
		gem_list_del(&job->link);
	job->queued = false;
}

/* One helper's share of the oldest job. */
static void help_locked(struct gem_pool *pool)
{
	struct job *job = gem_container_of(pool->jobs.next, struct job, link);

	job->helpers++;
	pthread_mutex_unlock(&pool->lock);
	take_part(job);
	pthread_mutex_lock(&pool->lock);
	/* Nothing is left for others to come. */
	unqueue_locked(job);
	if (--job->helpers == 0)
		pthread_cond_signal(&job->left);
}

static void *helper(void *data)
{
	struct gem_pool *pool = data;
	bool urgent = false;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		if (urgent != pool->urgent) {
			urgent = pool->urgent;
			gem_thread_set_urgent(urgent);
		}
		if (!gem_list_empty(&pool->jobs)) {
			help_locked(pool);
			continue;
		}
		pool->sleeping++;
		pthread_cond_wait(&pool->wake, &pool->lock);
		pool->sleeping--;
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int start_thread(struct gem_pool *pool, const char *name, pthread_t *thread)
{
	int ret = gem_thread_start(thread, NULL, helper, pool);

	if (!ret)
		pthread_setname_np(*thread, name);
	return ret;
}

int gem_pool_create(unsigned threads, const char *name, struct gem_pool **out)
{
	struct gem_pool *pool;

	if (threads > GEM_POOL_MAX)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	gem_list_init(&pool->jobs);
	while (pool->count < threads) {
		int ret = start_thread(pool, name, &pool->threads[pool->count]);

		if (ret) {
			gem_pool_destroy(pool);
			return ret;
		}
		pool->count++;
	}
	*out = pool;
	return 0;
}

void gem_pool_destroy(struct gem_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void gem_pool_set_urgent(struct gem_pool *pool, bool urgent)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->urgent = urgent;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

/* No more helpers than there is work for, and none that is awake anyway. */
static void queue(struct gem_pool *pool, struct job *job)
{
	pthread_mutex_lock(&pool->lock);
	gem_list_add_tail(&pool->jobs, &job->link);
	job->queued = true;
	for (unsigned i = 0; i < job->count - 1 && i < pool->sleeping; i++)
		pthread_cond_signal(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

void gem_pool_run(struct gem_pool *pool, void (*work)(void *data, unsigned i), void *data,
	unsigned count)
{
	struct job job = {.work = work, .data = data, .count = count,
		.left = PTHREAD_COND_INITIALIZER};

	if (!pool || !pool->count || count < 2) {
		for (unsigned i = 0; i < count; i++)
			work(data, i);
		return;
	}
	queue(pool, &job);
	take_part(&job);
	pthread_mutex_lock(&pool->lock);
	unqueue_locked(&job);
	while (job.helpers)
		pthread_cond_wait(&job.left, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&job.left);
}
