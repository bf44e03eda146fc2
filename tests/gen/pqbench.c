/*
 * pqbench measures the Parquet writer and reader on transactions made in memory, without parsing or printing:
 * pqbench write|read [-z CODEC] [-n ROWS] FILE. Prints rows, seconds and nanoseconds of processor time per row, and
 * the file's size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "parquet/parquet.h"

#include "file.h"

enum { BATCH = 8192, KINDS = 5 };

static const struct pq_field fields[KINDS] = {
	{ .name = "transaction_id", .type = PQ_INT64, .repetition = PQ_OPTIONAL, .id = PQ_NO_ID },
	{ .name = "account_id", .type = PQ_INT64, .repetition = PQ_OPTIONAL, .id = PQ_NO_ID },
	{ .name = "transaction_date", .type = PQ_DATE, .repetition = PQ_OPTIONAL, .id = PQ_NO_ID },
	{ .name = "transaction_amount", .type = PQ_DECIMAL, .precision = 18, .scale = 2, .repetition = PQ_OPTIONAL,
	    .id = PQ_NO_ID },
	{ .name = "transaction_type", .type = PQ_STRING, .repetition = PQ_OPTIONAL, .id = PQ_NO_ID }
};

static struct {
	int64_t id[BATCH], account[BATCH], amount[BATCH];
	int32_t date[BATCH];
	struct pq_bytes type[BATCH];
} v;

static unsigned count = 20;
static enum pq_codec codec = PQ_SNAPPY;

static void
set_codec(const char *option, char *arg)
{
	codec = pq_codec_of(cli_word(option, arg, pq_codec_words()));
}
static char both[] = "account_id,transaction_amount", *chosen = both;
static bool delta_encodings;

static const struct cli_option options[] = {
	{ 'z', "codec", "CODEC", "none, snappy (default), gzip or zstd", CLI_CALL,
	    .call = set_codec },
	{ 'n', "rows", "MILLIONS", "how many rows to write (default 20)", CLI_NUMBER, .to = &count },
	{ 'c', "columns", "COLUMN,...", "which columns to read", CLI_LIST, .to = &chosen },
	{ 'd', "delta", NULL, "encodings of differences", CLI_FLAG, .to = &delta_encodings },
	{ 0 }
};

static const struct cli_program program = {
	.usage = (const char *const[]){ "write|read [-z CODEC] [-n MILLIONS] [-c COLUMN,...] FILE", NULL },
	.about = "Measures the Parquet writer and reader.",
	.options = options,
};

static double
processor(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec +
	    u.ru_stime.tv_usec) / 1e6;
}

static uint64_t
next_random(void)
{
	static uint64_t s = 88172645463325252u;

	s ^= s << 13;
	s ^= s >> 7;
	return s ^= s << 17;
}

static void
make_batch(int64_t first)
{
	static const char *const types[] = { "Deposit", "Withdrawal" };
	size_t i;

	for (i = 0; i < BATCH; i++) {
		const char *type = types[next_random() >> 20 & 1];

		v.id[i] = first + (int64_t)i;
		v.account[i] = 1 + (int64_t)(next_random() % 1500000);
		v.date[i] = 19723 + (int32_t)(next_random() % 366);
		v.amount[i] = (int64_t)(next_random() % 500000);
		v.type[i] = (struct pq_bytes){ (const uint8_t *)type, strlen(type) };
	}
}

static double
write_file(const char *path, const struct pq_options *opt, int64_t rows)
{
	struct pq_vector col[KINDS] = {
		{ .n = BATCH, .v.i64 = v.id }, { .n = BATCH, .v.i64 = v.account }, { .n = BATCH, .v.i32 = v.date },
		{ .n = BATCH, .v.i64 = v.amount }, { .n = BATCH, .v.bytes = v.type }
	};
	struct msg err = { .status = 0 };
	struct pq_writer *w;
	struct pq_sink sink;
	double spent = 0, begin;
	struct file file;
	int64_t i;

	sink = file_create(&file, path);
	if (pq_create(&w, &sink, fields, KINDS, opt, &err) < 0)
		msg_exit(&err);
	for (i = 0; i < rows; i += BATCH) {
		make_batch(i + 1);
		begin = processor();
		if (pq_write(w, BATCH, col, &err) < 0)
			msg_exit(&err);
		spent += processor() - begin;
	}
	begin = processor();
	if (pq_finish(w, &err) < 0)
		msg_exit(&err);
	pq_writer_free(w);
	close(file.fd);
	return spent + processor() - begin;
}

static double
read_file(const char *path, char *list, uint64_t *rows)
{
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct file file;
	struct pq_batch b;
	char *names[KINDS];
	size_t idx[KINDS], n = cli_list("-c", list, names, KINDS), i;
	unsigned flags[KINDS] = { 0 };
	double begin = processor();
	int got;

	r = file_open(&file, path);
	for (i = 0; i < n; i++) {
		idx[i] = file_column(r, names[i]);
		flags[i] = PQ_INDEX * (strcmp(names[i], "transaction_type") == 0);
	}
	if (pq_select(r, idx, flags, n, &err) < 0)
		msg_exit(&err);
	for (*rows = 0; (got = pq_next(r, BATCH, &b, &err)) == 1; *rows += b.rows)
		;
	if (got == -1)
		msg_exit(&err);
	pq_close(r);
	return processor() - begin;
}

int
main(int argc, char *argv[])
{
	struct pq_options how = pq_defaults();
	uint64_t rows;
	struct stat st;
	double spent;
	int operand = cli_start(&program, argc, argv);

	if (argc - operand != 2)
		cli_usage("expected write or read, and a FILE");
	argv += operand;
	how.codec = codec;
	how.delta_encodings = delta_encodings;
	rows = (uint64_t)count * 1000000;
	rows = (rows + BATCH - 1) / BATCH * BATCH;
	spent = strcmp(argv[0], "write") == 0 ? write_file(argv[1], &how, (int64_t)rows)
	    : read_file(argv[1], chosen, &rows);
	if (stat(argv[1], &st) < 0)
		return EX_IOERR;
	printf("%llu rows, %.2f s, %.1f ns a row, %.1f M rows/s, %.2f bytes a row\n", (unsigned long long)rows, spent,
	    spent / (double)rows * 1e9,
	    (double)rows / spent / 1e6, (double)st.st_size / (double)rows);
	return 0;
}
