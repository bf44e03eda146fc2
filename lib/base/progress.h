/*
 * Progress of long work: a line on standard error twice a second on a terminal or with --progress, and one line at any
 * time on SIGUSR1.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* Call once at start: shows progress on a terminal, and elsewhere if `wanted`. */
void progress_start(bool wanted);

/* Adds to the totals; cheap enough per block, not per record. */
void progress_add(uint64_t bytes, uint64_t records);

/* Prints if a signal requested it or a line is due. Also called after an interrupted system call. */
void progress_poll(void);

/* Ends the progress line on a terminal, so that messages begin in the first column. */
void progress_end(void);

#endif
