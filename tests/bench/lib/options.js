// SPDX-License-Identifier: Apache-2.0
// The command line of a bench.
'use strict';

const STORES = ['sqlite', 'postgres'];

function numbers(text, name) {
	const list = text.split(',').map(Number);
	if (list.some((n) => !(n >= 0))) throw new Error(`${name}: expected a number, got "${text}"`);
	return list;
}

// known: {name: default}; a default that is a number takes a number. Gives them with stores and fsyncs, which every bench has.
function readOptions(known) {
	const options = { ...known, stores: STORES, fsyncs: [0] };
	const words = process.argv.slice(2);
	while (words.length) {
		const word = words.shift();
		const name = word.replace(/^--/, '');
		const value = words.shift();
		if (value === undefined) throw new Error(`${word} needs a value`);
		if (name === 'store' && STORES.includes(value)) options.stores = [value];
		else if (name === 'fsync-ms') options.fsyncs = numbers(value, word);
		else if (word.startsWith('--') && name in known) [options[name]] = numbers(value, word);
		else throw new Error(`${word} ${value}: there are --store ${STORES.join('|')}, --fsync-ms N[,N], --${Object.keys(known).join(' N, --')} N`);
	}
	return options;
}

module.exports = { readOptions };
