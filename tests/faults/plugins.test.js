// SPDX-License-Identifier: Apache-2.0
// Plugins that are none lie in the plugins folder: each is named with what to do about it; the server and the others work.
'use strict';
const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { play, makeFolder } = require('../tools/scene');
const { Besedad } = require('../tools/besedad');
const { Echo } = require('../tools/peer');

const ENTRY = `
#include "beseda/plugin.h"
static int32_t open_(uint64_t i, beseda_doc c, beseda_doc s, void **r) { (void)i; (void)c; (void)s; (void)r; return 0; }
static void op_(void *s, const struct beseda_op *o) { (void)s; (void)o; }
static void close_(void *s) { (void)s; }
static const struct beseda_plugin P = {.size = sizeof P, .abi = ABI, .id = ID, .version = "1.0.0", .manifest = MANIFEST,
	.open = open_, .op = op_, .close = close_};
BESEDA_EXPORT const struct beseda_plugin *beseda_plugin_v1(void) { BODY; return &P; }
`;

// Builds one from C; what stands in `defines` fills the template.
function compile(file, { source = ENTRY, flags = ['-shared', '-fPIC'], ...defines } = {}) {
	const all = { ABI: 'BESEDA_ABI', ID: '"org.example.pigeon"', MANIFEST: '"{\\"name\\":\\"Pigeon\\",\\"verbs\\":[]}"', BODY: '', ...defines };
	const include = path.resolve(__dirname, '..', '..', 'core', 'include');
	const words = Object.entries(all).map(([name, value]) => `-D${name}=${value}`);
	execFileSync('gcc', ['-w', '-x', 'c', '-I', include, ...flags, ...words, '-o', file, '-'], { input: source });
	fs.chmodSync(file, 0o755);
}

// File name → how it is made, and what the log says of it.
const NONE = {
	'text.so': [(file) => fs.writeFileSync(file, 'this is no plugin\n'), /no ELF file/],
	'empty.so': [(file) => fs.writeFileSync(file, ''), /no ELF file/],
	'cut.so': [(file, echo) => fs.writeFileSync(file, fs.readFileSync(echo).subarray(0, 5000)), /cut short or damaged/],
	'program.so': [(file) => compile(file, { source: 'int main(void) { return 0; }', flags: ['-no-pie'] }), /no shared library/],
	'stranger.so': [(file) => compile(file, { source: 'int stranger = 1;' }), /beseda_plugin_v1/],
	'crash.so': [(file) => compile(file, { BODY: '*(volatile int *)0 = 1' }), /crashed/],
	'exit.so': [(file) => compile(file, { BODY: '__builtin_trap()' }), /crashed|ended the process/],
	'hang.so': [(file) => compile(file, { BODY: 'for (volatile int i = 0;; i++) {}' }), /does not return/],
	'null.so': [(file) => compile(file, { BODY: 'return 0' }), /null\.so: /],
	'abi.so': [(file) => compile(file, { ABI: '7777' }), /abi\.so: /],
	'name.so': [(file) => compile(file, { ID: '"Not A Name"' }), /no reverse DNS name/],
	'manifest.so': [(file) => compile(file, { MANIFEST: '"{nonsense"' }), /manifest/],
	'lib.so': [(file) => compile(file, { flags: ['-shared', '-fPIC', '-Wl,--no-as-needed', '-lsqlite3'] }), /lib\.so: /],
	'open.so': [(file) => (compile(file), fs.chmodSync(file, 0o777)), /others than its owner may write it/],
	'folder.so': [(file) => fs.mkdirSync(file), /no file/],
	'dangling.so': [(file) => fs.symlinkSync('/nowhere/at/all.so', file), /cannot be opened/],
	'.hidden.so': [(file) => fs.writeFileSync(file, 'x'), null],
	'readme.txt': [(file) => fs.writeFileSync(file, 'x'), null],
};

play('plugins that are none are named and passed over', { stores: ['sqlite'] }, async (scene) => {
	const folder = makeFolder('plugins');
	scene.atEnd(() => fs.rmSync(folder, { recursive: true, force: true }));
	const echo = path.join(scene.server.plugins, 'echo.so');
	fs.copyFileSync(echo, path.join(folder, 'echo.so'));
	for (const [name, [make]] of Object.entries(NONE)) make(path.join(folder, name), echo);

	const server = await Besedad.start({ plugins: folder, settings: { 'plugins.allow_hosts': '127.0.0.1' }, allow: [/plugins: skipped/] });
	const skipped = server.log.split('\n').filter((line) => line.includes('plugins: skipped'));
	for (const [name, [, says]] of Object.entries(NONE)) {
		const line = skipped.find((one) => one.includes(`/${name}`));
		if (says) assert.match(line ?? `nothing is said of ${name}`, says);
		else assert.equal(line, undefined);
	}
	const admin = await server.admin();
	assert.deepEqual((await admin.get('/channels')).channels.map((one) => one.channel ?? one.id), ['echo']);
	const there = { server, admin, atEnd: (work) => scene.atEnd(work) };
	const inbox = await Echo.open(there);
	await inbox.post({ id: 'm1', from: 'ann', text: 'it works' });
	const { id } = await inbox.conversation('it works', admin);
	await admin.send(id, 'it does');
	await inbox.peer.gets('it does');
	await server.stop();
});

play('without a folder of plugins, or with inboxes whose plugin is gone, the desk still works', { stores: ['sqlite'] }, async (scene) => {
	const echo = await Echo.open(scene);
	await echo.post({ id: 'm1', from: 'ann', text: 'before' });
	const { id } = await echo.conversation('before');
	await scene.server.stop({ keep: true });
	const { plugins } = scene.server;
	scene.server.plugins = '/nowhere/at/all';
	scene.server.allow.push(/plugins: the folder .* cannot be read/, /inbox/);
	await scene.server.run();
	assert.equal((await scene.admin.get(`/conversations/${id}`)).conversation.preview, 'before');
	assert.ok([404, 503].includes((await echo.hook({ id: 'm2', from: 'ann', text: 'not now' })).status));
	await scene.server.stop({ keep: true });
	scene.server.plugins = plugins;
	await scene.server.run();
	await echo.post({ id: 'm2', from: 'ann', text: 'after' });
	assert.equal((await scene.admin.get(`/conversations/${id}`)).conversation.preview, 'after');
});
