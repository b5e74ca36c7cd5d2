// SPDX-License-Identifier: Apache-2.0
// The crash run in short; tests/long/crash.test.js is the long one.
'use strict';
const { play } = require('../tools/scene');
const { storm } = require('../tools/storm');

play('killed under load, everything acknowledged is there once', { ownCluster: true }, async (scene, t) => {
	await storm(scene, { n: 500, kills: 4, upheaval: scene.cluster && (() => scene.cluster.crash().then(() => scene.cluster.start())), t });
});
