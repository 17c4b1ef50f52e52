// SPDX-License-Identifier: BSD-2-Clause
// Copyright (C) the ngx_team authors
//
// What one would write by hand: a lean server in node that calls the same
// functions in PostgreSQL and answers in the same way.
//
//     node members.js CONFIG
//
// CONFIG is JSON: port, database (options of pg), key (PEM), issuer, audience,
// and statements (text by name).  It keeps verified tokens, prepared statements
// and connections, and writes no log.

'use strict';

const fs = require('fs');
const { createVerifier } = require('fast-jwt');
const fastify = require('fastify');
const { Pool } = require('pg');

const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const mount = '/team';

const pool = new Pool({ ...config.database, max: 8, idleTimeoutMillis: 0 });
const verify = createVerifier({
    key: config.key, algorithms: ['RS256'], allowedIss: config.issuer,
    allowedAud: config.audience, cache: 1000
});

const app = fastify({
    logger: false, trustProxy: false,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } }
});

function problem(reply, status, code, detail) {
    reply.code(status)
        .header('content-type', 'application/problem+json')
        .send(JSON.stringify({ type: '/problems/' + code, title: code, status,
                               detail }));
}

app.decorateRequest('actor', null);

app.addHook('onRequest', (request, reply, done) => {
    const value = request.headers.authorization;

    try {
        const claims = verify(value.slice(value.indexOf(' ') + 1));

        request.actor = [claims.iss, claims.sub, claims.email,
                         claims.email_verified, claims.name];
        done();

    } catch (e) {
        reply.header('www-authenticate', 'Bearer');
        problem(reply, 401, 'unauthorized');
    }
});

app.setErrorHandler((error, request, reply) => {
    const status = /^TM(\d{3})$/.exec(error.code);

    if (status) {
        problem(reply, Number(status[1]), error.message, error.detail);

    } else if (error.validation || error.statusCode < 500) {
        problem(reply, error.validation ? 422 : error.statusCode, 'invalid',
                error.message);

    } else {
        problem(reply, 503, 'unavailable');
    }
});

function next(request, cursor) {
    const url = new URL(request.url, 'http://localhost');

    url.searchParams.set('cursor', cursor);
    return `<${url.pathname}${url.search}>; rel="next"`;
}

async function call(request, reply, name, values) {
    const result = await pool.query({
        name, text: config.statements[name], rowMode: 'array',
        values: request.actor.concat(values)
    });
    const [status, body, etag, location, cursor] = result.rows[0];

    if (status >= 400) {
        const said = JSON.parse(body);

        problem(reply, status, said.code, said.detail);
        return reply;
    }

    reply.code(status).header('content-type', 'application/json');

    if (etag) {
        reply.header('etag', etag);
    }

    if (location) {
        reply.header('location', mount + location);
    }

    if (cursor) {
        reply.header('link', next(request, cursor));
    }

    return reply.send(body);
}

const text = { type: 'string', minLength: 1 };
const texts = { type: 'array', items: text, maxItems: 200 };
const account = mount + '/v1/accounts/:account';

function body(required, properties) {
    return { schema: { body: { type: 'object', required, properties,
                               additionalProperties: false } } };
}

function json(value) {
    return value === undefined ? null : JSON.stringify(value);
}

app.get(account + '/directory', (request, reply) => {
    const q = request.query;

    return call(request, reply, 'directory_list', [
        request.params.account, q.q, q.kind, q.status, q.role, q.group, q.sort,
        q.limit, q.cursor, q.format
    ]);
});

app.get(account + '/members/:member', (request, reply) =>
    call(request, reply, 'member_get',
         [request.params.account, request.params.member]));

app.post(account + '/invitations', body(['email'], {
    email: text, name: text, roles: texts, permissions: texts, groups: texts,
    locale: text
}), (request, reply) => {
    const b = request.body;

    return call(request, reply, 'invitation_post', [
        request.params.account, b.email, b.name, json(b.roles),
        json(b.permissions), json(b.groups), b.locale,
        request.headers['idempotency-key']
    ]);
});

app.put(account + '/members/:member/roles', body(['roles'], { roles: texts }),
    (request, reply) => call(request, reply, 'member_roles_put', [
        request.params.account, request.params.member,
        json(request.body.roles), request.headers['if-match']
    ]));

app.listen({ port: config.port, host: '127.0.0.1' });
