// SPDX-License-Identifier: BSD-2-Clause
// Copyright (C) the ngx_team authors
//
// The organization plugin of better-auth, on its own database, as its
// documentation sets it up.
//
//     node organization.js CONFIG
//
// CONFIG is JSON: port and database (options of pg).  The tables are made by
// its own migrations.  What would only stop a benchmark is off: rate limits,
// mail, and how many members and invitations there may be.

'use strict';

const fs = require('fs');
const http = require('http');
const { Pool } = require('pg');

async function main() {
    const { betterAuth } = await import('better-auth');
    const { getMigrations } = await import('better-auth/db/migration');
    const { toNodeHandler } = await import('better-auth/node');
    const { organization } = await import('better-auth/plugins');
    const config = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));

    const auth = betterAuth({
        baseURL: `http://127.0.0.1:${config.port}`,
        secret: 'a secret of no use to anybody, for a benchmark',
        database: new Pool({ ...config.database, max: 8 }),
        emailAndPassword: { enabled: true },
        rateLimit: { enabled: false },
        telemetry: { enabled: false },
        logger: { disabled: true },
        plugins: [organization({ membershipLimit: 1e9, invitationLimit: 1e9 })]
    });

    await (await getMigrations(auth.options)).runMigrations();

    http.createServer(toNodeHandler(auth)).listen(config.port, '127.0.0.1');
}

main();
