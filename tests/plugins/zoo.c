// SPDX-License-Identifier: Apache-2.0
// Plugins that are none: one source, one mistake for each definition.
#include "beseda/plugin.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef ZOO_NEEDS
#include <openssl/crypto.h>
#endif

static int32_t zoo_open(uint64_t inbox, beseda_doc config, beseda_doc state, void **self_r)
{
	(void)inbox, (void)config, (void)state, (void)self_r;
	return 0;
}
#ifndef ZOO_NO_OP
static void zoo_op(void *self, const struct beseda_op *op) { (void)self, (void)op; }
#endif
static void zoo_close(void *self) { (void)self; }

#ifdef ZOO_BAD_INIT
static int32_t zoo_init(const struct beseda_host *h)
{
	h->log(h, 0, BESEDA_LOG_INFO, "the zoo's init does not want to");
	return -1;
}
#endif

static struct beseda_plugin table = {
#if defined(ZOO_SMALL_SIZE)
	.size = 16,
#elif defined(ZOO_LARGE_SIZE)
	.size = 4088,
#else
	.size = sizeof table,
#endif
#ifdef ZOO_WRONG_ABI
	.abi = 99,
#else
	.abi = BESEDA_ABI,
#endif
#ifdef ZOO_BAD_ID
	.id = "Echo",
#else
	.id = "org.test.zoo",
#endif
	.version = "1",
#if defined(ZOO_BAD_MANIFEST)
	.manifest = "{\"name\":\"Zoo\",\"verbs\":",
#elif defined(ZOO_BAD_VERB)
	.manifest = "{\"name\":\"Zoo\",\"verbs\":[7]}",
#elif !defined(ZOO_NO_MANIFEST)
	.manifest = "{\"name\":\"Zoo\",\"verbs\":[]}",
#endif
#ifdef ZOO_BAD_INIT
	.init = zoo_init,
#endif
	.open = zoo_open,
#ifdef ZOO_NO_OP
	.op = 0,
#else
	.op = zoo_op,
#endif
	.close = zoo_close,
};

#ifndef ZOO_NO_EXPORT
const struct beseda_plugin *beseda_plugin_v1(void)
{
#if defined(ZOO_CRASH)
	raise(SIGSEGV);
#elif defined(ZOO_ENDLESS)
	for (volatile int i = 0;; i++)
		;
#elif defined(ZOO_EXITS)
	_exit(3);
#elif defined(ZOO_NO_TABLE)
	return (const struct beseda_plugin *)(uintptr_t)64;
#elif defined(ZOO_NO_FUNCTION)
	static int not_code;
	memcpy(&table.wake, &(int *){&not_code}, sizeof table.wake);
#elif defined(ZOO_CHANGING)
	/* a child is not where the server runs it */
	static char version[24];
	for (int pid = (int)getpid(), i = 0; pid; pid /= 10)
		version[i++] = (char)('0' + pid % 10);
	table.version = version;
#elif defined(ZOO_NEEDS)
	table.version = OpenSSL_version(OPENSSL_VERSION);
#endif
	return &table;
}
#else
const struct beseda_plugin *zoo_unused(void);
const struct beseda_plugin *zoo_unused(void) { return &table; }
#endif
