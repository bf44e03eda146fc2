/*
 * Parquet files: a columnar writer and reader. Knows nothing of tables or record streams.
 *
 * Values travel in vectors, one per leaf column. An entry of a column is a value or a null. A flat column has one entry
 * per row. Nested columns (a Delta checkpoint has them) have any number and carry definition and repetition levels as
 * the format defines them; a column with more than PQ_MAX_REP repetition levels is refused.
 *
 * Functions that can fail fill a struct msg and return -1: EX_DATAERR for a file that is malformed or uses an
 * unsupported feature, EX_NOINPUT and EX_IOERR for read errors, EX_SOFTWARE for a caller that breaks the contract.
 * Messages begin with the file's name. "Clause" in comments is a section of the Parquet format's README.md,
 * Encodings.md, LogicalTypes.md, Compression.md or PageIndex.md.
 */
#ifndef PARQUET_PARQUET_H
#define PARQUET_PARQUET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/msg.h"
#include "base/num.h"

/* ---- types and vectors ---- */

/* How each is stored: format/types.c. */
enum pq_type {
	PQ_BOOL,
	PQ_INT8, PQ_INT16, PQ_INT32, PQ_INT64,
	PQ_DECIMAL,		/* the integer value * 10^scale; precision 1 to 38 */
	PQ_DATE,		/* days since 1970-01-01, proleptic Gregorian */
	PQ_TIMESTAMP,		/* an instant: microseconds since 1970-01-01T00:00:00Z */
	PQ_TIMESTAMP_NTZ,	/* local date and time: microseconds since 1970-01-01T00:00:00 without a zone */
	PQ_FLOAT, PQ_DOUBLE,
	PQ_STRING,		/* UTF-8; the reader does not validate it */
	PQ_BINARY,
	/* read only; this library never writes them */
	PQ_UINT8, PQ_UINT16, PQ_UINT32, PQ_UINT64,
	PQ_TIME			/* microseconds since midnight */
};

/* The memory layout of a column's values in a vector. */
enum pq_shape {
	PQ_U8,			/* bool: 0 or 1 */
	PQ_I32,			/* int8, int16, int32, uint8, uint16, date */
	PQ_I64,			/* int64, uint32, decimal of precision <= 18, timestamps, time */
	PQ_I128,		/* decimal of precision > 18, uint64 */
	PQ_F32, PQ_F64,
	PQ_BYTES		/* string, binary */
};
enum pq_shape pq_shape(enum pq_type type, unsigned precision);
size_t pq_shape_size(enum pq_shape shape);	/* bytes per value */

/*
 * Writes a type's name, such as "int64" or "decimal(18,2)", for messages and tools. `out` holds at least NUM_TEXT
 * bytes. Returns `out`.
 */
const char *pq_type_name(char *out, enum pq_type type, unsigned precision, unsigned scale);

struct pq_bytes {
	const uint8_t *p;
	size_t n;
};

/* One value; the member depends on its shape: i for u8, i32 and i64; w for i128; f for f32 and f64; b for bytes. */
union pq_value {
	int64_t i;
	i128 w;
	double f;
	struct pq_bytes b;
};

/* Order two values of a shape: below, at or above 0. Bytes are unsigned, a prefix comes first; no number is NaN. */
int pq_compare(enum pq_shape shape, const union pq_value *a, const union pq_value *b);
int pq_compare_bytes(struct pq_bytes a, struct pq_bytes b);

/*
 * The entries of one leaf column, for writing and reading alike. Entry i has a value if def is NULL or def[i] equals
 * the column's max_def; the value is at index i. Other slots are ignored when writing and undefined when reading.
 * For a flat optional column def is therefore a validity vector: 1 for a value, 0 for null. rep is NULL unless the
 * column's max_rep is 1; an entry with rep 0 then begins a row.
 */
struct pq_vector {
	size_t n;			/* entries; equals the number of rows unless max_rep is 1 */
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
	 * Reading only, for columns selected with PQ_INDEX. If index is not NULL, the batch is dictionary-encoded:
	 * the value of entry i is v.bytes[index[i]], with index[i] < dict_n. dict_serial changes with each
	 * dictionary and is never 0. If index is NULL, v.bytes holds the values as usual. Batches of one column may
	 * be of both kinds.
	 */
	const uint32_t *index;
	size_t dict_n;
	uint64_t dict_serial;
};

/* ---- schema ---- */

enum pq_repetition { PQ_REQUIRED, PQ_OPTIONAL, PQ_REPEATED };
/* annotation of a group; the inner group of a MAP is a repeated PQ_STRUCT */
enum pq_group { PQ_STRUCT, PQ_LIST, PQ_MAP };

enum { PQ_MAX_REP = 1, PQ_MAX_DEF = 15, PQ_NO_ID = INT32_MIN };

/*
 * One field of a schema. A schema lists its fields depth first, without the root: a group is followed by its
 * children; a flat schema is a list of leaves. For the writer the caller owns the names, which are needed only
 * during pq_create. From the reader the array is a view, valid until pq_close.
 */
struct pq_field {
	const char *name;
	enum pq_repetition repetition;
	unsigned children;		/* 0 for a leaf */
	enum pq_group group;		/* groups only */
	enum pq_type type;		/* leaves only, as are precision and scale */
	uint8_t precision, scale;
	int32_t id;			/* field_id of a leaf or group, or PQ_NO_ID */
	bool millis;			/* writing a timestamp: its vectors and the file have milliseconds */
	bool delta;			/* writing: use DELTA encodings, whatever the options say */
};

/* ---- statistics: of a column chunk when reading, of the whole file when written ---- */

struct pq_stats {
	uint64_t entries;		/* values and nulls */
	int64_t nulls;			/* number of nulls; -1 if the file does not record it */
	bool has_min_max;		/* false: no bounds (all null, a NaN among the values, or not recorded) */
	bool min_exact, max_exact;	/* true: the bound is a value of the column */
	/* bytes are a view: the reader's until pq_close, the writer's until the next call on it */
	union pq_value min, max;
};

/* ---- writer ---- */

/* CompressionCodec in parquet.thrift. The reader refuses LZO and BROTLI. */
enum pq_codec { PQ_UNCOMPRESSED, PQ_SNAPPY, PQ_GZIP, PQ_LZO, PQ_BROTLI, PQ_LZ4, PQ_ZSTD, PQ_LZ4_RAW };

/* Returns the words by which an option selects the codecs that files can be written with ("none", ...), then NULL. */
const char *const *pq_codec_words(void);

/* Returns the codec that a word means, given its index in pq_codec_words. */
enum pq_codec pq_codec_of(size_t word);

/* Returns what names of files with this codec have before ".parquet": ".snappy", or "". */
const char *pq_codec_suffix(enum pq_codec codec);

struct pq_options {			/* zero selects the default of each member except codec; see pq_defaults */
	enum pq_codec codec;
	int level;			/* of gzip and zstd; 0 is the codec's default */
	/* use DELTA_BINARY_PACKED and DELTA_LENGTH_BYTE_ARRAY instead of PLAIN; needs readers that support them */
	bool delta_encodings;
	uint64_t row_group_rows;	/* maximum rows of a row group; 0 is 1048576 */
	/* maximum bytes buffered for a row group; 0 is 128 MiB. The writer needs about 1.5 times this */
	size_t row_group_bytes;
	uint32_t page_rows;		/* maximum rows of a page; 0 is 20000 */
	size_t page_bytes;		/* the writer ends a page after this many bytes of values; 0 is 1 MiB */
	/*
	 * Write a full row group in a background thread while the next one is buffered, if there is more than one
	 * processor. Takes the memory of both row groups; the file's bytes are the same; an error may be reported
	 * one row group late.
	 */
	bool beside;
	/* key-value metadata: keys and values in turn, ended by NULL; or NULL. Copied by pq_create */
	const char *const *keys;
};
struct pq_options pq_defaults(void);

struct pq_sink {
	/* writes all n bytes, in order; returns -1 with err filled */
	int (*write)(const struct pq_sink *sink, const void *p, size_t n, struct msg *err);
	void *arg;
	const char *name;		/* for messages; must live as long as the writer */
};

/*
 * Creates a writer for the schema. It writes each row group when it is full and buffers one at a time. For each
 * column chunk it chooses dictionary or plain encoding by size. Returns -1 for an invalid schema (no leaf, a name
 * that is empty or not UTF-8, a decimal without precision, more repetition levels than PQ_MAX_REP) or a codec that is
 * only read. Writes nothing before the first row group is full or pq_finish is called.
 */
struct pq_writer;
int pq_create(struct pq_writer **wp, const struct pq_sink *sink, const struct pq_field *fields, size_t nfields,
    const struct pq_options *opt, struct msg *err);

/*
 * Appends rows: one vector per leaf in schema order. Copies what it needs. Does not validate values, except that a
 * string or binary value is limited to 128 MiB (EX_DATAERR); decimals must fit their precision.
 */
int pq_write(struct pq_writer *w, size_t rows, const struct pq_vector *columns, struct msg *err);

/*
 * Returns a place for the values of the next `rows` entries of leaf `column`, which spares pq_write a copy. It is
 * valid for the next call of pq_write, of at most `rows` rows, if that column's vector points to it. Returns NULL
 * for columns that always need a copy: byte values, and decimals stored in fewer bytes than their shape has.
 */
void *pq_room(struct pq_writer *w, size_t column, size_t rows);

/*
 * Returns a lower bound of the file's size if it were finished now, for a caller that starts a new file at a size.
 * With `beside` the most recent full row group counts only once the next is full, so that the result does not depend
 * on timing.
 */
uint64_t pq_written(const struct pq_writer *w);
uint64_t pq_written_rows(const struct pq_writer *w);

/*
 * Writes the buffered rows, the page indexes and the footer. A file without rows has no row group. The caller syncs
 * and closes the file.
 */
int pq_finish(struct pq_writer *w, struct msg *err);

/* Returns the statistics of leaf `column` over the whole file, after pq_finish. min and max are never truncated. */
void pq_written_stats(const struct pq_writer *w, size_t column, struct pq_stats *s);

/* Returns the XXH3-64 checksum of the footer including its length and magic, after pq_finish. */
uint64_t pq_written_footer(const struct pq_writer *w);

/* Accepts NULL. Writes nothing: an unfinished file stays incomplete, as it does after a failed call. */
void pq_writer_free(struct pq_writer *w);

/* ---- reader ---- */

/* the file's unit of a timestamp or time; vectors always have microseconds */
enum pq_unit { PQ_MICROS, PQ_MILLIS, PQ_NANOS, PQ_INT96 };

struct pq_column {			/* a leaf; a view until pq_close */
	const char *name;		/* its own name */
	const char *path;		/* names from the root on, joined by dots */
	enum pq_type type;
	uint8_t precision, scale;
	uint8_t max_def, max_rep;	/* clause Nested Encoding; max_def 0: never null */
	bool top;			/* a flat column: a direct child of the root that is not repeated */
	enum pq_unit unit;		/* nanoseconds are rounded down to microseconds */
	enum pq_shape shape;
	int32_t id;			/* field_id, or PQ_NO_ID */
	size_t field;			/* index in pq_fields */
	/* why the column cannot be read ("decimal(60,2)", "a repetition level of 2", ...), or NULL */
	const char *refused;
};

struct pq_source {
	/* reads exactly n bytes; returns -1 with err filled */
	int (*read)(const struct pq_source *source, uint64_t offset, void *p, size_t n, struct msg *err);
	void *arg;
	uint64_t size;			/* file size in bytes */
	const char *name;		/* for messages; copied */
};

/*
 * Opens a file and reads its footer. `limit` is the maximum uncompressed size of a page (0: 256 MiB). A length from
 * the file is checked against the bytes present or the limit before memory is allocated for it. Encrypted files are
 * refused. The reader takes no lock. Per selected column it keeps at most one page and one dictionary, and for all
 * columns together at most four times the limit, or 32 times the file's size if that is more.
 */
struct pq_reader;
int pq_open(struct pq_reader **rp, const struct pq_source *source, size_t limit, struct msg *err);
void pq_close(struct pq_reader *r);		/* accepts NULL */

uint64_t pq_rows(const struct pq_reader *r);
size_t pq_row_groups(const struct pq_reader *r);				/* how many */
uint64_t pq_row_group_rows(const struct pq_reader *r, size_t group);

/* Return the whole schema, depth first, and its leaves, whose indexes the functions below take; *n is how many. */
const struct pq_field *pq_fields(const struct pq_reader *r, size_t *n);
const struct pq_column *pq_columns(const struct pq_reader *r, size_t *n);

/*
 * Returns the XXH3-64 checksum of the footer including its length and magic, the last bytes of the file. Equals
 * pq_written_footer unless the footer was damaged.
 */
uint64_t pq_footer_sum(const struct pq_reader *r);

/*
 * Verifies the page indexes against the checksum that files of this writer carry.
 * Returns 0 for files of other writers.
 */
int pq_check_index(struct pq_reader *r, struct msg *err);

/* Returns a value of the file's key-value metadata, or NULL if the key is missing. */
const char *pq_key(const struct pq_reader *r, const char *key);

/*
 * Returns the statistics of a column chunk, for skipping. Never fails: has_min_max is false if the bounds are
 * absent, malformed or not to be trusted (an unknown order, the deprecated fields for an unsigned order, INT96,
 * NaN). A bound of -0.0 or 0.0 covers both zeros. Bounds do not cover NaN, which a float column may contain besides.
 */
void pq_chunk_stats(const struct pq_reader *r, size_t group, size_t column, struct pq_stats *s);

struct pool;
struct pq_page {
	uint64_t row, rows;		/* its first row, in its row group; how many */
	struct pq_stats stats;
};

/*
 * Returns the pages of a flat column's chunk by the page index, with their statistics; *n is how many. The caller frees
 * them; bytes are in the pool. NULL if there is no index, or if it is malformed or damaged.
 */
struct pq_page *pq_pages(struct pq_reader *r, size_t group, size_t column, struct pool *pool, size_t *n);

/*
 * Selects the leaves to read, each at most once, in the order of their vectors. flags[i] is 0 or PQ_INDEX; flags may
 * be NULL. With n 0, batches have rows but no columns. Reading begins at the first row again. All columns are selected
 * by default.
 */
enum pq_select_flags { PQ_INDEX = 1 };
int pq_select(struct pq_reader *r, const size_t *columns, const unsigned *flags, size_t n, struct msg *err);

/* Excludes a row group; call it before pq_next reaches the group. */
void pq_skip(struct pq_reader *r, size_t group);

/*
 * Reads only these rows, numbered in the file, ascending and apart; a view until the reader is closed. Pages without
 * one are not decompressed. Call after pq_select.
 */
struct pq_range {
	uint64_t row, end;		/* end: the row after the last */
};
void pq_want(struct pq_reader *r, const struct pq_range *ranges, size_t n);

struct pq_batch {
	/* row number in the file, from 0, counting skipped row groups: what deletion vectors refer to */
	uint64_t first_row;
	size_t rows;			/* at least 1 */
	size_t group;
	const struct pq_vector *columns;	/* one per selected column; valid until the next call on the reader */
};

/*
 * Reads the next rows, at most max_rows, all of one row group. Returns 1, 0 at the end, or -1. Validates every
 * length, index and checksum it meets.
 */
int pq_next(struct pq_reader *r, size_t max_rows, struct pq_batch *b, struct msg *err);

#endif
