// SPDX-License-Identifier: Apache-2.0
// The crash run in short; tests/long/crash.test.js is the long one.
'use strict';
const fs = require('node:fs');
const { play, makeFolder } = require('../tools/scene');
const { Besedad } = require('../tools/besedad');
const { copyPluginsWithForgetfulEcho } = require('../tools/peer');
const { storm } = require('../tools/storm');

play('killed under load, everything acknowledged is there once', { ownCluster: true }, async (scene, t) => {
	const upheaval = scene.cluster && (() => scene.cluster.crash().then(() => scene.cluster.start()));
	await storm(scene, { n: 500, kills: 4, upheaval, t });
});

const plugins = makeFolder('forgetful');
process.on('exit', () => fs.rmSync(plugins, { recursive: true, force: true }));
copyPluginsWithForgetfulEcho(new Besedad({}).plugins, plugins);

play('where sending again is not safe: delivered once, or nobody knows', { plugins }, async (scene, t) => {
	await storm(scene, { n: 400, kills: 6, isForgetful: true, t });
});
