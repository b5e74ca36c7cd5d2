// SPDX-License-Identifier: Apache-2.0
// 10,000 messages in, every third answered, the server killed 40 times; PostgreSQL crashes in the middle.
'use strict';
const { play } = require('../tools/scene');
const { storm } = require('../tools/storm');

play('10,000 messages through 40 kills', { ownCluster: true, settings: { 'log.level': 'info' } }, async (scene, t) => {
	const upheaval = scene.cluster && (() => scene.cluster.crash().then(() => scene.cluster.start()));
	await storm(scene, { n: 10_000, senders: 400, workers: 24, kills: 40, upheaval, t });
});
