/*
 * Locks are leases of blobs, renewed by a thread while they are held. A holder that dies holds its lock for the rest of
 * the lease and no longer; one that could not renew it in time has lost it, and then changes nothing any more.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "store/azure.h"

#define SHARED "ACCT_LOCK"			/* the lease of a run's lock, for the programs of the run */

enum { LEASE = 60, SHORTEST = 15, MARGIN_MS = 2000 };

struct store_azure_lock {
	struct store *store;
	char *blob, *lease;		/* owned */
	unsigned seconds;
	uint64_t ends;			/* when the lease ends, by azure_clock, if it is not renewed */
	bool is_lost, is_over;		/* is_over: the thread is to end */
	bool is_joined;			/* another process has acquired it, and releases it */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t change;
	struct store_azure_lock *next;
};

/* A lease lasts 15 to 60 seconds. */
static unsigned
lease_seconds(void)
{
	const char *text = azure_setting("ACCT_AZURE_LEASE");
	int64_t n;

	return text != NULL && num_int64(text, strlen(text), &n) && n >= SHORTEST && n <= LEASE ? (unsigned)n : LEASE;
}

/* Sends an action on a blob's lease. The caller frees the call. */
static int
act(struct store *s, const char *blob, const char *action, const char *lease, const char *seconds,
    struct azure_call *c, struct msg *err)
{
	*c = (struct azure_call){ .method = "PUT", .blob = blob };
	azure_call_query(c, "comp", "lease");
	azure_call_header(c, "x-ms-lease-action", action);
	if (lease != NULL)
		azure_call_header(c, strcmp(action, "acquire") == 0 ? "x-ms-proposed-lease-id" :
		    "x-ms-lease-id", lease);
	if (seconds != NULL)
		azure_call_header(c, strcmp(action, "break") == 0 ? "x-ms-lease-break-period" : "x-ms-lease-duration",
		    seconds);
	return azure_do(store_azure_of(s)->azure, c, err);
}

/* ---- keeping it ---- */

static void
renew(struct store_azure_lock *l)
{
	struct azure_call c;
	struct msg unheard = { 0 };
	uint64_t asked = azure_clock();
	int failed = act(l->store, l->blob, "renew", l->lease, NULL, &c, &unheard);

	pthread_mutex_lock(&l->mutex);
	if (!failed && c.outcome == AZURE_DONE)
		l->ends = asked + (uint64_t)l->seconds * 1000;
	else if (!failed)
		l->is_lost = true;
	pthread_mutex_unlock(&l->mutex);
	azure_call_free(&c);
}

static void *
keep(void *arg)
{
	struct store_azure_lock *l = arg;
	struct timespec t;

	pthread_mutex_lock(&l->mutex);
	while (!l->is_over && !l->is_lost) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_sec += l->seconds / 3;
		if (pthread_cond_timedwait(&l->change, &l->mutex, &t) == 0 || l->is_over)
			continue;
		pthread_mutex_unlock(&l->mutex);
		renew(l);
		pthread_mutex_lock(&l->mutex);
	}
	pthread_mutex_unlock(&l->mutex);
	return NULL;
}

static int
start(struct store_azure_lock *l)
{
	pthread_condattr_t attributes;
	sigset_t all, old;
	int failed;

	pthread_mutex_init(&l->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&l->change, &attributes);
	pthread_condattr_destroy(&attributes);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	failed = pthread_create(&l->thread, NULL, keep, l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return failed;
}

int
store_azure_check_locks(struct store *store, uint64_t *deadline, struct msg *err)
{
	struct store_azure *s = store_azure_of(store);
	struct store_azure_lock *l;
	int failed = 0;

	*deadline = 0;
	pthread_mutex_lock(&s->mutex);
	for (l = s->locks; l != NULL && !failed; l = l->next) {
		pthread_mutex_lock(&l->mutex);
		if (l->is_lost || azure_clock() + MARGIN_MS >= l->ends)
			failed = msg_set(err, EX_TEMPFAIL, "%s: %s: the lock was lost", store->address, l->blob);
		if (*deadline == 0 || l->ends - MARGIN_MS < *deadline)
			*deadline = l->ends - MARGIN_MS;
		pthread_mutex_unlock(&l->mutex);
	}
	pthread_mutex_unlock(&s->mutex);
	return failed;
}

char *
store_azure_lease_of(struct store *store, const char *blob)
{
	struct store_azure *s = store_azure_of(store);
	struct store_azure_lock *l;
	char *lease = NULL;

	pthread_mutex_lock(&s->mutex);
	for (l = s->locks; l != NULL; l = l->next)
		if (strcmp(l->blob, blob) == 0)
			lease = xstrdup(l->lease);
	pthread_mutex_unlock(&s->mutex);
	return lease;
}

/* ---- taking and giving back ---- */

/* Acquires a lease: 1, 0 if there is no such blob or another holds it, or -1. */
static int
acquire(struct store *s, const char *blob, struct store_azure_lock *l, struct msg *err)
{
	struct azure_call c;
	struct buf id = { 0 };
	char text[16];
	uint64_t asked = azure_clock();
	int got;

	azure_put_random(&id, 16);
	(void)buf_cstr(&id);
	l->lease = xasprintf("%.8s-%.4s-4%.3s-a%.3s-%.12s", id.p, id.p + 8, id.p + 13, id.p + 17, id.p + 20);
	l->seconds = lease_seconds();
	l->ends = asked + (uint64_t)l->seconds * 1000;
	snprintf(text, sizeof(text), "%u", l->seconds);
	got = act(s, blob, "acquire", l->lease, text, &c, err) < 0 ? -1 : c.outcome == AZURE_DONE;
	if (got == 0 && c.outcome != AZURE_HELD && c.outcome != AZURE_ABSENT && c.outcome != AZURE_NO_CONTAINER)
		got = azure_blame(store_azure_of(s)->azure, &c, err);
	azure_call_free(&c);
	buf_free(&id);
	return got;
}

/* Creates the blob of a new lock: 1, 0 if its name is taken, or -1. */
static int
create_blob(struct store *s, const char *name, struct msg *err)
{
	int done = store_put(s, name, "", 0, STORE_NEW, err);

	return done < 0 ? -1 : done;
}

static int
hold(struct store *store, struct store_azure_lock *l, struct msg *err)
{
	struct store_azure *s = store_azure_of(store);

	l->store = store;
	if (start(l) != 0)
		return msg_set(err, EX_OSERR, "cannot start a thread for a lock");
	pthread_mutex_lock(&s->mutex);
	l->next = s->locks;
	s->locks = l;
	pthread_mutex_unlock(&s->mutex);
	return 1;
}

int
store_azure_lock(struct store *s, const char *name, bool create, void **held, struct msg *err)
{
	struct store_azure_lock *l = xcalloc(1, sizeof(*l));
	int got = create ? create_blob(s, name, err) : 1;

	l->blob = store_azure_blob(s, name);
	if (got > 0)
		got = acquire(s, l->blob, l, err);
	if (got > 0)
		got = hold(s, l, err);
	if (got > 0) {
		*held = l;
		return 1;
	}
	free(l->blob);
	free(l->lease);
	free(l);
	return got;
}

/* Programs that this one starts learn the lease. It is of no use without the right to write. */
int
store_azure_share(struct store *s, void *held, struct msg *err)
{
	const struct store_azure_lock *l = held;

	return setenv(SHARED, l->lease, 1) < 0 ? msg_sys(err, EX_OSERR, "%s", s->address) : 0;
}

/* Renews a lease that another process has acquired. */
static int
renew_shared(struct store_azure_lock *l, struct msg *err)
{
	uint64_t asked = azure_clock();
	struct azure_call c = { 0 };
	int failed = *l->lease != '\0' ? act(l->store, l->blob, "renew", l->lease, NULL, &c, err) : 0;

	if (!failed && c.outcome == AZURE_DONE && *l->lease != '\0')
		l->ends = asked + (uint64_t)l->seconds * 1000;
	else if (!failed)
		failed = msg_set(err, EX_TEMPFAIL, "%s: %s: the lock was lost", l->store->address, l->blob);
	azure_call_free(&c);
	return failed;
}

int
store_azure_join(struct store *s, const char *name, void **held, struct msg *err)
{
	const char *lease = getenv(SHARED);
	struct store_azure_lock *l = xcalloc(1, sizeof(*l));

	*l = (struct store_azure_lock){ .store = s, .blob = store_azure_blob(s, name), .seconds = lease_seconds(),
	    .lease = xstrdup(lease != NULL ? lease : ""), .is_joined = true };
	if (renew_shared(l, err) == 0 && hold(s, l, err) > 0) {
		*held = l;
		return 0;
	}
	free(l->blob);
	free(l->lease);
	free(l);
	return -1;
}

void
store_azure_unlock(struct store *store, void *held)
{
	struct store_azure *s = store_azure_of(store);
	struct store_azure_lock *l = held, **at;
	struct azure_call c = { 0 };
	struct msg unheard = { 0 };	/* it ends by itself */

	pthread_mutex_lock(&s->mutex);
	for (at = &s->locks; *at != l; at = &(*at)->next)
		;
	*at = l->next;
	pthread_mutex_unlock(&s->mutex);
	pthread_mutex_lock(&l->mutex);
	l->is_over = true;
	pthread_cond_signal(&l->change);
	pthread_mutex_unlock(&l->mutex);
	pthread_join(l->thread, NULL);
	if (!l->is_lost && !l->is_joined)
		(void)act(store, l->blob, "release", l->lease, NULL, &c, &unheard);
	azure_call_free(&c);
	pthread_mutex_destroy(&l->mutex);
	pthread_cond_destroy(&l->change);
	free(l->blob);
	free(l->lease);
	free(l);
}

int
store_azure_break(struct store *s, const char *blob, struct msg *err)
{
	struct azure_call c;
	int failed = act(s, blob, "break", NULL, "0", &c, err);

	azure_call_free(&c);
	return failed;
}
