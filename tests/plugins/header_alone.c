// SPDX-License-Identifier: Apache-2.0
// The public header alone, as C99 and as C++11, with -Wpadded: its layouts are the same for every compiler. Only
// compiled.
#include "beseda/plugin.h"

#ifdef BREAK
struct padded {
	uint32_t size;
	void *p;
};
int broken(struct padded p);
#endif

static int32_t alone_open(uint64_t inbox, beseda_doc config, beseda_doc state, void **self_r)
{
	*self_r = 0;
	return inbox && config && !state ? 0 : BESEDA_CONFIG;
}

static void alone_op(void *self, const struct beseda_op *op)
{
	(void)self;
	(void)BESEDA_HAS(op, resume);
}

static void alone_close(void *self) { (void)self; }

static const struct beseda_plugin PLUGIN = {sizeof(struct beseda_plugin),
					    BESEDA_ABI,
					    "org.test.alone",
					    "1",
					    "{}",
					    0,
					    0,
					    alone_open,
					    alone_op,
					    0,
					    0,
					    0,
					    alone_close};

const struct beseda_plugin *beseda_plugin_v1(void) { return &PLUGIN; }
