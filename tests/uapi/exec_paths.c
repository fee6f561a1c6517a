/*
 * EXECBUFFER2 as a client uses it: relocations, addresses, contexts, order. One
 * source, run in process (preload_self.c) and in another process
 * (preload_client.c).
 */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "exec_list.h"
#include "gpu_packet.h"
#include "test.h"

TEST(a_batch_stores_a_value)
{
	int fd = exec_begin();
	uint32_t handle = exec_create(fd, 8192);
	struct list list;

	list_init(&list, fd, 0);
	list_store(&list, list_add(&list, handle, 0), 4100, 0x12345678);
	list_run(&list);
	CHECK_INT(exec_wait(fd, handle, -1), 0);
	CHECK(!exec_busy(fd, handle));
	CHECK_INT(exec_read_dword(fd, handle, 4100), 0x12345678);
	CHECK_INT(exec_read_dword(fd, handle, 4096), 0);
	list_finish(&list);
	exec_end(fd);
}
