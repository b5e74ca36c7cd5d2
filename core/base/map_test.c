// SPDX-License-Identifier: Apache-2.0
// Tests of both hash maps.
#include "base/map.h"
#include "base/mem.h"
#include "testing.h"
#include <cmocka.h>
#include <stdio.h>

#define N 3000

static int values[N];

static void puts_gets_removes(void **state)
{
	struct map *m = map_new();
	assert_null(map_get(m, 0));
	assert_null(map_remove(m, 0));
	assert_null(map_put(m, 0, &values[0]));
	assert_ptr_equal(map_get(m, 0), &values[0]);
	assert_ptr_equal(map_put(m, 0, &values[1]), &values[0]);
	assert_int_equal(map_count(m), 1);
	assert_ptr_equal(map_remove(m, 0), &values[1]);
	assert_null(map_get(m, 0));
	assert_int_equal(map_count(m), 0);
	map_free(&m);
	assert_null(m);
	map_free(&m);
}

// The same random steps on the map and on a plain array.
static void agrees_with_an_array(void **state)
{
	struct map *m = map_new();
	void *model[N] = {0};
	size_t n_model = 0;
	uint32_t random = 1;
	for (int step = 0; step < 200000; step++) {
		random = random * 1664525 + 1013904223;
		size_t range = step < 100000 ? N : 50, i = (random >> 8) % range;
		uint64_t key = (uint64_t)i << 32;
		if (random >> 31) {
			void *v = &values[step % N];
			assert_ptr_equal(map_put(m, key, v), model[i]);
			n_model += !model[i];
			model[i] = v;
		} else {
			assert_ptr_equal(map_remove(m, key), model[i]);
			n_model -= model[i] != NULL;
			model[i] = NULL;
		}
		assert_int_equal(map_count(m), n_model);
	}
	for (size_t i = 0; i < N; i++)
		assert_ptr_equal(map_get(m, (uint64_t)i << 32), model[i]);
	map_free(&m);
}

static void iteration_sees_each_once_also_when_it_removes(void **state)
{
	struct map *m = map_new();
	for (uint64_t i = 0; i < N; i++)
		map_put(m, i, &values[i]);
	int seen[N] = {0};
	size_t at = 0;
	uint64_t key;
	void *value;
	while (map_next(m, &at, &key, &value)) {
		assert_ptr_equal(value, &values[key]);
		seen[key]++;
		if (key % 3) assert_ptr_equal(map_remove(m, key), value);
	}
	for (size_t i = 0; i < N; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(map_count(m), N / 3);
	at = 0;
	size_t n = 0;
	while (map_next(m, &at, NULL, NULL))
		n++;
	assert_int_equal(n, N / 3);
	map_free(&m);
}

static struct str key_of(char text[32], int i) { return (struct str){text, (size_t)snprintf(text, 32, "key-%d", i)}; }

static void strings_are_copied(void **state)
{
	struct smap *m = smap_new();
	char text[32];
	for (int i = 0; i < N; i++)
		assert_null(smap_put(m, key_of(text, i), &values[i]));
	for (int i = 0; i < N; i++)
		assert_ptr_equal(smap_get(m, key_of(text, i)), &values[i]);
	assert_ptr_equal(smap_put(m, key_of(text, 7), &values[8]), &values[7]);
	assert_int_equal(smap_count(m), N);
	assert_null(smap_get(m, STR("key-")));
	smap_free(&m);
	assert_null(m);
	smap_free(&m);
}

static void any_bytes_are_a_key(void **state)
{
	struct smap *m = smap_new();
	assert_null(smap_remove(m, STR("")));
	smap_put(m, STR(""), &values[0]);
	smap_put(m, STR("a\0b"), &values[1]);
	smap_put(m, STR("a"), &values[2]);
	assert_ptr_equal(smap_get(m, STR_NONE), &values[0]);
	assert_ptr_equal(smap_get(m, STR("a\0b")), &values[1]);
	assert_ptr_equal(smap_remove(m, STR("a")), &values[2]);
	assert_null(smap_get(m, STR("a")));
	assert_null(smap_get(m, STR("a\0c")));
	smap_free(&m);
}

static void strings_may_be_removed_while_iterating(void **state)
{
	struct smap *m = smap_new();
	char text[32];
	for (int i = 0; i < N; i++)
		smap_put(m, key_of(text, i), &values[i]);
	size_t at = 0, n = 0;
	struct str key;
	void *value;
	while (smap_next(m, &at, &key, &value)) {
		n++;
		assert_ptr_equal(smap_remove(m, key), value);
	}
	assert_int_equal(n, N);
	assert_int_equal(smap_count(m), 0);
	for (int i = 0; i < 100000; i++) { // puts and removes do not pile up
		smap_put(m, key_of(text, i), &values[0]);
		smap_remove(m, key_of(text, i));
	}
	assert_null(smap_get(m, STR("key-5")));
	smap_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_gets_removes),
		cmocka_unit_test(agrees_with_an_array),
		cmocka_unit_test(iteration_sees_each_once_also_when_it_removes),
		cmocka_unit_test(strings_are_copied),
		cmocka_unit_test(any_bytes_are_a_key),
		cmocka_unit_test(strings_may_be_removed_while_iterating),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
