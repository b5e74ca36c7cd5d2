// SPDX-License-Identifier: Apache-2.0
// For LD_PRELOAD: every fsync and fdatasync takes SLOWSYNC_MS milliseconds more, as on a slower disk.
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void wait_more(void)
{
	const char *text = getenv("SLOWSYNC_MS");
	long us = text ? (long)(strtod(text, NULL) * 1000) : 0;
	struct timespec left = {us / 1000000, us % 1000000 * 1000};
	while (us > 0 && nanosleep(&left, &left))
		;
}

int fsync(int fd)
{
	long rc = syscall(SYS_fsync, fd);
	if (!rc) wait_more();
	return (int)rc;
}

int fdatasync(int fd)
{
	long rc = syscall(SYS_fdatasync, fd);
	if (!rc) wait_more();
	return (int)rc;
}
