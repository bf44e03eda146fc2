/*
 * Delta tables: versions of a set of Parquet files, defined by a log of actions. PROTOCOL.md of the Delta project is
 * the specification; "clause" in comments is a section of it.
 *
 * Reading: delta_open, delta_load for a snapshot, delta_scan for its rows. Writing: delta_out creates data files, a
 * struct delta_change describes the commit, delta_commit makes it the next version by optimistic concurrency.
 * Functions that fail fill a struct msg and return -1: EX_NOINPUT for a missing table or version, EX_DATAERR for a
 * log that violates the specification, EX_UNAVAILABLE for an unsupported feature (named in the message), EX_TEMPFAIL
 * for a conflict with another writer: load the table again and retry.
 */
#ifndef DELTA_DELTA_H
#define DELTA_DELTA_H

#include "delta/change/change.h"
#include "delta/data/data.h"
#include "delta/log/fresh.h"
#include "delta/log/snapshot.h"

#endif
