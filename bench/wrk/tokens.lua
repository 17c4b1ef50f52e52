-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors
--
-- What wrk sends, told by the environment:
--
--     BENCH_PATH      the location
--     BENCH_TOKENS    a file, a token and its account a line: sent in turn,
--                     for ever
--     BENCH_SKIP      lines to leave out first
--     BENCH_COUNT     how many then
--     BENCH_START     which of these to begin with, from 0
--     BENCH_STREAM    or a command that prints such lines: each is sent once,
--                     and then the last one until wrk is interrupted
--
-- All of the first kind run the same Lua, whether one token or many, so that
-- wrk costs the same beside the server that is measured.

local path, tokens, stream = os.getenv("BENCH_PATH"), {}, nil
local sent = 0

local function format(line)
    local token, account = line:match("^(%S+) (%S+)$")

    return "GET " .. path .. " HTTP/1.1\r\nHost: bench.example\r\n"
           .. "User-Agent: wrk\r\nAccept: */*\r\n"
           .. "X-Account: " .. account .. "\r\n"
           .. "Authorization: Bearer " .. token .. "\r\n\r\n"
end

function init()
    local command = os.getenv("BENCH_STREAM")

    if command then
        stream = assert(io.popen(command, "r"))
        return
    end

    local file = assert(io.open(os.getenv("BENCH_TOKENS"), "r"))

    for _ = 1, tonumber(os.getenv("BENCH_SKIP")) do
        file:read("*l")
    end

    for i = 1, tonumber(os.getenv("BENCH_COUNT")) do
        tokens[i] = format(assert(file:read("*l"), "too few tokens"))
    end

    file:close()
    sent = tonumber(os.getenv("BENCH_START"))
end

local function request_next()
    sent = sent + 1

    if sent > #tokens then
        sent = 1
    end

    return tokens[sent]
end

-- wrk asks once beforehand, to see whether a request can be read at all: the
-- first line comes twice.

local asked

local function request_stream()
    if asked == 1 then
        asked = 2
        return tokens[1]
    end

    asked = asked or 1

    local line = stream and stream:read("*l")

    if line then
        tokens[1] = format(line)

    else
        stream = nil
    end

    return tokens[1]
end

request = os.getenv("BENCH_STREAM") and request_stream or request_next

dofile(os.getenv("BENCH_DONE"))
