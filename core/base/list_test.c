// SPDX-License-Identifier: Apache-2.0
// Tests of the intrusive list.
#include "base/list.h"
#include "testing.h"
#include <cmocka.h>

struct item {
	int v;
	struct list link;
};

static struct list head;
static struct item items[5];

static int fill(void **state)
{
	list_init(&head);
	for (int i = 0; i < 5; i++) {
		items[i] = (struct item){.v = i};
		list_append(&head, &items[i].link);
	}
	return 0;
}

static int sum(struct list *l)
{
	int v = 0;
	list_each (it, l)
		v = v * 10 + list_entry(it, struct item, link)->v;
	return v;
}

static void appends_and_prepends(void **state)
{
	assert_int_equal(sum(&head), 1234);
	struct item first = {.v = 9};
	list_prepend(&head, &first.link);
	assert_int_equal(sum(&head), 901234);
	assert_true(list_is_linked(&first.link));
	list_remove(&first.link);
	assert_false(list_is_linked(&first.link));
	list_remove(&first.link);
	assert_int_equal(sum(&head), 1234);
}

static void a_member_may_be_removed_in_the_loop(void **state)
{
	list_each (it, &head)
		if (list_entry(it, struct item, link)->v % 2 == 0) list_remove(it);
	assert_int_equal(sum(&head), 13);
	list_each (it, &head)
		list_remove(it);
	assert_true(list_is_empty(&head));
	assert_null(list_first(&head));
	assert_null(list_pop(&head));
}

static void pops_from_the_front(void **state)
{
	assert_ptr_equal(list_pop(&head), &items[0].link);
	assert_false(list_is_linked(&items[0].link));
	assert_ptr_equal(list_first(&head), &items[1].link);
}

static void moves_all(void **state)
{
	struct list to;
	list_init(&to);
	list_move_all(&to, &head);
	assert_true(list_is_empty(&head));
	assert_int_equal(sum(&to), 1234);
	list_move_all(&to, &head);
	assert_int_equal(sum(&to), 1234);
	struct item more = {.v = 7};
	list_append(&head, &more.link);
	list_move_all(&to, &head);
	assert_int_equal(sum(&to), 12347);
}

static void zeroed_is_not_linked(void **state)
{
	struct item one = {0};
	assert_false(list_is_linked(&one.link));
	list_remove(&one.link);
	assert_false(list_is_linked(&one.link));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(appends_and_prepends, fill),
		cmocka_unit_test_setup(a_member_may_be_removed_in_the_loop, fill),
		cmocka_unit_test_setup(pops_from_the_front, fill),
		cmocka_unit_test_setup(moves_all, fill),
		cmocka_unit_test(zeroed_is_not_linked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
