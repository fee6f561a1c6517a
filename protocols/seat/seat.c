/* Sessions: which one is active, and how the next one becomes it. */
#include "seat.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "seat_private.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int seat_create(struct vfs *vfs, const struct seat_options *options, struct seat **out)
{
	struct seat *seat = calloc(1, sizeof(*seat));

	if (!seat)
		return -ENOMEM;
	seat->vfs = vfs;
	seat->ack_ms = options && options->ack_ms ? options->ack_ms : SEAT_ACK_MS;
	seat->settle = options ? options->settle : NULL;
	seat->settle_data = options ? options->data : NULL;
	seat->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (seat->wake_fd < 0) {
		int ret = -errno;
		free(seat);
		return ret;
	}
	pthread_mutex_init(&seat->lock, NULL);
	pthread_cond_init(&seat->settled, NULL);
	gem_list_init(&seat->sessions);
	seat->foreground = 1;
	*out = seat;
	return 0;
}

void seat_destroy(struct seat *seat)
{
	close(seat->wake_fd);
	pthread_cond_destroy(&seat->settled);
	pthread_mutex_destroy(&seat->lock);
	free(seat);
}

void seat_hurry(struct seat *seat)
{
	pthread_mutex_lock(&seat->lock);
	seat->ack_ms = 0;
	seat->deadline_ns = 0;
	pthread_mutex_unlock(&seat->lock);
	eventfd_write(seat->wake_fd, 1);
}

static struct seat_session *find_locked(struct seat *seat, unsigned number)
{
	struct seat_session *session;

	gem_list_for_each(session, &seat->sessions, link) {
		if (session->number == number)
			return session;
	}
	return NULL;
}

/* Who is to be active: of the terminal in front; else who was there before, else the oldest. */
static struct seat_session *choose_locked(struct seat *seat)
{
	if (seat->next || seat->vacant) {
		seat->foreground = seat->next ? seat->next : seat->foreground;
		seat->next = 0;
		return find_locked(seat, seat->foreground);
	}
	if (seat->last || gem_list_empty(&seat->sessions))
		return seat->last;
	return gem_list_entry(seat->sessions.next, struct seat_session, link);
}

static void activate_next_locked(struct seat *seat)
{
	bool asked = seat->next || seat->vacant;
	struct seat_device *device;

	pthread_cond_broadcast(&seat->settled);
	if (seat->active || seat->off)
		return;
	struct seat_session *session = choose_locked(seat);
	seat->vacant = asked && !session;
	if (!session)
		return;
	if (seat->settle)
		seat->settle(seat->settle_data);
	gem_list_for_each(device, &session->devices, link)
		seat_device_resume(device);
	session->state = SEAT_ACTIVE;
	seat->active = session;
	seat->foreground = session->number;
	session->ops->enable(session->data);
	gem_info("seat", "session %u is active", session->number);
}

static void left_locked(struct seat *seat)
{
	seat->active->state = SEAT_PAUSED;
	seat->last = seat->active;
	seat->active = NULL;
	activate_next_locked(seat);
}

/* The active session loses the seat. */
static void leave_locked(struct seat *seat)
{
	struct seat_session *session = seat->active;
	struct seat_device *device;

	if (!session || session->state != SEAT_ACTIVE)
		return;
	gem_list_for_each(device, &session->devices, link)
		seat_device_pause(device);
	session->state = SEAT_LEAVING;
	seat->deadline_ns = now_ns() + seat->ack_ms * 1000000ull;
	if (session->ops->disable(session->data))
		eventfd_write(seat->wake_fd, 1);
	else
		left_locked(seat);
}

/* It stays: as if nobody had asked. */
static void stay_locked(struct seat *seat)
{
	seat->next = 0;
	seat->off = false;
	seat->active->state = SEAT_PAUSED;
	seat->last = seat->active;
	seat->active = NULL;
	activate_next_locked(seat);
}

bool seat_session_ack(struct seat_session *session)
{
	struct seat *seat = session->seat;

	pthread_mutex_lock(&seat->lock);
	bool asked = session->state == SEAT_LEAVING;
	if (asked)
		left_locked(seat);
	pthread_mutex_unlock(&seat->lock);
	return asked;
}

bool seat_session_is_paused(struct seat_session *session)
{
	pthread_mutex_lock(&session->seat->lock);
	bool paused = session->state == SEAT_PAUSED;
	pthread_mutex_unlock(&session->seat->lock);
	return paused;
}

/* It is the caller's to free. */
static void close_locked(struct seat *seat, struct seat_session *session)
{
	while (!gem_list_empty(&session->devices))
		seat_device_end_locked(session, gem_list_entry(session->devices.next,
			struct seat_device, link));
	gem_list_del(&session->link);
	if (seat->last == session)
		seat->last = NULL;
	if (seat->active == session) {
		seat->active = NULL;
		activate_next_locked(seat);
	}
}

static struct seat_session *find_abandoned_locked(struct seat *seat)
{
	struct seat_session *session;

	gem_list_for_each(session, &seat->sessions, link) {
		if (atomic_load(&session->abandoned))
			return session;
	}
	return NULL;
}

static void close_abandoned(struct seat *seat)
{
	struct seat_session *found;

	do {
		pthread_mutex_lock(&seat->lock);
		found = find_abandoned_locked(seat);
		if (found)
			close_locked(seat, found);
		pthread_mutex_unlock(&seat->lock);
		if (found && found->ops->closed)
			found->ops->closed(found->data);
		free(found);
	} while (found);
}

int seat_session_open(struct seat *seat, const struct seat_session_ops *ops, void *data,
	pid_t pid, unsigned number, struct seat_session **out)
{
	struct seat_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	/* One of the same number that nobody has any more is in nobody's way. */
	close_abandoned(seat);
	pthread_mutex_lock(&seat->lock);
	if (number == 0) {
		for (number = 1; number <= SEAT_SESSION_MAX && find_locked(seat, number);)
			number++;
	}
	if (number > SEAT_SESSION_MAX || find_locked(seat, number)) {
		pthread_mutex_unlock(&seat->lock);
		free(session);
		return -EBUSY;
	}
	*session = (struct seat_session){.seat = seat, .ops = ops, .data = data, .pid = pid,
		.number = number};
	gem_list_init(&session->devices);
	gem_list_add_tail(&seat->sessions, &session->link);
	*out = session;
	activate_next_locked(seat);
	pthread_mutex_unlock(&seat->lock);
	return 0;
}

void seat_session_close(struct seat_session *session)
{
	struct seat *seat = session->seat;

	pthread_mutex_lock(&seat->lock);
	close_locked(seat, session);
	pthread_mutex_unlock(&seat->lock);
	free(session);
}

void seat_session_abandon(struct seat_session *session)
{
	int wake_fd = session->seat->wake_fd;

	atomic_store(&session->abandoned, true);
	eventfd_write(wake_fd, 1);
}

bool seat_answer(struct seat *seat, unsigned number, bool accept)
{
	pthread_mutex_lock(&seat->lock);
	struct seat_session *session = find_locked(seat, number);
	bool asked = session && session->state == SEAT_LEAVING;
	if (asked && accept)
		left_locked(seat);
	else if (asked)
		stay_locked(seat);
	pthread_mutex_unlock(&seat->lock);
	return asked;
}

unsigned seat_session_number(const struct seat_session *session)
{
	return session->number;
}

static void switch_locked(struct seat *seat, unsigned number)
{
	seat->off = false;
	if (seat->active && seat->active->state == SEAT_ACTIVE && seat->active->number == number)
		return;
	seat->next = number;
	if (seat->active)
		leave_locked(seat);
	else
		activate_next_locked(seat);
}

int seat_session_switch(struct seat_session *session, int number)
{
	struct seat *seat = session->seat;
	int ret = 0;

	pthread_mutex_lock(&seat->lock);
	if (session->state != SEAT_ACTIVE)
		ret = -EPERM;
	else if (number < 1 || !find_locked(seat, number))
		ret = -EINVAL;
	else
		switch_locked(seat, number);
	pthread_mutex_unlock(&seat->lock);
	return ret;
}

/* Bounded: seat_expire ends what is not answered. */
static void wait_settled_locked(struct seat *seat, bool *late)
{
	unsigned before = seat->late_count;

	while (seat->active && seat->active->state == SEAT_LEAVING)
		pthread_cond_wait(&seat->settled, &seat->lock);
	if (late)
		*late = seat->late_count != before;
}

int seat_switch(struct seat *seat, unsigned number, bool *late)
{
	pthread_mutex_lock(&seat->lock);
	bool found = find_locked(seat, number);
	if (found) {
		switch_locked(seat, number);
		wait_settled_locked(seat, late);
	}
	pthread_mutex_unlock(&seat->lock);
	return found ? 0 : -ENOENT;
}

void seat_switch_terminal(struct seat *seat, unsigned number)
{
	pthread_mutex_lock(&seat->lock);
	switch_locked(seat, number);
	pthread_mutex_unlock(&seat->lock);
}

unsigned seat_terminal(struct seat *seat, bool *settled)
{
	pthread_mutex_lock(&seat->lock);
	unsigned number = seat->foreground;
	*settled = !seat->active || seat->active->state == SEAT_ACTIVE;
	pthread_mutex_unlock(&seat->lock);
	return number;
}

uint64_t seat_terminals(struct seat *seat)
{
	struct seat_session *session;
	uint64_t mask = 0;

	pthread_mutex_lock(&seat->lock);
	gem_list_for_each(session, &seat->sessions, link)
		mask |= 1ull << session->number;
	pthread_mutex_unlock(&seat->lock);
	return mask;
}

void seat_disable(struct seat *seat, bool *late)
{
	pthread_mutex_lock(&seat->lock);
	seat->off = true;
	seat->next = 0;
	leave_locked(seat);
	wait_settled_locked(seat, late);
	pthread_mutex_unlock(&seat->lock);
}

int seat_enable(struct seat *seat)
{
	pthread_mutex_lock(&seat->lock);
	seat->off = false;
	seat->vacant = false;
	/* One that is leaving comes back by its answer. */
	activate_next_locked(seat);
	int ret = seat->active ? 0 : -ENOENT;
	pthread_mutex_unlock(&seat->lock);
	return ret;
}

unsigned seat_active(struct seat *seat)
{
	pthread_mutex_lock(&seat->lock);
	unsigned number = seat->active ? seat->active->number : 0;
	pthread_mutex_unlock(&seat->lock);
	return number;
}

void seat_print(struct seat *seat, FILE *out)
{
	static const char *const states[] = {
		[SEAT_PAUSED] = "paused", [SEAT_ACTIVE] = "active", [SEAT_LEAVING] = "leaving",
	};
	const char *comma = "";
	struct seat_session *session;
	struct seat_device *device;

	pthread_mutex_lock(&seat->lock);
	fprintf(out, "\"active\":%u,\"sessions\":[", seat->active ? seat->active->number : 0);
	gem_list_for_each(session, &seat->sessions, link) {
		fprintf(out, "%s{\"number\":%u,\"pid\":%d,\"state\":\"%s\",\"devices\":[", comma,
			session->number, (int)session->pid, states[session->state]);
		comma = "";
		/* Paths of nodes: nothing in them wants an escape. */
		gem_list_for_each(device, &session->devices, link) {
			fprintf(out, "%s\"%s\"", comma, device->path);
			comma = ",";
		}
		fputs("]}", out);
		comma = ",";
	}
	fputc(']', out);
	pthread_mutex_unlock(&seat->lock);
}

int seat_timeout(struct seat *seat)
{
	uint64_t now = now_ns();
	int left = -1;

	pthread_mutex_lock(&seat->lock);
	if (seat->active && seat->active->state == SEAT_LEAVING)
		left = seat->deadline_ns <= now ? 0 : (seat->deadline_ns - now) / 1000000 + 1;
	pthread_mutex_unlock(&seat->lock);
	return left;
}

int seat_wake_fd(struct seat *seat)
{
	return seat->wake_fd;
}

void seat_expire(struct seat *seat)
{
	eventfd_t count;

	eventfd_read(seat->wake_fd, &count);
	close_abandoned(seat);
	pthread_mutex_lock(&seat->lock);
	if (seat->active && seat->active->state == SEAT_LEAVING && seat->deadline_ns <= now_ns()) {
		gem_info("seat", "session %u did not answer that it is disabled",
			seat->active->number);
		seat->late_count++;
		left_locked(seat);
	}
	pthread_mutex_unlock(&seat->lock);
}
