// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's binary forms: numbers in network order, arrays of one dimension.
#include "pg.h"
#include <assert.h>
#include <endian.h>
#include <string.h>

static char *put32(char *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, 4);
	return p + 4;
}

static char *put64(char *p, uint64_t v)
{
	v = htobe64(v);
	memcpy(p, &v, 8);
	return p + 8;
}

unsigned pg_oid_of(char type, bool is_column)
{
	switch (type) {
	case 'i': return is_column ? PG_INT8_ARRAY : PG_INT8;
	case 't': return is_column ? PG_TEXT_ARRAY : PG_TEXT;
	case 'b': return is_column ? PG_BYTEA_ARRAY : PG_BYTEA;
	case 'r': return is_column ? PG_FLOAT8_ARRAY : PG_FLOAT8;
	case 'I': return PG_INT8_ARRAY;
	case 'T': return PG_TEXT_ARRAY;
	}
	return 0;
}

static char *put_real(char *p, double r)
{
	uint64_t bits;
	memcpy(&bits, &r, 8);
	return put64(p, bits);
}

// Dimensions, whether there are NULLs, the type; then one dimension of n from 1.
static void put_head(struct buf *b, uint32_t n, bool has_null, unsigned element)
{
	char *p = put32(buf_reserve(b, 20), n ? 1 : 0);
	p = put32(p, has_null);
	p = put32(p, element);
	b->n += 12;
	if (!n) return;
	put32(put32(p, n), 1);
	b->n += 8;
}

static void put_str(struct buf *b, struct str s)
{
	char *p = put32(buf_reserve(b, 4 + s.n), (uint32_t)s.n);
	if (s.n) memcpy(p, s.p, s.n);
	b->n += 4 + s.n;
}

static void put_element(struct buf *b, const struct db_value *v)
{
	if (v->type == 't' || v->type == 'b') {
		put_str(b, v->s);
		return;
	}
	char *p = buf_reserve(b, 12);
	if (!v->type) {
		put32(p, UINT32_MAX);
		b->n += 4;
		return;
	}
	p = put32(p, 8);
	if (v->type == 'i')
		put64(p, (uint64_t)v->i);
	else
		put_real(p, v->r);
	b->n += 12;
}

void pg_put_column(struct buf *b, char type, const struct run_row *rows, uint32_t n, size_t col)
{
	bool has_null = false;
	for (uint32_t i = 0; i < n; i++)
		has_null |= !rows[i].values[col].type;
	put_head(b, n, has_null, pg_oid_of(type, false));
	for (uint32_t i = 0; i < n; i++) {
		assert(!rows[i].values[col].type || rows[i].values[col].type == type);
		put_element(b, &rows[i].values[col]);
	}
}

void pg_put_ords(struct buf *b, uint32_t n)
{
	enum { INT4 = 23 };
	put_head(b, n, false, INT4);
	char *p = buf_reserve(b, (size_t)n * 8);
	for (uint32_t i = 1; i <= n; i++)
		p = put32(put32(p, 4), i);
	b->n += (size_t)n * 8;
}

void pg_put_value(struct buf *b, const struct db_value *v)
{
	switch (v->type) {
	case 'i':
		put64(buf_reserve(b, 8), (uint64_t)v->i);
		b->n += 8;
		break;
	case 'r':
		put_real(buf_reserve(b, 8), v->r);
		b->n += 8;
		break;
	case 'I':
		put_head(b, (uint32_t)v->ints.n, false, PG_INT8);
		for (size_t i = 0; i < v->ints.n; i++) {
			const struct db_value element = DB_INT(v->ints.v[i]);
			put_element(b, &element);
		}
		break;
	case 'T':
		put_head(b, (uint32_t)v->strs.n, false, PG_TEXT);
		for (size_t i = 0; i < v->strs.n; i++)
			put_str(b, v->strs.v[i]);
		break;
	default: buf_add(b, v->s);
	}
}

enum { BOOL = 16, NAME = 19, INT2 = 21, INT4 = 23, OID = 26, JSON = 114, FLOAT4 = 700, BPCHAR = 1042, VARCHAR = 1043 };

bool pg_can_read(char type, unsigned oid)
{
	switch (type) {
	case 'i': return oid == PG_INT8 || oid == INT4 || oid == INT2 || oid == BOOL || oid == OID;
	case 't': return oid == PG_TEXT || oid == VARCHAR || oid == BPCHAR || oid == NAME || oid == JSON;
	case 'b': return oid == PG_BYTEA;
	case 'r': return oid == PG_FLOAT8 || oid == FLOAT4;
	}
	return false;
}

int64_t pg_get_int(const PGresult *r, int row, int col)
{
	const char *p = PQgetvalue(r, row, col);
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;
	switch (PQgetlength(r, row, col)) {
	case 8: return memcpy(&v64, p, 8), (int64_t)be64toh(v64);
	case 4: return memcpy(&v32, p, 4), PQftype(r, col) == OID ? (int64_t)be32toh(v32) : (int32_t)be32toh(v32);
	case 2: return memcpy(&v16, p, 2), (int16_t)be16toh(v16);
	case 1: return *p;
	}
	return 0;
}

static double get_real(const PGresult *r, int row, int col)
{
	int64_t bits = pg_get_int(r, row, col);
	int32_t bits32 = (int32_t)bits;
	double d;
	float f;
	if (PQgetlength(r, row, col) == 8) return memcpy(&d, &bits, 8), d;
	return memcpy(&f, &bits32, 4), f;
}

// Text and bytes stay the result's.
struct db_value pg_get(const PGresult *r, int row, int col, char type)
{
	if (PQgetisnull(r, row, col)) return DB_NULL;
	if (type == 'i') return DB_INT(pg_get_int(r, row, col));
	if (type == 'r') return DB_REAL(get_real(r, row, col));
	struct str s = {PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col)};
	return (struct db_value){.type = type, .s = s};
}
