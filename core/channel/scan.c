// SPDX-License-Identifier: Apache-2.0
// The scan: a forked child without our descriptors loads the file, calls its entry, checks the table and writes a
// report to a pipe: "O" and three strings, or "E" and a sentence. A child that crashes, hangs or lies harms nobody.
#include "scan.h"
#include "beseda/plugin.h"
#include "elf_check.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define REPORT_MAX ((size_t)2 << 20)
#define TABLE_MAX 4096
#define TABLE_MIN (offsetof(struct beseda_plugin, close) + sizeof(void *)) // that of 1.0, whatever was added since

// ---- in the child -----------------------------------------------------------------------------------------------

// Is [p, p + n) within one loaded segment with these rights?
struct range {
	uintptr_t from, to;
	uint32_t rights;
};

static int range_is_in(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	const struct range *r = arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t from = info->dlpi_addr + p->p_vaddr;
		if (p->p_type == PT_LOAD && (p->p_flags & r->rights) == r->rights && r->from >= from &&
		    r->to <= from + p->p_memsz)
			return 1;
	}
	return 0;
}

static bool is_loaded(const void *p, size_t n, uint32_t rights)
{
	struct range r = {(uintptr_t)p, (uintptr_t)p + n, rights};
	return p && r.to >= r.from && dl_iterate_phdr(range_is_in, &r);
}

static const char *table_mistake(const struct beseda_plugin *t)
{
	if (!is_loaded(t, sizeof t->size, PF_R))
		return "its beseda_plugin_v1 returned no table; return the address of a static one";
	if (t->size < TABLE_MIN || t->size > TABLE_MAX || t->size % 8)
		return "the size in its table is wrong; set .size = sizeof(struct beseda_plugin)";
	if (!is_loaded(t, t->size, PF_R))
		return "the size in its table is larger than the table; set .size = sizeof(struct beseda_plugin)";
	if (t->abi != BESEDA_ABI)
		return "it was made for another version of the ABI; build it with this server's header";
	if (!is_loaded((const void *)t->id, 1, PF_R) || !is_loaded((const void *)t->version, 1, PF_R) ||
	    !is_loaded((const void *)t->manifest, 1, PF_R))
		return "id, version or manifest is missing in its table; give three constant strings";
	const uintptr_t calls[] = {(uintptr_t)t->open, (uintptr_t)t->op,     (uintptr_t)t->close,  (uintptr_t)t->init,
				   (uintptr_t)t->fini, (uintptr_t)t->cancel, (uintptr_t)t->answer, (uintptr_t)t->wake};
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (i < 3 && !calls[i]) return "open, op or close is missing in its table; write them";
		if (calls[i] && !is_loaded((const void *)calls[i], 1, PF_X))
			return "its table holds a pointer that is no function; build it again";
	}
	return NULL;
}

static void write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno == EINTR) continue;
		if (w <= 0) _exit(1);
		p += w;
		n -= (size_t)w;
	}
}

static void __attribute__((noreturn)) report_mistake(int fd, const char *text)
{
	write_all(fd, "E", 1);
	write_all(fd, text, strlen(text));
	_exit(0);
}

static void check_file(int report, const char *path)
{
	struct err e;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) report_mistake(report, "it cannot be read");
	void *p = st.st_size ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	struct str file = {p == MAP_FAILED ? "" : p, p == MAP_FAILED ? 0 : (size_t)st.st_size};
	if (elf_check(file, &e)) report_mistake(report, e.text);
	close(fd);
}

static void __attribute__((noreturn)) child_scan(int report, const char *path)
{
	check_file(report, path);
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!so) report_mistake(report, dlerror());
	const struct beseda_plugin *(*entry)(void);
	*(void **)&entry = dlsym(so, "beseda_plugin_v1");
	if (!entry)
		report_mistake(report, "it does not export beseda_plugin_v1; write that function with BESEDA_EXPORT");
	const struct beseda_plugin *t = entry();
	const char *mistake = table_mistake(t);
	if (mistake) report_mistake(report, mistake);
	write_all(report, "O", 1);
	write_all(report, t->id, strlen(t->id) + 1);
	write_all(report, t->version, strlen(t->version) + 1);
	write_all(report, t->manifest, strlen(t->manifest) + 1);
	_exit(0);
}

// Nothing of ours is left to it: no descriptors, no handlers, no core file, no life beyond ours.
static void child_prepare(int *report)
{
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP) signal(i, SIG_DFL);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	*report = fcntl(*report, F_DUPFD, 10);
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	*report = dup2(*report, 3);
	close_range(4, ~0U, 0);
}

// ---- in the server ----------------------------------------------------------------------------------------------

// Reads until the end or the deadline; false: the deadline came.
static bool read_report(int fd, int64_t ms, struct buf *b)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t until = t.tv_sec * 1000 + t.tv_nsec / 1000000 + ms;
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		int64_t left = until - (t.tv_sec * 1000 + t.tv_nsec / 1000000);
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (ready < 0 && errno == EINTR) continue;
		if (ready <= 0) return false;
		ssize_t n = read(fd, buf_reserve(b, 65536), 65536);
		if (n < 0 && errno == EINTR) continue;
		if (n <= 0 || b->n > REPORT_MAX) return true;
		b->n += (size_t)n;
	}
}

static int judge_silence(int status, bool is_late, struct err *e)
{
	if (is_late)
		return err_set(e, E_TIMEOUT,
			       "its entry function does not return; beseda_plugin_v1 must only return its table");
	if (WIFSIGNALED(status))
		return err_set(e, E_INVALID,
			       "it crashed when its entry function was called (%s); debug it with a small program",
			       strsignal(WTERMSIG(status)));
	return err_set(e, E_INVALID,
		       "it ended the process that loaded it; beseda_plugin_v1 must only return its table");
}

static int read_strings(struct arena *a, struct str text, struct scan_report *r, struct err *e)
{
	struct str rest = text, *const fields[] = {&r->id, &r->version, &r->manifest};
	for (size_t i = 0; i < 3; i++) {
		struct str s;
		if (str_find(rest, 0) < 0 || !str_cut(&rest, 0, &s))
			return err_set(e, E_INVALID,
				       "its id, version and manifest are larger than 2 MiB; make them smaller");
		*fields[i] = arena_str(a, s);
	}
	return 0;
}

int scan_plugin(struct arena *a, const char *path, int64_t ms, struct scan_report *r_r, struct err *e)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC)) return err_set(e, E_IO, "no pipe for the scan: %s", strerror(errno));
	pid_t pid = fork();
	if (!pid) {
		child_prepare(&ends[1]);
		child_scan(ends[1], path);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_set(e, E_IO, "no process for the scan: %s", strerror(errno));
	}
	struct buf report = {0};
	bool is_late = !read_report(ends[0], ms, &report);
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	close(ends[0]);
	struct str text = buf_str(&report);
	int r;
	if (!is_late && text.n && text.p[0] == 'O')
		r = read_strings(a, (struct str){text.p + 1, text.n - 1}, r_r, e);
	else if (!is_late && text.n)
		r = err_set(e, E_INVALID, "%.*s", (int)(text.n - 1), text.p + 1);
	else
		r = judge_silence(status, is_late, e);
	buf_fini(&report);
	return r;
}
