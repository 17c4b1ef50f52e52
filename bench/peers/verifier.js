// SPDX-License-Identifier: BSD-2-Clause
// Copyright (C) the ngx_team authors
//
// What people put behind auth_request: a small service that checks a token.
//
//     node verifier.js PORT JWKS ISSUER AUDIENCE
//
// 204 if the token holds, else 401.

'use strict';

const fs = require('fs');
const http = require('http');
const jose = require('jose');

const [port, file, issuer, audience] = process.argv.slice(2);
const keys = jose.createLocalJWKSet(JSON.parse(fs.readFileSync(file, 'utf8')));
const options = { issuer, audience, algorithms: ['RS256'] };

async function check(request, response) {
    const [scheme, token] = (request.headers.authorization || '').split(' ');
    let status = 401;

    if (/^bearer$/i.test(scheme) && token) {
        try {
            await jose.jwtVerify(token, keys, options);
            status = 204;
        } catch (e) {
            status = 401;
        }
    }

    response.writeHead(status).end();
}

http.createServer(check).listen(Number(port), '127.0.0.1');
