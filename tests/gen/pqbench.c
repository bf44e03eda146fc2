/*
 * pqbench measures the Parquet writer and reader on transactions made in memory, without parsing or printing:
 * pqbench write|read [-z CODEC] [-n ROWS] FILE. Prints rows, seconds and nanoseconds of processor time per row, and
 * the file's size.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/mem.h"
#include "parquet/parquet.h"

const char cli_help[] =
    "usage: pqbench write|read [-z CODEC] [-n ROWS] [-c COLUMN,...] FILE\n\n  measures the Parquet writer and reader\n";

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

static double
processor(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
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
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int64_t i;

	if (fd == -1)
		msg_die(EX_CANTCREAT, "%s", path);
	sink = pq_sink_fd(fd, path);
	if (pq_create(&w, &sink, fields, KINDS, opt, &err) == -1)
		msg_exit(&err);
	for (i = 0; i < rows; i += BATCH) {
		make_batch(i + 1);
		begin = processor();
		if (pq_write(w, BATCH, col, &err) == -1)
			msg_exit(&err);
		spent += processor() - begin;
	}
	begin = processor();
	if (pq_finish(w, &err) == -1)
		msg_exit(&err);
	pq_writer_free(w);
	close(fd);
	return spent + processor() - begin;
}

static double
read_file(const char *path, char *list, uint64_t *rows)
{
	struct msg err = { .status = 0 };
	struct pq_reader *r;
	struct pq_batch b;
	char *names[KINDS];
	size_t idx[KINDS], n = cli_list("-c", list, names, KINDS), i;
	unsigned flags[KINDS] = { 0 };
	double begin = processor();
	int got;

	if (pq_open_path(&r, path, 0, &err) == -1)
		msg_exit(&err);
	for (i = 0; i < n; i++) {
		if ((got = pq_find_flat(r, names[i], &err)) == -1)
			msg_exit(&err);
		idx[i] = (size_t)got;
		flags[i] = PQ_INDEX * (strcmp(names[i], "transaction_type") == 0);
	}
	if (pq_select(r, idx, flags, n, &err) == -1)
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
	struct pq_options options = pq_defaults();
	char both[] = "account_id,transaction_amount", *list = both;
	uint64_t rows = 20000000;
	struct stat st;
	double spent;
	int opt;

	cli_start(argc, argv);
	while ((opt = cli_getopt(argc, argv, "z:n:c:d", NULL)) != -1) {
		switch (opt) {
		case 'z':
			options.codec = strcmp(optarg, "none") == 0 ? PQ_UNCOMPRESSED : strcmp(optarg, "zstd") == 0
			    ? PQ_ZSTD : PQ_SNAPPY;
			break;
		case 'd':
			options.delta_encodings = true;
			break;
		case 'c':
			list = optarg;
			break;
		default:
			rows = strtoull(optarg, NULL, 10);
		}
	}
	if (argc - optind != 2)
		cli_usage("write or read, and a file");
	rows = (rows + BATCH - 1) / BATCH * BATCH;
	spent = strcmp(argv[optind], "write") == 0 ? write_file(argv[optind + 1], &options, (int64_t)rows)
	    : read_file(argv[optind + 1], list, &rows);
	if (stat(argv[optind + 1], &st) == -1)
		return EX_IOERR;
	printf("%llu rows, %.2f s, %.1f ns a row, %.1f M rows/s, %.2f bytes a row\n", (unsigned long long)rows, spent,
	    spent / (double)rows * 1e9,
	    (double)rows / spent / 1e6, (double)st.st_size / (double)rows);
	return 0;
}
