// SPDX-License-Identifier: Apache-2.0
// The layouts of the plugin ABI, frozen: what is asserted here is in plugins that are built already. Lines are only
// added.
#include "beseda/plugin.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define AT(type, member, offset)                                                                                       \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member " has moved")
#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type " has another size")
#define VALUE(name, value) _Static_assert((name) == (value), #name " has another value")

AT(beseda_str, p, 0);
AT(beseda_str, n, 8);
SIZE(beseda_str, 16);

AT(beseda_op, size, 0);
AT(beseda_op, attempt, 4);
AT(beseda_op, id, 8);
AT(beseda_op, verb, 16);
AT(beseda_op, key, 24);
AT(beseda_op, deadline_ms, 32);
AT(beseda_op, doc, 40);
AT(beseda_op, resume, 48);
SIZE(beseda_op, 56);

AT(beseda_answer, size, 0);
AT(beseda_answer, error, 4);
AT(beseda_answer, call, 8);
AT(beseda_answer, tag, 16);
AT(beseda_answer, cause, 24);
AT(beseda_answer, doc, 32);
SIZE(beseda_answer, 40);

AT(beseda_host, size, 0);
AT(beseda_host, abi, 4);
AT(beseda_host, ext, 8);
AT(beseda_host, log, 16);
AT(beseda_host, emit, 24);
AT(beseda_host, complete, 32);
AT(beseda_host, call, 40);
AT(beseda_host, cancel, 48);
AT(beseda_host, wake, 56);
SIZE(beseda_host, 64);

AT(beseda_plugin, size, 0);
AT(beseda_plugin, abi, 4);
AT(beseda_plugin, id, 8);
AT(beseda_plugin, version, 16);
AT(beseda_plugin, manifest, 24);
AT(beseda_plugin, init, 32);
AT(beseda_plugin, fini, 40);
AT(beseda_plugin, open, 48);
AT(beseda_plugin, op, 56);
AT(beseda_plugin, cancel, 64);
AT(beseda_plugin, answer, 72);
AT(beseda_plugin, wake, 80);
AT(beseda_plugin, close, 88);
SIZE(beseda_plugin, 96);

AT(beseda_doc_v1, size, 0);
AT(beseda_doc_v1, reserved, 4);
AT(beseda_doc_v1, kind, 8);
AT(beseda_doc_v1, count, 16);
AT(beseda_doc_v1, at, 24);
AT(beseda_doc_v1, item, 32);
AT(beseda_doc_v1, key, 40);
AT(beseda_doc_v1, string, 48);
AT(beseda_doc_v1, bytes, 56);
AT(beseda_doc_v1, integer, 64);
AT(beseda_doc_v1, real, 72);
AT(beseda_doc_v1, boolean, 80);
AT(beseda_doc_v1, build, 88);
AT(beseda_doc_v1, map, 96);
AT(beseda_doc_v1, list, 104);
AT(beseda_doc_v1, end, 112);
AT(beseda_doc_v1, put_null, 120);
AT(beseda_doc_v1, put_boolean, 128);
AT(beseda_doc_v1, put_integer, 136);
AT(beseda_doc_v1, put_real, 144);
AT(beseda_doc_v1, put_string, 152);
AT(beseda_doc_v1, put_bytes, 160);
AT(beseda_doc_v1, put_doc, 168);
AT(beseda_doc_v1, done, 176);
AT(beseda_doc_v1, to_json, 184);
AT(beseda_doc_v1, from_json, 192);
AT(beseda_doc_v1, keep, 200);
AT(beseda_doc_v1, drop, 208);
SIZE(beseda_doc_v1, 216);

AT(beseda_thread_check_v1, size, 0);
AT(beseda_thread_check_v1, reserved, 4);
AT(beseda_thread_check_v1, is_lane, 8);
SIZE(beseda_thread_check_v1, 16);

VALUE(BESEDA_NOTHING, 0);
VALUE(BESEDA_NULL, 1);
VALUE(BESEDA_BOOL, 2);
VALUE(BESEDA_INT, 3);
VALUE(BESEDA_REAL, 4);
VALUE(BESEDA_STRING, 5);
VALUE(BESEDA_BYTES, 6);
VALUE(BESEDA_LIST, 7);
VALUE(BESEDA_MAP, 8);
VALUE(BESEDA_E_INVALID, -1);
VALUE(BESEDA_E_TOO_LARGE, -2);
VALUE(BESEDA_E_ENDED, -3);
VALUE(BESEDA_E_BUSY, -4);
VALUE(BESEDA_E_THREAD, -5);
VALUE(BESEDA_E_UNSUPPORTED, -6);
VALUE(BESEDA_E_FAILED, -7);
VALUE(BESEDA_OK, 0);
VALUE(BESEDA_TRANSIENT, 1);
VALUE(BESEDA_THROTTLED, 2);
VALUE(BESEDA_AUTH, 3);
VALUE(BESEDA_WINDOW_CLOSED, 4);
VALUE(BESEDA_OPTED_OUT, 5);
VALUE(BESEDA_RECIPIENT_UNKNOWN, 6);
VALUE(BESEDA_INVALID, 7);
VALUE(BESEDA_UNSUPPORTED, 8);
VALUE(BESEDA_TOO_LARGE, 9);
VALUE(BESEDA_MEDIA_UNAVAILABLE, 10);
VALUE(BESEDA_QUOTA, 11);
VALUE(BESEDA_POLICY, 12);
VALUE(BESEDA_CONFIG, 13);
VALUE(BESEDA_PROVIDER_DOWN, 14);
VALUE(BESEDA_UNCERTAIN, 15);
VALUE(BESEDA_INTERNAL, 16);
VALUE(BESEDA_AFTER_COMMIT, 1);
VALUE(BESEDA_NO_ANSWER, 2);

static void tables_of_other_sizes_are_told_apart(void **state)
{
	struct beseda_plugin old = {.size = offsetof(struct beseda_plugin, wake)};
	assert_true(BESEDA_HAS(&old, answer));
	assert_false(BESEDA_HAS(&old, wake));
	old.size++;
	assert_false(BESEDA_HAS(&old, wake));
	old.size = offsetof(struct beseda_plugin, close);
	assert_true(BESEDA_HAS(&old, wake));
}

static void strings_are_measured(void **state)
{
	assert_int_equal(beseda_str("abc").n, 3);
	assert_int_equal(beseda_str("").n, 0);
	assert_non_null(beseda_str("").p);
	assert_null(beseda_str(NULL).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_other_sizes_are_told_apart),
		cmocka_unit_test(strings_are_measured),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
