-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors
--
-- What wrk says in the end: one line for Bench::Wrk.

function done(summary, latency)
    local e = summary.errors

    io.write(string.format("bench requests=%d us=%d bytes=%.0f p50=%d p99=%d "
             .. "status=%d errors=%d\n", summary.requests, summary.duration,
             summary.bytes, latency:percentile(50), latency:percentile(99),
             e.status, e.connect + e.read + e.write + e.timeout))
end
