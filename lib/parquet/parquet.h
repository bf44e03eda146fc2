/*
 * Parquet files: a writer and a reader of columns, in C, with nothing of tables or record streams in it.
 *
 * Values travel in vectors, one per leaf column. Flat columns have one entry a row. Nested columns (a Delta
 * checkpoint has them) show their definition and repetition levels as the format defines them; levels beyond
 * PQ_MAX_REP repetitions are refused by name.
 *
 * Functions that can fail fill a struct msg and return -1: EX_DATAERR for a file that is not what the format says or
 * that uses something this reader refuses, EX_NOINPUT and EX_IOERR for reading, EX_SOFTWARE for a caller that breaks
 * the contract. Messages begin with the file's name. "Clause" in comments is a section of the Parquet format's
 * README.md, Encodings.md, LogicalTypes.md, Compression.md or PageIndex.md.
 */
#ifndef PARQUET_PARQUET_H
#define PARQUET_PARQUET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "base/num.h"

/* ---- types and vectors: what a value is and how it lies in memory ---- */

enum pq_type {
	PQ_BOOL,
	PQ_INT8, PQ_INT16, PQ_INT32, PQ_INT64,
	PQ_DECIMAL,		/* the integer value * 10^scale; precision 1 to 38 */
	PQ_DATE,		/* days since 1970-01-01, proleptic Gregorian */
	PQ_TIMESTAMP,		/* microseconds since 1970-01-01T00:00:00Z: an instant */
	PQ_TIMESTAMP_NTZ,	/* the same count on a clock without a zone */
	PQ_FLOAT, PQ_DOUBLE,
	PQ_STRING,		/* UTF-8; the reader does not check that it is */
	PQ_BINARY,
	/* only read, from the files of others */
	PQ_UINT8, PQ_UINT16, PQ_UINT32, PQ_UINT64,
	PQ_TIME			/* microseconds of the day */
};

/* How the values of a column lie in a vector. */
enum pq_shape {
	PQ_U8,			/* bool: 0 or 1 */
	PQ_I32,			/* int8, int16, int32, uint8, uint16, date */
	PQ_I64,			/* int64, uint32, decimal of precision <= 18, timestamps, time */
	PQ_I128,		/* decimal of precision > 18, uint64 */
	PQ_F32, PQ_F64,
	PQ_BYTES		/* string, binary */
};
enum pq_shape pq_shape(enum pq_type type, unsigned precision);
size_t pq_shape_size(enum pq_shape shape);	/* bytes of one value */

/* "int64", "decimal(18,2)", ... for messages and tools; `out` holds at least NUM_TEXT bytes. Returns `out`. */
const char *pq_type_name(char *out, enum pq_type type, unsigned precision, unsigned scale);

struct pq_bytes {
	const uint8_t *p;
	size_t n;
};

/* One value by its shape: u8, i32 and i64 in i, i128 in w, f32 and f64 in f, bytes in b. */
union pq_value {
	int64_t i;
	i128 w;
	double f;
	struct pq_bytes b;
};

/*
 * Entries of one leaf column, the same for writing and reading. Entry i is a value where def is NULL or def[i] is
 * the column's max_def, and its value stands at [i]; what stands at other places is not looked at (writing) or
 * undefined (reading). So for a flat optional column def is plain validity: 1 a value, 0 null. rep is NULL unless
 * the column's max_rep is 1; there an entry with rep 0 begins a row.
 */
struct pq_vector {
	size_t n;			/* entries: as many as rows unless max_rep is 1 */
	const uint8_t *def, *rep;
	union {
		const void *any;
		const uint8_t *u8;
		const int32_t *i32;
		const int64_t *i64;
		const i128 *i128;
		const float *f32;
		const double *f64;
		const struct pq_bytes *bytes;
	} v;
	/*
	 * Reading only, and only for columns selected with PQ_INDEX: where index is not NULL the batch lies in the
	 * chunk's dictionary, and the value of entry i is v.bytes[index[i]], index[i] < dict_n. dict_serial changes
	 * with the dictionary and is never 0. Where index is NULL v.bytes is as ever. A batch may be either.
	 */
	const uint32_t *index;
	size_t dict_n;
	uint64_t dict_serial;
};

/* ---- schema ---- */

enum pq_repetition { PQ_REQUIRED, PQ_OPTIONAL, PQ_REPEATED };
/* the annotation of a group; a MAP's inner group is a repeated PQ_STRUCT */
enum pq_group { PQ_STRUCT, PQ_LIST, PQ_MAP };

enum { PQ_MAX_REP = 1, PQ_MAX_DEF = 15, PQ_NO_ID = INT32_MIN };

/*
 * A schema is the list of its fields, depth first, without the root: a group is followed by its children. A flat
 * schema is a list of leaves. Given to the writer, names are the caller's and need to live only during pq_create.
 * From a reader it is a view until pq_close.
 */
struct pq_field {
	const char *name;
	enum pq_repetition repetition;
	unsigned children;		/* 0: a leaf */
	enum pq_group group;		/* of a group */
	enum pq_type type;		/* of a leaf, like the rest */
	uint8_t precision, scale;
	int32_t id;			/* field_id, PQ_NO_ID where it has none; groups too */
};

/* ---- statistics: of a column chunk when reading, of the whole file when written ---- */

struct pq_stats {
	uint64_t entries;		/* nulls and values */
	int64_t nulls;			/* entries that hold no value; -1 where the file does not say */
	bool has_min_max;		/* false: no statement about values (all null, NaN among them, or not told) */
	bool min_exact, max_exact;	/* false: a bound, not a value that occurs */
	/* bytes are a view: of the reader until pq_close, of the writer until the next call on it */
	union pq_value min, max;
};

/* ---- writer ---- */

enum pq_codec { PQ_UNCOMPRESSED, PQ_SNAPPY, PQ_GZIP, PQ_ZSTD };

struct pq_options {			/* all zero but codec is the default profile; pq_defaults fills in snappy */
	enum pq_codec codec;
	int level;			/* of gzip and zstd; 0 their default */
	/* DELTA_BINARY_PACKED and DELTA_LENGTH_BYTE_ARRAY in place of PLAIN, for lakes whose readers have them */
	bool delta_encodings;
	uint64_t row_group_rows;	/* most rows of a row group; 0 is 1048576 */
	/* most bytes buffered for one; 0 is 128 MiB. The writer needs about this and a half */
	size_t row_group_bytes;
	uint32_t page_rows;		/* most rows of a page; 0 is 20000 */
	size_t page_bytes;		/* a page is closed after this many bytes of values; 0 is 1 MiB */
	/*
	 * A full row group is written by a thread of its own while the next one is gathered, where there is more than one
	 * processor. It takes the memory of both, the file is the same, and an error may come one row group late.
	 */
	bool beside;
	/* file metadata, pairs of key and value, ended by NULL; or NULL. Copied by pq_create */
	const char *const *keys;
};
struct pq_options pq_defaults(void);

struct pq_sink {
	/* all n bytes, in order; -1 with err filled */
	int (*write)(const struct pq_sink *sink, const void *p, size_t n, struct msg *err);
	void *arg;
	int fd;				/* for pq_sink_fd */
	const char *name;		/* for messages; must live as long as the writer */
};
struct pq_sink pq_sink_fd(int fd, const char *name);	/* writes with io_write; closing stays with the caller */

/*
 * A writer for the schema. It writes as row groups fill and needs memory for one of them. Everything is decided
 * while writing: dictionary or not per column and row group, by what is smaller. Returns -1 where the schema cannot
 * be written (no leaf, a name that is empty or not UTF-8, a decimal without precision, a repetition level above
 * PQ_MAX_REP); nothing is written before the first row group is full, or pq_finish.
 */
struct pq_writer;
int pq_create(struct pq_writer **wp, const struct pq_sink *sink, const struct pq_field *fields, size_t nfields,
    const struct pq_options *opt, struct msg *err);

/*
 * Adds rows: one vector per leaf in schema order. Copies what it needs. Values are not judged, but one of
 * bytes may have 128 MiB at most (EX_DATAERR); decimals must fit their precision.
 */
int pq_write(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err);

/*
 * Where the values of the next `rows` entries of leaf `column` may be put, which pq_write then does not have to copy:
 * for the next call of pq_write, of at most so many rows, whose vector points there. NULL where they have to be brought
 * from elsewhere: those of bytes, and decimals that are stored in fewer bytes than they are given.
 */
void *pq_room(struct pq_writer *w, size_t column, size_t rows);

/*
 * Bytes the file will have at least if finished now: for a caller that starts a new file at a size. With `beside` the row
 * group that was full last is not counted until the next one is, so that they do not depend on how fast it is written.
 */
uint64_t pq_written(const struct pq_writer *w);
uint64_t pq_written_rows(const struct pq_writer *w);

/*
 * Writes what is buffered, the indexes and the footer. A file without rows has no row group. The caller syncs and
 * closes.
 */
int pq_finish(struct pq_writer *w, struct msg *err);

/* Statistics of leaf `column` over the whole file; after pq_finish. min and max are whole values, never cut. */
void pq_written_stats(const struct pq_writer *w, size_t column, struct pq_stats *s);

/* The checksum (XXH3-64) of the footer with its length and the magic; after pq_finish. */
uint64_t pq_written_footer(const struct pq_writer *w);

/* NULL is allowed; an unfinished file is just left. After this, as after a call that failed, nothing is written. */
void pq_writer_free(struct pq_writer *w);

/* ---- reader ---- */

/* what a timestamp or time was stored as; it is always given in microseconds */
enum pq_unit { PQ_MICROS, PQ_MILLIS, PQ_NANOS, PQ_INT96 };

struct pq_column {			/* a leaf: view until pq_close */
	const char *name;		/* its own */
	const char *path;		/* with its parents', joined by dots */
	enum pq_type type;
	uint8_t precision, scale;
	uint8_t max_def, max_rep;	/* clause Nested Encoding; max_def 0: never null */
	bool top;			/* stands at the top of the schema: a flat column */
	enum pq_unit unit;		/* nanoseconds are cut to microseconds, towards the past */
	enum pq_shape shape;
	int32_t id;			/* field_id, or PQ_NO_ID */
	size_t field;			/* its place in pq_fields */
	/* why it cannot be read ("decimal(60,2)", "a repetition level of 2", ...), or NULL */
	const char *refused;
};

struct pq_source {
	/* all n bytes or -1 */
	int (*read)(const struct pq_source *source, uint64_t offset, void *p, size_t n, struct msg *err);
	void *arg;
	int fd;				/* for pq_open_path */
	uint64_t size;			/* of the file */
	const char *name;		/* for messages; copied */
};

/*
 * Opens a file and reads its footer. `limit` is the most bytes one page may have when uncompressed (0: 256 MiB); what
 * a file claims is never allocated before it is known to be there or below it. Encrypted files are refused. The
 * reader takes no lock and keeps no more than a page and a dictionary of each selected column, and of all of them
 * together no more than four times the limit, or 32 times the file's size where that is more.
 */
struct pq_reader;
int pq_open(struct pq_reader **rp, const struct pq_source *source, size_t limit, struct msg *err);
int pq_open_path(struct pq_reader **rp, const char *path, size_t limit, struct msg *err);	/* a regular file */
void pq_close(struct pq_reader *r);		/* NULL is allowed */

uint64_t pq_rows(const struct pq_reader *r);
size_t pq_row_groups(const struct pq_reader *r);
uint64_t pq_row_group_rows(const struct pq_reader *r, size_t group);
const struct pq_field *pq_fields(const struct pq_reader *r, size_t *n);
const struct pq_column *pq_columns(const struct pq_reader *r, size_t *n);	/* leaves, in schema order */
const char *pq_created_by(const struct pq_reader *r);				/* "" where it does not say */
/*
 * The checksum (XXH3-64) of the footer with its length and the magic: the last bytes of the file. What pq_written_footer
 * gave for it, unless it was damaged.
 */
uint64_t pq_footer_sum(const struct pq_reader *r);

/*
 * Checks the page indexes, which this reader makes no use of, against the checksum that a file of this writer carries of
 * them; 0 for files of others.
 */
int pq_check_index(struct pq_reader *r, struct msg *err);

/* file metadata; NULL where there is none */
const char *pq_key(const struct pq_reader *r, const char *key);

/*
 * The leaf of a path ("id", "add.path"), or -1 with err filled: no such column (EX_DATAERR, its name and those there
 * are), or one that cannot be read. pq_find_flat also refuses what is not a flat column, by name: "addresses: a
 * nested column".
 */
int pq_find(const struct pq_reader *r, const char *path, struct msg *err);
int pq_find_flat(const struct pq_reader *r, const char *name, struct msg *err);

/*
 * Statistics of a column chunk for skipping. Always succeeds; has_min_max is false wherever the file's statement is
 * absent, cannot be trusted (an unknown order, the old fields of an unsigned order, INT96, NaN) or does not parse. A
 * bound of -0.0 or 0.0 stands for both zeros; bounds say nothing of NaN, which a column of floats may hold beside
 * them.
 */
void pq_chunk_stats(const struct pq_reader *r, size_t group, size_t column, struct pq_stats *s);

/*
 * What to read: leaves in the order their vectors shall have, each at most once; flags[i] is 0 or PQ_INDEX (flags
 * may be NULL). n may be 0: batches then have rows only. Before the first pq_next, or again after pq_rewind. By
 * default every column is selected.
 */
enum pq_select_flags { PQ_INDEX = 1 };
int pq_select(struct pq_reader *r, const size_t *columns, const unsigned *flags, size_t n, struct msg *err);

/* Leaves a row group out, before it is reached. */
void pq_skip(struct pq_reader *r, size_t group);

struct pq_batch {
	/* in the file, from 0, skipped row groups counted: what deletion vectors number */
	uint64_t first_row;
	size_t rows;			/* at least 1 */
	size_t group;
	const struct pq_vector *columns;	/* one per selected column; views until the next call on the reader */
};

/*
 * The next rows, at most max_rows of one row group: 1, or 0 at the end, or -1. Every length, index and checksum
 * met on the way is checked.
 */
int pq_next(struct pq_reader *r, size_t max_rows, struct pq_batch *b, struct msg *err);

void pq_rewind(struct pq_reader *r);		/* to the first row; skips stay */

#endif
