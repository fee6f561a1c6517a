/*
 * Test runner. A test file is a list of TEST(name) { ... } bodies and links
 * test_runner.c, which has main. Each test runs in a process of its own, with a
 * 120 s limit (a slow machine's patience); it fails when a CHECK fails, when it crashes, or when it leaves
 * more or fewer file descriptors open than it found. Output is TAP.
 *
 *   TEST(name) { CHECK(cond); CHECK_INT(got, want); }
 *   TEST_ROWS(name, row type, row array) { use of row }   one TAP line a row
 *   SKIP("why") ends the test as skipped.
 *
 * Program arguments select tests by substring; -l lists them.
 */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct test_case {
	const char *name;
	void (*run)(const void *row);
	const void *rows; /* first member of a row must be const char *name; NULL = no rows */
	size_t row_size, row_count;
	struct test_case *next;
};

void test_register(struct test_case *test);
__attribute__((noreturn, format(printf, 3, 4)))
void test_fail(const char *file, int line, const char *format, ...);
__attribute__((noreturn)) void test_skip(const char *why);
/* Open descriptors of this process. */
int test_count_fds(void);
/* Under "testcard exec" (test_device.c): the device's control socket, and its process. */
int test_device_connect(void);
pid_t test_device_process(void);

#define TEST_REGISTER_(id, rows_, row_size_, row_count_)                               \
	static struct test_case test_case_##id = {#id, test_run_##id, rows_, row_size_,   \
		row_count_, NULL};                                                        \
	__attribute__((constructor)) static void test_register_##id(void)                 \
	{                                                                                 \
		test_register(&test_case_##id);                                           \
	}

#define TEST(id)                                       \
	static void test_body_##id(void);              \
	static void test_run_##id(const void *unused)  \
	{                                              \
		(void)unused;                          \
		test_body_##id();                      \
	}                                              \
	TEST_REGISTER_(id, NULL, 0, 0)                 \
	static void test_body_##id(void)

#define TEST_ROWS(id, type, array)                                                \
	static void test_body_##id(const type *row);                              \
	static void test_run_##id(const void *row) { test_body_##id(row); }       \
	TEST_REGISTER_(id, array, sizeof((array)[0]), sizeof(array) / sizeof((array)[0])) \
	static void test_body_##id(const type *row)

#define CHECK(cond)                                                    \
	do {                                                           \
		if (!(cond))                                           \
			test_fail(__FILE__, __LINE__, "%s", #cond);    \
	} while (0)

#define CHECK_INT(got, want)                                                              \
	do {                                                                              \
		long long got_ = (long long)(got), want_ = (long long)(want);             \
		if (got_ != want_)                                                        \
			test_fail(__FILE__, __LINE__, "%s is %lld (0x%llx), want %s = %lld", \
				#got, got_, (unsigned long long)got_, #want, want_);      \
	} while (0)

/* call returns -1 and sets errno to want. */
#define CHECK_ERRNO(call, want)                                                           \
	do {                                                                              \
		errno = 0;                                                                \
		long long ret_ = (long long)(call);                                       \
		int err_ = errno;                                                         \
		if (ret_ != -1 || err_ != (want))                                         \
			test_fail(__FILE__, __LINE__, "%s gave %lld, errno %d (%s), want %s", \
				#call, ret_, err_, strerror(err_), #want);                \
	} while (0)

#define SKIP(why) test_skip(why)

#endif
