// SPDX-License-Identifier: Apache-2.0
// CPU time of processes, from /proc and getrusage.
#include "cpu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static double cpu_of_pid(long pid)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f) return 0;
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	// The name may hold blanks and parentheses; the fields are counted from its end (proc(5)).
	const char *at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
		return 0;
	return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

double cpu_of(const char *who)
{
	const char *at = strchr(who, '=');
	double us = 0;
	while (at && at[1]) {
		us += cpu_of_pid(strtol(at + 1, NULL, 10));
		at = strchr(at + 1, ',');
	}
	return us;
}

double cpu_own(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}
