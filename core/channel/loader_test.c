// SPDX-License-Identifier: Apache-2.0
// The loader against its zoo: what is no plugin is refused with a rule and a remedy, and harms nobody.
#include "elf_check.h"
#include "scan.h"
#include "world_test.h"
#include <sys/stat.h>

static struct world w;
static char folder[64];

static int setup(void **state)
{
	snprintf(folder, sizeof folder, "/tmp/beseda-loader-XXXXXX");
	assert_non_null(mkdtemp(folder));
	world_open(&w);
	return 0;
}

static int teardown(void **state)
{
	char command[128];
	world_close(&w);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static void refuses(const char *path, const char *why)
{
	struct err e = {0};
	assert_true(channels_load(w.c, path, &e) < 0);
	if (!strstr(e.text, why) || strncmp(e.text, path, strlen(path)) != 0)
		fail_msg("%s\nshould say: %s\nbut says:   %s", path, why, e.text);
	assert_int_equal(channels_list(w.c, NULL, 0), 0);
}

static void refuses_animal(const char *name, const char *why)
{
	char path[400];
	snprintf(path, sizeof path, "%s/zoo_%s.so", TEST_PLUGINS, name);
	refuses(path, why);
}

static void the_zoo(void **state)
{
	refuses_animal("no_export", "does not export beseda_plugin_v1; write that function");
	refuses_animal("crash", "crashed when its entry function was called (Segmentation fault); debug it");
	refuses_animal("exits", "ended the process that loaded it");
	refuses_animal("small_size", "the size in its table is wrong; set .size");
	refuses_animal("large_size", "the size in its table is");
	refuses_animal("wrong_abi", "made for another version of the ABI; build it with");
	refuses_animal("no_table", "returned no table");
	refuses_animal("no_op", "open, op or close is missing");
	refuses_animal("no_function", "a pointer that is no function");
	refuses_animal("no_manifest", "id, version or manifest is missing");
	refuses_animal("bad_manifest", "its manifest is wrong: it is no JSON");
	refuses_animal("bad_verb", "its manifest is wrong: verbs: should hold names");
	refuses_animal("bad_id", "is no reverse DNS name; write it like");
	refuses_animal("changing", "says different things at different times");
	refuses_animal("bad_init", "its init returned -1");
	refuses_animal("needs", "it needs libcrypto.so");
	assert_true(has(&w.log, "the zoo's init does not want to"));
}

static void endless_entry(void **state)
{
	w.c->scan_ms = 300;
	refuses_animal("endless", "does not return; beseda_plugin_v1 must only return");
}

static char *in_folder(const char *name)
{
	static char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static char *copy_of_probe(const char *name)
{
	char command[900];
	snprintf(command, sizeof command, "cp '%s' '%s/%s'", PROBE, folder, name);
	assert_int_equal(system(command), 0);
	return in_folder(name);
}

static void write_at(const char *path, long at, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

static void files_that_are_no_plugins(void **state)
{
	char *path = in_folder("text.so");
	FILE *f = fopen(path, "w");
	fputs("int main(void) { return 0; }\n", f);
	fclose(f);
	refuses(path, "it is no ELF file; a plugin is a shared library");
	refuses(in_folder("none.so"), "cannot be opened");
	mkdir(in_folder("folder.so"), 0700);
	refuses(in_folder("folder.so"), "it is no file");
	f = fopen(in_folder("empty.so"), "w");
	fclose(f);
	refuses(in_folder("empty.so"), "it is no ELF file");
	path = copy_of_probe("arch.so");
	write_at(path, 18, "\xb7\0", 2); /* AArch64 */
	refuses(path, "built for another machine (183");
	path = copy_of_probe("class.so");
	write_at(path, 4, "\1", 1);
	refuses(path, "it is not a 64-bit library");
	path = copy_of_probe("type.so");
	write_at(path, 16, "\1\0", 2);
	refuses(path, "it is no shared library; link it with -shared");
	path = copy_of_probe("short.so");
	assert_int_equal(truncate(path, 700), 0);
	refuses(path, "; copy it again");
}

static void files_that_others_may_write(void **state)
{
	char *path = copy_of_probe("open.so");
	chmod(path, 0664);
	refuses(path, "others than its owner may write it; chmod go-w");
	chmod(path, 0646);
	refuses(path, "others than its owner may write it");
	chmod(path, 0644);
	struct err e;
	assert_int_equal(channels_load(w.c, path, &e), 0);
	if (geteuid() == 0) {
		path = copy_of_probe("theirs.so");
		assert_int_equal(chown(path, 12345, 12345), 0);
		assert_int_equal(channels_load(w.c, path, &e), E_DENIED);
		assert_non_null(strstr(e.text, "belongs to another user; chown it"));
	}
}

static void replacing_the_file_changes_nothing(void **state)
{
	struct err e;
	struct ended d = {0};
	char *path = copy_of_probe("probe.so");
	assert_int_equal(channels_load(w.c, path, &e), 0);
	assert_int_equal(truncate(path, 0), 0); /* a mapped file would be gone now */
	world_inbox(&w, path, "probe", 1, "{}");
	steps_run(&w, "[{\"do\":\"complete\"}]", &d);
	assert_int_equal(d.status, 0);
	buf_fini(&d.text);
}

static void loads_once(void **state)
{
	struct err e;
	struct channel_info info[4];
	assert_int_equal(channels_load(w.c, PROBE, &e), 0);
	assert_int_equal(channels_load(w.c, PROBE, &e), E_CONFLICT);
	assert_int_equal(channels_list(w.c, info, 4), 1);
	assert_true(str_is(info[0].channel, "probe") && str_is(info[0].id, "org.test.probe") &&
		    str_is(info[0].version, "0.1"));
	assert_true(json_is(channels_manifest(w.c, STR("probe")), JSON_MAP));
	assert_null(channels_manifest(w.c, STR("none")));
}

static void folder_skips_the_bad(void **state)
{
	copy_of_probe("a.so");
	FILE *f = fopen(in_folder("b.so"), "w");
	fputs("text", f);
	fclose(f);
	copy_of_probe("c.so"); /* the same channel again */
	copy_of_probe("readme.txt");
	assert_int_equal(channels_load_folder(w.c, folder), 1);
	assert_true(has(&w.log, "skipped: ") && has(&w.log, "b.so: it is no ELF file"));
	assert_true(has(&w.log, "loaded already"));
	assert_int_equal(channels_load_folder(w.c, "/nonexistent"), 0);
}

// A child of the scan must not see what the server has open, and leaves nothing behind.
static void scan_leaves_nothing(void **state)
{
	struct arena *a = arena_new(0);
	struct scan_report report;
	struct err e;
	char before[400] = {0};
	for (int fd = 0; fd < 100; fd++)
		before[fd] = fcntl(fd, F_GETFD) >= 0 ? 'x' : '.';
	assert_int_equal(scan_plugin(a, PROBE, 5000, &report, &e), 0);
	assert_true(str_is(report.id, "org.test.probe"));
	for (int fd = 0; fd < 100; fd++)
		assert_int_equal(before[fd], fcntl(fd, F_GETFD) >= 0 ? 'x' : '.');
	arena_free(&a);
	assert_true(access(w.c->folder ? w.c->folder : "/nonexistent", F_OK) != 0);
	assert_int_equal(channels_load(w.c, PROBE, &e), 0);
	char *kept = mem_strdup(w.c->folder);
	assert_int_equal(access(kept, F_OK), 0);
	channels_close(w.c, 0, note_closed, &w.is_closed);
	assert_true(world_wait(&w, is_set, &w.is_closed));
	w.c = NULL;
	assert_int_not_equal(access(kept, F_OK), 0);
	mem_free(kept);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_zoo),
		T(endless_entry),
		T(files_that_are_no_plugins),
		T(files_that_others_may_write),
		T(replacing_the_file_changes_nothing),
		T(loads_once),
		T(folder_skips_the_bad),
		T(scan_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
