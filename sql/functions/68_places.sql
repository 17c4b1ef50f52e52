-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Cursors that hold a place.


-- A cursor for orders other than that of ids: base64url of one byte for the
-- kind of list, 16 that stand for the list itself, the id of the last row seen
-- and its place in the order, since the row may be gone when the next page is
-- asked for.

create or replace function team.place_make(p_kind text, p_list bytea,
  p_id uuid, p_place text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return rtrim(translate(encode(convert_to(p_kind, 'SQL_ASCII') || p_list
                                || uuid_send(p_id)
                                || convert_to(p_place, 'UTF8'), 'base64'),
                         E'+/\n', '-_'), '=');
end
$$;


-- p_time: the place is a time.

create or replace function team.place_read(p_cursor text, p_kind text,
  p_list bytea, p_time boolean, out o_id uuid, out o_place text)
returns record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_bytes  bytea;
begin
  begin
    v_bytes := decode(translate(p_cursor, '-_', '+/')
                      || repeat('=', -length(p_cursor) & 3), 'base64');
    o_id := encode(substring(v_bytes from 18 for 16), 'hex')::uuid;
    o_place := convert_from(substring(v_bytes from 34), 'UTF8');

    if p_time then
      perform o_place::timestamptz;
    end if;
  exception
    when data_exception then
      o_id := null;
  end;

  if o_id is null
     or team.place_make(p_kind, p_list, o_id, o_place)
        is distinct from p_cursor collate "C"
  then
    perform team.fail_at(400, 'bad-cursor', '?cursor',
                         'The cursor is not one of this list.');
  end if;
end
$$;


-- Exact, and the same in every session.

create or replace function team.place_time(p_time timestamptz)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
           when isfinite(p_time) then
             to_char(timezone('UTC', p_time), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           else 'infinity'
         end;
end
$$;
