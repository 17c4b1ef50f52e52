-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Helpers that need no table; tables' defaults need them.

-- RFC 9562, version 7: 48 bits of milliseconds, 12 of their fraction, then
-- random, so that ids ascend with time, those of one transaction too, and new
-- rows land at the end of an index.

create or replace function team.uuid_v7()
returns uuid
language plpgsql
volatile
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_us  bigint := extract(epoch from clock_timestamp()) * 1000000;
begin
  return encode(
           overlay(uuid_send(gen_random_uuid())
                   placing int8send((v_us / 1000 << 16) | (7 << 12)
                                    | (v_us % 1000 * 4096 / 1000))
                   from 1 for 8),
           'hex')::uuid;
end
$$;


-- The next three have no SET, so that the planner can inline them: they are used
-- once a row.  Every other function is PL/pgSQL, also where it is one
-- expression: one in SQL that isn't inlined is planned anew at each call, which
-- costs more than most of them do.


-- Email addresses are compared in ASCII lower case: lower() would follow the
-- database's locale, in which two different addresses can meet.

create or replace function team.email_normal(p_email text)
returns text
language sql
immutable
parallel safe
as $$
  select pg_catalog.translate(p_email, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                              'abcdefghijklmnopqrstuvwxyz')
$$;


-- Names are looked for in any case, in whatever alphabet and locale: by the
-- rules of Unicode that are nobody's in particular.  The dot that remains of a
-- Turkish capital I is left out, and a sigma is one also at a word's end.

create or replace function team.name_normal(p_name text)
returns text
language sql
immutable
parallel safe
as $$
  select case
           when pg_catalog.octet_length(p_name)
                = pg_catalog.char_length(p_name)
           then pg_catalog.translate(p_name, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
                                     'abcdefghijklmnopqrstuvwxyz')
           else pg_catalog.translate(
                  pg_catalog.lower(p_name collate pg_catalog."und-x-icu"),
                  U&'\03C2\0307', U&'\03C3')
         end collate pg_catalog."C"
$$;


create or replace function team.time_text(p_time timestamptz)
returns text
language sql
stable
parallel safe
as $$
  select pg_catalog.to_char(
           pg_catalog.timezone('UTC', p_time), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;


-- The id a path names, or null for text that is no id.  One spelling only:
-- whatever caches by the text must see one account under one name.

create or replace function team.id_parse(p_text text)
returns uuid
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when p_text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
           then p_text::uuid
         end;
end
$$;


-- Raises what the gateway answers as a problem: SQLSTATE TMnnn carries the
-- HTTP status, the message is the stable code.

create or replace function team.fail(p_status integer, p_code text,
  p_detail text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'TM' || p_status,
    message = p_code,
    detail = p_detail;
end
$$;


-- The same of bad input, with the place of it as the hint: a JSON Pointer into
-- the body, "?name" for a parameter, or a header's name.

create or replace function team.fail_at(p_status integer, p_code text,
  p_place text, p_detail text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using
    errcode = 'TM' || p_status,
    message = p_code,
    detail = p_detail,
    hint = p_place;
end
$$;


-- The JSON Pointer (RFC 6901) of a body's member; the rest of what is no name
-- of ours is left out.

create or replace function team.pointer(p_name text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return '/' || replace(replace(left(p_name, 100), '~', '~0'), '/', '~1');
end
$$;


-- Where a list of texts first has one that is none of p_known; where it first
-- repeats one, if p_known is null.

create or replace function team.pointer_in(p_name text, p_texts text[],
  p_known text[])
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.pointer(p_name) || '/' || (
    select min(t.n) - 1
      from unnest(p_texts) with ordinality t (text, n)
     where case
             when p_known is null
             then t.text collate "C" = any (p_texts[:t.n - 1])
             else t.text collate "C" <> all (p_known)
           end);
end
$$;


-- A cursor is opaque: base64url of one byte for the kind of list, the id of
-- whose list it is, the id of the last row seen: 33 bytes, 44 characters.

create or replace function team.cursor_make(p_kind text, p_scope uuid,
  p_last uuid)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return translate(
           encode(convert_to(p_kind, 'SQL_ASCII') || uuid_send(p_scope)
                  || uuid_send(p_last), 'base64'),
           '+/', '-_');
end
$$;


-- The id of the last row seen; null for the first page.

create or replace function team.cursor_read(p_cursor text, p_kind text,
  p_scope uuid)
returns uuid
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last uuid;
begin
  if p_cursor is null then
    return null;
  end if;

  if p_cursor ~ '^[A-Za-z0-9_-]{44}$' then
    v_last := encode(substring(decode(translate(p_cursor, '-_', '+/'),
                                      'base64') from 18), 'hex')::uuid;
    if team.cursor_make(p_kind, p_scope, v_last) = p_cursor collate "C" then
      return v_last;
    end if;
  end if;

  perform team.fail_at(400, 'bad-cursor', '?cursor',
                       'The cursor is not one of this list.');
end
$$;


create or replace function team.limit_check(p_limit integer)
returns integer
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_limit not between 1 and 200 then
    perform team.fail_at(400, 'bad-limit', '?limit',
                         'limit must be from 1 to 200.');
  end if;

  return coalesce(p_limit, 50);
end
$$;


-- A strong entity tag: of what is sent, so that it changes exactly when that
-- does, a role's new name included.

create or replace function team.etag(p_body text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return '"' || substr(encode(sha256(convert_to(p_body, 'UTF8')), 'hex'), 1, 32)
         || '"';
end
$$;


-- If-Match (RFC 9110 section 13.1.1): required, strong comparison.

create or replace function team.if_match_check(p_if_match text, p_etag text)
returns void
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_if_match is null then
    perform team.fail(428, 'precondition-required',
                      'Send If-Match with the ETag you have read.');
  end if;

  if btrim(p_if_match, E' \t') <> '*'
     and p_etag <> all (regexp_split_to_array(btrim(p_if_match, E' \t'),
                                              '[ \t]*,[ \t]*'))
  then
    perform team.fail(412, 'precondition-failed',
                      'It has been changed since you read it.');
  end if;
end
$$;
