// SPDX-License-Identifier: Apache-2.0
// The contract of schemas/api/openapi.yaml at work: makes requests by the name of their operation, and holds each answer
// against the schema of its status.
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const Ajv = require('ajv');
const yaml = require('yaml');

const file = path.resolve(__dirname, '..', '..', 'schemas', 'api', 'openapi.yaml');
const doc = yaml.parse(fs.readFileSync(file, 'utf8'));
const METHODS = ['get', 'post', 'patch', 'put', 'delete'];

const ajv = new Ajv({ strict: false, allErrors: true });
ajv.addSchema({ $id: 'api', ...doc });

const escape = (text) => text.replace(/~/g, '~0').replace(/\//g, '~1');

function findOperations() {
	const found = new Map();
	for (const [where, item] of Object.entries(doc.paths)) {
		for (const method of METHODS) {
			const operation = item[method];
			if (operation) found.set(operation.operationId, { method: method.toUpperCase(), path: where, operation });
		}
	}
	return found;
}

const operations = findOperations();
const called = new Set();
const validators = new Map();

function validator(pointer) {
	if (!validators.has(pointer)) validators.set(pointer, ajv.compile({ $ref: `api#${pointer}` }));
	return validators.get(pointer);
}

function check(pointer, value, what) {
	const validate = validator(pointer);
	if (validate(value)) return;
	assert.fail(`${what} breaks the contract: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value, null, 1)}`);
}

const checkSchema = (name, value) => check(`/components/schemas/${name}`, value, name);

// Objects have no members that the contract does not name: what is served without being described will be relied upon.
function checkMembers(name, value) {
	const known = Object.keys(doc.components.schemas[name].properties);
	const extra = Object.keys(value).filter((key) => !known.includes(key));
	assert.deepEqual(extra, [], `${name} has members that the contract does not name`);
}

// Calls an operation as a client. status: what is expected (default: the first success of the operation).
async function call(client, operationId, { id, query, json, body, headers, status } = {}) {
	const { method, path: where, operation } = operations.get(operationId) ?? assert.fail(`no operation ${operationId}`);
	const wanted = status ?? Number(Object.keys(operation.responses).find((code) => code < 400));
	const search = query ? `?${new URLSearchParams(query)}` : '';
	const answer = await client.raw(method, where.replace('{id}', id) + search, { json, body, headers });
	const what = `${operationId} (${answer.status})`;
	called.add(operationId);
	assert.equal(answer.status, wanted, `${what}: ${answer.text.slice(0, 500)}`);
	if (wanted >= 400) {
		check('/components/responses/Error/content/application~1json/schema', answer.body, what);
		return answer;
	}
	const media = operation.responses[wanted].content?.['application/json'];
	if (media) {
		check(`/paths/${escape(where)}/${method.toLowerCase()}/responses/${wanted}/content/application~1json/schema`, answer.body, what);
		assert.equal(answer.headers.get('content-type'), 'application/json');
	} else if (wanted === 204) {
		assert.equal(answer.text, '');
	}
	return answer;
}

module.exports = { call, called, checkMembers, checkSchema, operations };
