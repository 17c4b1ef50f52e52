-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Many invitations in one request, as a JSON array or as CSV.  Each row is
-- judged by itself, under one lock: a refused one leaves the others alone.


-- The records of a CSV text (RFC 4180; a line feed alone ends a line too), less
-- those without anything in them, such as spreadsheets have at the end.  Between
-- the cells stand semicolons where the first line has some and no comma, as
-- spreadsheets write where a comma is in numbers.  Text that is no CSV as a
-- whole is refused as a whole.

create or replace function team.csv_parse(p_csv text)
returns table (n integer, fields text[])
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_text     text := ltrim(p_csv, chr(65279));
  v_between  text := case
                       when v_text ~ '^[\r\n]*[^,\r\n]*;[^,\r\n]*([\r\n]|$)'
                         then ';'
                       else ','
                     end;
  v_match    text[];
  v_length   bigint := 0;
begin
  if octet_length(p_csv) > 262144 then
    perform team.fail_at(422, 'invalid-csv', '',
                         'The CSV text may have at most 256 KiB.');
  end if;

  n := 0;
  fields := '{}';

  if right(v_text, 1) not in (E'\n', E'\r') then
    v_text := v_text || E'\n';
  end if;

  for v_match in
    select regexp_matches(
             v_text,
             replace('("(?:[^"]|"")*"|[^"%\r\n]*)(%|\r\n|\n|\r)', '%',
                     v_between), 'g')
  loop
    v_length := v_length + length(v_match[1]) + length(v_match[2]);
    fields := fields
              || case
                   when left(v_match[1], 1) = '"' then
                     replace(substr(v_match[1], 2, length(v_match[1]) - 2),
                             '""', '"')
                   else v_match[1]
                 end;

    if v_match[2] <> v_between then
      if btrim(array_to_string(fields, '')) <> '' then
        n := n + 1;
        return next;
      end if;

      fields := '{}';
    end if;
  end loop;

  if v_length <> length(v_text) then
    perform team.fail_at(422, 'invalid-csv', '',
                         'A quote is out of place in the CSV text.');
  end if;
end
$$;


-- Roles, permissions or groups in one field, as a JSON array.  Between them
-- stand spaces or semicolons; semicolons alone where there is one, as names may
-- hold spaces.

create or replace function team.csv_names(p_field text)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(jsonb_agg(btrim(s.name)), '[]')
      from regexp_split_to_table(
             p_field,
             case when strpos(p_field, ';') > 0 then ';' else ' ' end) s (name)
     where btrim(s.name) <> '');
end
$$;


-- Groups as people write them, with names for ids; what is neither stays, to be
-- told as unknown.

create or replace function team.csv_groups(p_account uuid, p_names jsonb)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(jsonb_agg(distinct coalesce(g.id::text, n.name)), '[]')
      from jsonb_array_elements_text(p_names) n (name)
      left join team.member_group g
        on g.account_id = p_account
       and g.name = n.name);
end
$$;


-- CSV as the JSON array that says the same.  A row that doesn't fit the header
-- becomes null, which no invitation is.

create or replace function team.csv_invitations(p_csv text)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_known   constant text[] := '{email,name,roles,permissions,groups,locale}';
  v_header  text[];
  v_fields  text[];
  v_n       integer;
  v_rows    jsonb := '[]';
begin
  for v_n, v_fields in
    select c.n, c.fields
      from team.csv_parse(p_csv) c
     limit 102
  loop
    if v_n = 1 then
      v_header := array(select team.email_normal(btrim(h.name))
                          from unnest(v_fields) h (name));

      if not v_header @> array['email']
         or not v_header <@ v_known
         or cardinality(v_header) <> (select count(distinct h.name)
                                        from unnest(v_header) h (name))
      then
        perform team.fail_at(
          422, 'invalid-csv', '',
          'The first line names the columns: email, and any of name, roles, '
          'permissions, groups, locale'
          || coalesce((select format('; not "%s"', left(h.name, 50))
                         from unnest(v_header) with ordinality h (name, n)
                        where h.name <> all (v_known)
                        order by h.n
                        limit 1), '')
          || '.');
      end if;

      continue;
    end if;

    v_rows := v_rows || jsonb_build_array(
      case
        when cardinality(v_fields) = cardinality(v_header) then (
          select jsonb_object_agg(
                   h.name,
                   case
                     when h.name in ('roles', 'permissions', 'groups')
                       then team.csv_names(v_fields[h.i])
                     else to_jsonb(nullif(btrim(v_fields[h.i]), ''))
                   end)
            from unnest(v_header) with ordinality h (name, i))
      end);
  end loop;

  if v_header is null then
    perform team.fail_at(422, 'invalid-csv', '', 'The CSV text is empty.');
  end if;

  return v_rows;
end
$$;


-- A member of a row that is text or not there.

create or replace function team.row_text(p_row jsonb, p_key text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_row -> p_key) not in ('string', 'null') then
    perform team.fail(422, 'invalid-row', p_key || ' must be text.');
  end if;

  return p_row ->> p_key;
end
$$;


create or replace function team.invitation_row(p_account team.account,
  p_actor team.standing, p_row jsonb, p_csv boolean)
returns record
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_row is null or jsonb_typeof(p_row) <> 'object' then
    perform team.fail(422, 'invalid-row',
                      case
                        when p_csv then
                          'The row has not as many cells as the first line.'
                        else 'An invitation must be an object.'
                      end);
  end if;

  if exists (select
               from jsonb_object_keys(p_row) k (name)
              where k.name not in ('email', 'name', 'roles', 'permissions',
                                   'groups', 'locale'))
  then
    perform team.fail(422, 'invalid-row',
                      'An invitation has an email and may have a name, roles, '
                      'permissions, groups and a locale.');
  end if;

  return team.invitation_create(
    p_account, team.member_account(p_actor.member_id), p_actor,
    team.row_text(p_row, 'email'), team.row_text(p_row, 'name'),
    team.roles_parse(p_account.id,
                     coalesce(nullif(p_row -> 'roles', 'null'), '[]')),
    team.offer_permissions_parse(nullif(p_row -> 'permissions', 'null')),
    team.offer_groups_parse(
      p_account.id,
      case
        when p_csv then team.csv_groups(p_account.id, p_row -> 'groups')
        else nullif(p_row -> 'groups', 'null')
      end),
    team.row_text(p_row, 'locale'));
end
$$;


-- One row's result.  A refusal undoes what its row has done, and nothing else;
-- what is no refusal of ours ends the whole.

create or replace function team.invitation_row_try(p_account team.account,
  p_actor team.standing, p_n integer, p_row jsonb,
  p_csv boolean)
returns json
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_email    text := case jsonb_typeof(p_row)
                       when 'object' then left(p_row ->> 'email', 254)
                     end;
  v_made     record;
  v_code     text;
  v_detail   text;
begin
  begin
    v_made := team.invitation_row(p_account, p_actor, p_row, p_csv);

    if v_made.o_refusal is null then
      return json_build_object(
        'row', p_n,
        'email', v_email,
        'status', 'created',
        'code', null,
        'detail', team.invitation_message(),
        'invitation', team.invitation_text((v_made.o_invitation).id)::json);
    end if;

  exception
    when others then
      if sqlstate not like 'TM4__' then
        raise;
      end if;

      get stacked diagnostics v_detail = pg_exception_detail;
      v_code := sqlerrm;
  end;

  if v_code is null then
    v_code := v_made.o_refusal;
    v_detail := (team.refuse(
      p_account, p_actor, 'invitation.create', p_account.id, v_code,
      jsonb_build_object('email', v_email, 'roles', p_row -> 'roles',
                         'permissions', p_row -> 'permissions'),
      'account')).body::json ->> 'detail';
  end if;

  return json_build_object('row', p_n, 'email', v_email, 'status', 'refused',
                           'code', v_code, 'detail', v_detail,
                           'invitation', null);
end
$$;


-- Exactly one of p_invitations and p_csv.

create or replace function team_api.invitation_batch(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_invitations jsonb, p_csv text, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_rows     jsonb;
  v_where    text := case when p_csv is null then '/invitations' else '' end;
  v_items    json[] := '{}';
  v_n        integer;
  v_row      jsonb;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'invitations:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_array('invitation_batch', p_invitations, p_csv));
  if v_reply.status is not null then
    return v_reply;
  end if;

  if (p_invitations is null) = (p_csv is null) then
    perform team.fail_at(422, 'invalid-batch', '',
                         'Send either a JSON array of invitations or CSV.');
  end if;

  v_rows := coalesce(p_invitations, team.csv_invitations(p_csv));

  if jsonb_typeof(v_rows) <> 'array' or jsonb_array_length(v_rows) = 0 then
    perform team.fail_at(422, 'invalid-batch', v_where,
                         'There must be at least one invitation.');
  end if;

  if jsonb_array_length(v_rows) > 100 then
    perform team.fail_at(422, 'batch-too-large', v_where,
                         'There may be at most 100 invitations.');
  end if;

  for v_row, v_n in
    select r.value, r.n
      from jsonb_array_elements(v_rows) with ordinality r (value, n)
  loop
    v_items := v_items
               || team.invitation_row_try(v_account, v_actor, v_n, v_row,
                                          p_csv is not null);
  end loop;

  v_reply.status := 200;
  v_reply.body := json_build_object('items', array_to_json(v_items));

  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;
