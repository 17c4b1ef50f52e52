-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors
--
-- What wrk sends, told by the environment:
--
--     BENCH_REQUESTS   a file of whole requests, before each its length and a
--                      line break: sent in turn, for ever
--     BENCH_COUNT      if set, @COUNT@ in each is a number of seven digits,
--                      which counts on from 0
--
-- A single request without a number runs no Lua while it is measured.

local requests, sent = {}, -1
local file = assert(io.open(os.getenv("BENCH_REQUESTS"), "r"))

while true do
    local length = file:read("*n")

    if not length then
        break
    end

    file:read(1)
    requests[#requests + 1] = assert(file:read(length), "cut short")
end

file:close()

-- wrk asks once beforehand, to see whether a request can be read at all: the
-- first one comes twice.

local function request_next()
    sent = sent + 1

    if sent > #requests then
        sent = 1
    end

    return requests[sent > 0 and sent or 1]
end

local heads, tails = {}, {}

local function request_counted()
    sent = sent + 1

    local i = sent % #requests + 1

    return heads[i] .. string.format("%07d", sent) .. tails[i]
end

if os.getenv("BENCH_COUNT") then
    for i, text in ipairs(requests) do
        heads[i], tails[i] = text:match("^(.*)@COUNT@(.*)$")
    end

    request = request_counted

elseif #requests > 1 then
    request = request_next

else
    function init()
        wrk.format = function() return requests[1] end
    end
end

dofile(os.getenv("BENCH_DONE"))
