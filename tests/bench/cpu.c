// SPDX-License-Identifier: Apache-2.0
// CPU time of processes, from /proc and getrusage.
#include "cpu.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// Of one process, when it is that parent's child or parent is 0.
static double cpu_of_pid(long pid, long parent)
{
	char path[64], text[1024];
	long of = 0;
	unsigned long user = 0, system = 0;
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *f = fopen(path, "r");
	if (!f) return 0;
	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = 0;
	// The name may hold blanks and parentheses; the fields are counted from its end (proc(5)).
	const char *at = strrchr(text, ')');
	const char *fields = " %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
	if (!at || sscanf(at + 1, fields, &of, &user, &system) != 3 || (parent && of != parent)) return 0;
	return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_of_children(long parent)
{
	double us = 0;
	DIR *d = opendir("/proc");
	if (!d) return 0;
	for (struct dirent *e; (e = readdir(d));) {
		long pid = strtol(e->d_name, NULL, 10);
		if (pid) us += cpu_of_pid(pid, parent);
	}
	closedir(d);
	return us;
}

double cpu_of(const char *who)
{
	const char *at = strchr(who, '=') + 1;
	return *at == '@' ? cpu_of_children(strtol(at + 1, NULL, 10)) : cpu_of_pid(strtol(at, NULL, 10), 0);
}

double cpu_machine(void)
{
	unsigned long user, nice, system, idle, wait, irq, soft;
	FILE *f = fopen("/proc/stat", "r");
	int n = f ? fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu", &user, &nice, &system, &idle, &wait, &irq, &soft) : 0;
	if (f) fclose(f);
	if (n != 7) return 0;
	return (double)(user + nice + system + irq + soft) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

double cpu_own(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e6 +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}
