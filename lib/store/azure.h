/* The Azure store's own. A store is a container and a prefix of names in it; its locks are leases of blobs. */
#ifndef STORE_AZURE_H
#define STORE_AZURE_H

#include <pthread.h>

#include "azure/azure.h"
#include "store/ops.h"

struct store_azure {
	struct store store;
	struct azure *azure;
	pthread_mutex_t mutex;			/* of the list of locks */
	struct store_azure_lock *locks;		/* those held */
};

/* The store as what it is. */
struct store_azure *store_azure_of(const struct store *s);

/* Returns the whole name of a blob; owned by the caller. */
char *store_azure_blob(const struct store *s, const char *name);

/* Asks for a blob's properties; *found is set to false if there is none. The caller frees the call. */
int store_azure_head(struct store *s, const char *blob, struct azure_call *c, bool *found, struct msg *err);

/* Is the blob of a reply the marker of a directory? */
bool store_azure_is_folder(const struct azure_call *c);

/*
 * Checks that no lock of the store has been lost, before a request that changes something. *deadline is set to when the
 * first of them would end if it were not renewed, by azure_clock, or to 0.
 */
int store_azure_check_locks(struct store *s, uint64_t *deadline, struct msg *err);

/* Returns the lease that this store holds on a blob, NULL if none. Owned by the caller. */
char *store_azure_lease_of(struct store *s, const char *blob);

/* The operations that have files of their own. */
int store_azure_lock(struct store *s, const char *name, bool create, void **held, struct msg *err);
int store_azure_share(struct store *s, void *held, struct msg *err);
int store_azure_join(struct store *s, const char *name, void **held, struct msg *err);
void store_azure_unlock(struct store *s, void *held);
int store_azure_break(struct store *s, const char *blob, struct msg *err);
int store_azure_in_open(struct store *s, const char *name, struct store_in *in, struct msg *err);
int64_t store_azure_in_read(const struct store_in *in, uint64_t offset, void *p, size_t n, struct msg *err);
void store_azure_in_close(struct store_in *in);
int store_azure_out_open(struct store *s, const char *name, struct store_out *out, struct msg *err);
int store_azure_out_write(struct store_out *out, const void *p, size_t n, struct msg *err);
int store_azure_out_commit(struct store_out *out, enum store_mode mode, struct msg *err);
void store_azure_out_close(struct store_out *out);

#endif
