/*
 * The structures of parquet.thrift that this library reads and writes. Strings and bytes are views of the parsed
 * bytes or of the writer's memory.
 */
#ifndef PARQUET_META_H
#define PARQUET_META_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "parquet/parquet.h"

/* Enumerations with the format's numbers. */
enum meta_physical {
	META_BOOLEAN, META_INT32, META_INT64, META_INT96, META_FLOAT, META_DOUBLE, META_BYTE_ARRAY, META_FIXED,
	    META_GROUP = -1
};
enum meta_converted {
	META_CONV_NONE = -1, META_CONV_UTF8 = 0, META_CONV_MAP, META_CONV_MAP_KEY_VALUE, META_CONV_LIST,
	    META_CONV_ENUM, META_CONV_DECIMAL,
	META_CONV_DATE, META_CONV_TIME_MILLIS, META_CONV_TIME_MICROS, META_CONV_TIMESTAMP_MILLIS,
	    META_CONV_TIMESTAMP_MICROS,
	META_CONV_UINT_8, META_CONV_UINT_16, META_CONV_UINT_32, META_CONV_UINT_64, META_CONV_INT_8, META_CONV_INT_16,
	    META_CONV_INT_32,
	META_CONV_INT_64, META_CONV_JSON, META_CONV_BSON, META_CONV_INTERVAL
};
enum meta_logical {
	META_LOGICAL_NONE = 0, META_LOGICAL_STRING = 1, META_LOGICAL_MAP, META_LOGICAL_LIST, META_LOGICAL_ENUM,
	    META_LOGICAL_DECIMAL,
	META_LOGICAL_DATE, META_LOGICAL_TIME, META_LOGICAL_TIMESTAMP, META_LOGICAL_INTEGER = 10, META_LOGICAL_UNKNOWN,
	    META_LOGICAL_JSON,
	META_LOGICAL_BSON, META_LOGICAL_UUID, META_LOGICAL_FLOAT16
};
static inline bool
meta_logical_known(int logical)
{
	return logical >= META_LOGICAL_NONE && logical <= META_LOGICAL_FLOAT16 && logical != META_LOGICAL_TIMESTAMP + 1;
}

enum meta_encoding {
	META_PLAIN = 0, META_PLAIN_DICTIONARY = 2, META_RLE = 3, META_BIT_PACKED = 4, META_DELTA_BINARY_PACKED = 5,
	META_DELTA_LENGTH_BYTE_ARRAY = 6, META_DELTA_BYTE_ARRAY = 7, META_RLE_DICTIONARY = 8, META_BYTE_STREAM_SPLIT = 9
};
enum meta_page { META_DATA_PAGE, META_INDEX_PAGE, META_DICTIONARY_PAGE, META_DATA_PAGE_V2 };

struct meta_element {			/* SchemaElement */
	int type, converted;		/* META_GROUP and META_CONV_NONE if absent */
	int32_t type_length, children, scale, precision, id;
	int repetition;			/* -1 if absent */
	struct pq_bytes name;
	int logical;			/* of enum meta_logical, or an unknown number */
	int unit;			/* of a time or timestamp: 1 milliseconds, 2 microseconds, 3 nanoseconds */
	bool utc;
	int bits;			/* of an integer type */
	bool is_signed;
	int32_t logical_scale, logical_precision;
};

struct meta_stats {			/* Statistics; p is NULL if absent */
	struct pq_bytes old_min, old_max, min, max;
	int64_t nulls, nans;		/* -1 if absent */
	int min_exact, max_exact;	/* 1 or 0; -1 if absent */
};

struct meta_encoding_count {		/* PageEncodingStats */
	int page, encoding;
	int32_t count;
};

struct meta_chunk {			/* ColumnChunk with its ColumnMetaData */
	int type, codec;		/* of enum meta_physical and enum pq_codec, or an unknown number */
	uint32_t encodings;		/* a bit per encoding */
	struct meta_encoding_count count[3];	/* writing only */
	unsigned ncounts;
	int64_t num_values, uncompressed, compressed;
	int64_t data_offset, dict_offset;	/* dict_offset 0: absent */
	int64_t offset_index, column_index;	/* file offsets; 0: absent */
	int32_t offset_index_len, column_index_len;
	struct meta_stats stats;
	bool encrypted, has_file;	/* has_file: the chunk is in another file */
};

struct meta_group {			/* RowGroup */
	struct meta_chunk *chunks;	/* one per leaf */
	int64_t rows, total_bytes, compressed, offset;
};

struct meta_key {
	struct pq_bytes key, value;
};

struct meta_file {			/* FileMetaData; arrays are in the pool */
	struct pool pool;
	int64_t rows;
	struct meta_element *elements;	/* includes the root */
	size_t nelements, nleaves;
	struct meta_group *groups;
	size_t ngroups;
	struct meta_key *keys;
	size_t nkeys;
	struct pq_bytes created_by;
	/* per leaf: the id of its ColumnOrder, 0 if unknown; NULL if the list is absent */
	uint8_t *orders;
	bool encrypted;
};

/* Parses a footer of which the result holds views. Returns -1 with a reason in *why. Call meta_free in either case. */
int meta_parse(struct meta_file *m, const uint8_t *p, size_t n, const char **why);
void meta_free(struct meta_file *m);

struct meta_path {			/* path_in_schema of a leaf */
	const char **names;
	size_t n;
};

/* Appends the footer in Thrift. Sets created_by, column_orders (TYPE_ORDER for each leaf) and version itself. */
void meta_put(const struct meta_file *m, const struct meta_path *paths, struct buf *out);

struct meta_page_header {
	int type;			/* of enum meta_page */
	int32_t uncompressed, compressed;
	bool has_crc;
	uint32_t crc;
	int32_t values;			/* number of values, of data and dictionary pages */
	int encoding, def_encoding, rep_encoding;
	int32_t nulls, rows, def_len, rep_len;	/* of version 2 data pages */
	bool is_compressed;
};

/* Parses a page header at p. Returns its length, 0 if n bytes are too few, or -1 if it is invalid. */
long meta_page_parse(struct meta_page_header *h, const uint8_t *p, size_t n);

/* Appends the header of a dictionary page or a version 1 data page. */
void meta_page_put(const struct meta_page_header *h, struct buf *out);

#endif
