// SPDX-License-Identifier: Apache-2.0
// An intrusive doubly linked list: a head and members are both `struct list`.
#pragma once
#include "base/mem.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_is_empty(const struct list *l) { return l->next == l; }
// True for a member that stands in a list (after list_init or list_remove: false).
static inline bool list_is_linked(const struct list *l) { return l->next && l->next != l; }
static inline void list_insert_before(struct list *at, struct list *l)
{
	l->prev = at->prev;
	l->next = at;
	at->prev->next = l;
	at->prev = l;
}
static inline void list_append(struct list *head, struct list *l) { list_insert_before(head, l); }
static inline void list_prepend(struct list *head, struct list *l) { list_insert_before(head->next, l); }
static inline void list_remove(struct list *l)
{
	if (l->next) {
		l->next->prev = l->prev;
		l->prev->next = l->next;
	}
	list_init(l);
}
static inline struct list *list_first(struct list *head) { return head->next == head ? NULL : head->next; }
static inline struct list *list_pop(struct list *head)
{
	struct list *l = list_first(head);
	if (l) list_remove(l);
	return l;
}
// Moves all members of `from` to the end of `to`.
static inline void list_move_all(struct list *to, struct list *from)
{
	if (list_is_empty(from)) return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

// The member may be removed inside the loop.
#define list_each(it, head)                                                                                            \
	for (struct list *it = (head)->next, *it##_n = it->next; it != (head); it = it##_n, it##_n = it->next)
#define list_entry(l, type, member) container_of(l, type, member)
