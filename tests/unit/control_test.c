/* The control socket against clients that mean well and clients that do not. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "test.h"

/* ---- words and strings ---- */

struct split_row {
	const char *name, *line;
	int count;
	const char *words[4];
};

static const struct split_row split_rows[] = {
	{"empty", "", 0, {0}},
	{"blanks", " \t \r", 0, {0}},
	{"plain", "  a bc\td\r", 3, {"a", "bc", "d"}},
	{"quotes", "\"a b\" c", 2, {"a b", "c"}},
	{"empty word", "a \"\" b", 3, {"a", "", "b"}},
	{"quotes inside", "a\"b c\"d", 1, {"ab cd"}},
	{"escapes", "\"\\\"\\\\\\n\"", 1, {"\"\\\n"}},
	{"backslash outside", "ls\\n \\", 2, {"ls\\n", "\\"}},
	{"open quote", "a \"b", -EINVAL, {0}},
	{"open escape", "\"\\", -EINVAL, {0}},
	{"unknown escape", "\"\\x\"", -EINVAL, {0}},
	{"four", "1 2 3 4", 4, {"1", "2", "3", "4"}},
	{"too many", "1 2 3 4 5", -E2BIG, {0}},
};

TEST_ROWS(split, struct split_row, split_rows)
{
	char line[64], *words[4];

	snprintf(line, sizeof(line), "%s", row->line);
	CHECK_INT(control_split(line, words, 4), row->count);
	for (int i = 0; i < row->count; i++)
		CHECK(strcmp(words[i], row->words[i]) == 0);
}

struct string_row {
	const char *name, *text, *json;
};

static const struct string_row string_rows[] = {
	{"plain", "abc", "\"abc\""},
	{"empty", "", "\"\""},
	{"quotes", "a\"b\\c", "\"a\\\"b\\\\c\""},
	{"control", "\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\""},
	{"two bytes", "\xc3\xa4", "\"\xc3\xa4\""},
	{"three bytes", "\xe2\x82\xac", "\"\xe2\x82\xac\""},
	{"four bytes", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	{"lone continuation", "a\x80z", "\"a\\ufffdz\""},
	{"cut short", "\xe2\x82", "\"\\ufffd\\ufffd\""},
	{"overlong", "\xc0\xaf", "\"\\ufffd\\ufffd\""},
	{"overlong three", "\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},
	{"surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
	{"beyond unicode", "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"not utf-8", "\xff", "\"\\ufffd\""},
};

TEST_ROWS(json_string, struct string_row, string_rows)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	control_json_string(out, row->text);
	fclose(out);
	if (strcmp(text, row->json) != 0)
		test_fail(__FILE__, __LINE__, "%s, want %s", text, row->json);
	free(text);
}

/* ---- a server ---- */

static struct control_server *server;
static char dir[64];
static volatile int running_now, most_running, waiting_now;

static int echo(void *data, int argc, char **argv, FILE *out)
{
	fputs("{\"ok\":true,\"words\":[", out);
	for (int i = 1; i < argc; i++) {
		if (i > 1)
			fputc(',', out);
		control_json_string(out, argv[i]);
	}
	fputs("]}", out);
	return 0;
}

static int fail(void *data, int argc, char **argv, FILE *out)
{
	fputs("half an answer", out);
	return -ENOENT;
}

static int huge(void *data, int argc, char **argv, FILE *out)
{
	for (unsigned i = 0; i <= CONTROL_REPLY_MAX; i++)
		fputc('x', out);
	return 0;
}

static int big(void *data, int argc, char **argv, FILE *out)
{
	fputs("{\"ok\":true,\"text\":\"", out);
	for (int i = 0; i < 500000; i++)
		fputc('x', out);
	fputs("\"}", out);
	return 0;
}

static int slow(void *data, int argc, char **argv, FILE *out)
{
	int now = __atomic_add_fetch(&running_now, 1, __ATOMIC_SEQ_CST);

	if (now > most_running)
		most_running = now;
	usleep(20000);
	__atomic_sub_fetch(&running_now, 1, __ATOMIC_SEQ_CST);
	fputs("{\"ok\":true}", out);
	return 0;
}

static int wait_for_end(void *data, int argc, char **argv, FILE *out)
{
	__atomic_add_fetch(&waiting_now, 1, __ATOMIC_SEQ_CST);
	while (!control_ending(server))
		usleep(1000);
	fputs("{\"ok\":true,\"waited\":true}", out);
	return 0;
}

static void start(void)
{
	snprintf(dir, sizeof(dir), "%s/control-test-XXXXXX", P_tmpdir);
	CHECK(mkdtemp(dir) != NULL);
	CHECK_INT(control_server_create(&server), 0);
	CHECK_INT(control_add(server, "echo", "WORD...: \"says\" them", echo, NULL), 0);
	CHECK_INT(control_add(server, "echo", "again", echo, NULL), -EEXIST);
	CHECK_INT(control_add(server, "help", "ours", echo, NULL), -EEXIST);
	CHECK_INT(control_add(server, "fail", "", fail, NULL), 0);
	CHECK_INT(control_add(server, "huge", "", huge, NULL), 0);
	CHECK_INT(control_add(server, "big", "", big, NULL), 0);
	CHECK_INT(control_add(server, "slow", "", slow, NULL), 0);
	CHECK_INT(control_add_waiting(server, "wait", "", wait_for_end, NULL), 0);
	CHECK_INT(control_server_start(server, dir), 0);
}

/* The socket goes with the server; nothing else was in the folder. */
static void stop(void)
{
	control_server_destroy(server);
	CHECK_INT(rmdir(dir), 0);
}

static int connect_client(void)
{
	const struct timeval limit = {.tv_sec = 5};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" CONTROL_SOCKET_NAME, dir);
	CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	return fd;
}

static void send_bytes(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(fd, data, length, MSG_NOSIGNAL);
		CHECK(sent > 0);
		data += sent;
		length -= sent;
	}
}

/* One reply without its newline; "" at the end of the connection. */
static const char *receive_line(int fd)
{
	static char line[CONTROL_REPLY_MAX + 1];
	size_t used = 0;

	while (used < sizeof(line) - 1) {
		ssize_t got = recv(fd, line + used, 1, 0);
		if (got <= 0 || line[used] == '\n')
			break;
		used++;
	}
	line[used] = '\0';
	return line;
}

static void check_reply(int fd, const char *want)
{
	const char *got = receive_line(fd);

	if (strcmp(got, want) != 0)
		test_fail(__FILE__, __LINE__, "reply %.200s, want %s", got, want);
}

struct line_row {
	const char *name, *line, *reply;
};

#define REFUSED(text) "{\"ok\":false,\"error\":\"" text "\"}"

static const struct line_row line_rows[] = {
	{"echo", "echo a \"b c\"\n", "{\"ok\":true,\"words\":[\"a\",\"b c\"]}"},
	{"carriage return", "echo a\r\n", "{\"ok\":true,\"words\":[\"a\"]}"},
	{"quoted command", "\"echo\" \"a\"\n", "{\"ok\":true,\"words\":[\"a\"]}"},
	{"empty lines have no reply", "\n \n\necho a\n", "{\"ok\":true,\"words\":[\"a\"]}"},
	{"unknown", "nothing\n", REFUSED("unknown command 'nothing' (try help)")},
	{"escaped in error", "\"no\\n\\\"\"\n",
		REFUSED("unknown command 'no\\u000a\\\"' (try help)")},
	{"garbage", "\x80\xff\x01\n",
		REFUSED("unknown command '\\ufffd\\ufffd\\u0001' (try help)")},
	{"open quote", "echo \"a\n", REFUSED("bad quotes")},
	{"handler's errno", "fail\n", REFUSED("No such file or directory")},
	{"too long an answer", "huge\n", REFUSED("Message too long")},
};

TEST_ROWS(line, struct line_row, line_rows)
{
	start();
	int fd = connect_client();
	send_bytes(fd, row->line, strlen(row->line));
	check_reply(fd, row->reply);
	/* And the connection still works. */
	send_bytes(fd, "echo z\n", 7);
	check_reply(fd, "{\"ok\":true,\"words\":[\"z\"]}");
	close(fd);
	stop();
}

TEST(nul_in_line)
{
	start();
	int fd = connect_client();
	send_bytes(fd, "echo a\0b\necho z\n", 16);
	check_reply(fd, REFUSED("NUL in the line"));
	check_reply(fd, "{\"ok\":true,\"words\":[\"z\"]}");
	close(fd);
	stop();
}

TEST(too_many_words)
{
	start();
	int fd = connect_client();
	for (int i = 0; i <= CONTROL_WORDS_MAX; i++)
		send_bytes(fd, "a ", 2);
	send_bytes(fd, "\necho z\n", 8);
	check_reply(fd, REFUSED("too many words"));
	check_reply(fd, "{\"ok\":true,\"words\":[\"z\"]}");
	close(fd);
	stop();
}

/* The longest line is taken; one byte more is answered once, whatever its length. */
TEST(line_limit)
{
	static char line[3 * CONTROL_LINE_MAX];

	start();
	int fd = connect_client();
	memset(line, 'a', sizeof(line));
	memcpy(line, "echo ", 5);
	line[CONTROL_LINE_MAX - 1] = '\n';
	send_bytes(fd, line, CONTROL_LINE_MAX);
	const char *reply = receive_line(fd);
	CHECK_INT(strlen(reply), strlen("{\"ok\":true,\"words\":[\"\"]}") + CONTROL_LINE_MAX - 6);
	for (size_t more = 1; more <= 2 * CONTROL_LINE_MAX; more += CONTROL_LINE_MAX - 1) {
		memset(line, 'a', sizeof(line));
		line[CONTROL_LINE_MAX - 1 + more] = '\n';
		send_bytes(fd, line, CONTROL_LINE_MAX + more);
		send_bytes(fd, "echo z\n", 7);
		check_reply(fd, REFUSED("line too long"));
		check_reply(fd, "{\"ok\":true,\"words\":[\"z\"]}");
	}
	close(fd);
	stop();
}

TEST(byte_by_byte_and_many_in_one)
{
	static const char line[] = "echo drop\n";

	start();
	int fd = connect_client();
	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		send_bytes(fd, line + i, 1);
		usleep(500);
	}
	check_reply(fd, "{\"ok\":true,\"words\":[\"drop\"]}");
	send_bytes(fd, "echo 1\necho 2\necho 3\nec", 23);
	check_reply(fd, "{\"ok\":true,\"words\":[\"1\"]}");
	check_reply(fd, "{\"ok\":true,\"words\":[\"2\"]}");
	check_reply(fd, "{\"ok\":true,\"words\":[\"3\"]}");
	send_bytes(fd, "ho 4\n", 5);
	check_reply(fd, "{\"ok\":true,\"words\":[\"4\"]}");
	close(fd);
	stop();
}

TEST(help_lists_commands)
{
	start();
	int fd = connect_client();
	send_bytes(fd, "help\n", 5);
	const char *reply = receive_line(fd);
	CHECK(strncmp(reply, "{\"ok\":true,\"commands\":[{\"command\":\"help\",", 39) == 0);
	CHECK(strstr(reply, "{\"command\":\"echo\",\"help\":\"WORD...: \\\"says\\\" them\"}"));
	close(fd);
	stop();
}

/* Floods of bytes and connections end with the flooder. */
TEST(floods)
{
	static char noise[1 << 20];

	start();
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = random();
	int fd = connect_client();
	/* Its replies are not read: the server gives it up, or takes it all. */
	struct timeval limit = {.tv_sec = 5};
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	for (size_t done = 0; done < sizeof(noise);) {
		ssize_t sent = send(fd, noise + done, sizeof(noise) - done, MSG_NOSIGNAL);
		if (sent <= 0)
			break;
		done += sent;
	}
	for (int i = 0; i < 500; i++)
		close(connect_client());
	int good = connect_client();
	send_bytes(good, "echo z\n", 7);
	check_reply(good, "{\"ok\":true,\"words\":[\"z\"]}");
	close(good);
	close(fd);
	stop();
}

/* A client that sends and never reads costs its own thread only. */
TEST(deaf_client)
{
	start();
	int deaf = connect_client();
	for (int i = 0; i < 4; i++)
		send_bytes(deaf, "big\n", 4);
	int good = connect_client();
	send_bytes(good, "echo z\n", 7);
	check_reply(good, "{\"ok\":true,\"words\":[\"z\"]}");
	close(good);
	/* Ending does not wait for it longer than its time limit. */
	stop();
	close(deaf);
}

TEST(client_limit)
{
	int fds[CONTROL_CLIENTS_MAX];

	start();
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[i] = connect_client();
	send_bytes(fds[CONTROL_CLIENTS_MAX - 1], "echo z\n", 7);
	check_reply(fds[CONTROL_CLIENTS_MAX - 1], "{\"ok\":true,\"words\":[\"z\"]}");
	int fd = connect_client();
	check_reply(fd, REFUSED("too many clients"));
	check_reply(fd, "");
	close(fd);
	close(fds[0]);
	/* The place becomes free when the server has seen the close. */
	for (int i = 0; i < 100; i++) {
		fd = connect_client();
		if (send(fd, "echo z\n", 7, MSG_NOSIGNAL) == 7 &&
				strcmp(receive_line(fd), "{\"ok\":true,\"words\":[\"z\"]}") == 0)
			break;
		close(fd);
		fd = -1;
		usleep(10000);
	}
	CHECK(fd >= 0);
	close(fd);
	for (int i = 1; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
	stop();
}

/* Plain handlers take turns; a waiting one holds nobody up, and ends with the server. */
TEST(handlers_side_by_side)
{
	int slow_fds[5];

	start();
	int waiter = connect_client();
	send_bytes(waiter, "wait\n", 5);
	while (!__atomic_load_n(&waiting_now, __ATOMIC_SEQ_CST))
		usleep(1000);
	for (int i = 0; i < 5; i++) {
		slow_fds[i] = connect_client();
		send_bytes(slow_fds[i], "slow\n", 5);
	}
	for (int i = 0; i < 5; i++) {
		check_reply(slow_fds[i], "{\"ok\":true}");
		close(slow_fds[i]);
	}
	CHECK_INT(most_running, 1);
	stop();
	/* Its answer went out before the end. */
	check_reply(waiter, "{\"ok\":true,\"waited\":true}");
	check_reply(waiter, "");
	close(waiter);
}

TEST(client_that_dies_in_mid_line_or_before_its_reply)
{
	start();
	for (int i = 0; i < 20; i++) {
		int fd = connect_client();
		send_bytes(fd, i % 2 ? "slow\n" : "ech", i % 2 ? 5 : 3);
		close(fd);
	}
	int good = connect_client();
	send_bytes(good, "echo z\n", 7);
	check_reply(good, "{\"ok\":true,\"words\":[\"z\"]}");
	close(good);
	stop();
}

TEST(socket_is_private_and_not_without_start)
{
	struct stat st;
	char path[128];

	start();
	snprintf(path, sizeof(path), "%s/" CONTROL_SOCKET_NAME, dir);
	CHECK_INT(stat(path, &st), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	stop();
	CHECK_INT(control_server_create(&server), 0);
	CHECK_INT(control_server_start(server, "/nonexistent"), -ENOENT);
	control_server_destroy(server);
	CHECK_INT(control_server_create(&server), 0);
	char *long_dir = malloc(400);
	memset(long_dir, 'a', 399);
	long_dir[399] = '\0';
	CHECK_INT(control_server_start(server, long_dir), -ENAMETOOLONG);
	free(long_dir);
	control_server_destroy(server);
}
