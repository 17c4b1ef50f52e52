-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- The directory's search: which entries come next, in an order.


-- What is looked for: text, roles whose names have it, filters.  A null means
-- anything.

do $$
begin
  if to_regtype('team.directory_query') is null then
    create type team.directory_query as (
      account_id  uuid,
      text        text,
      text_roles  uuid[],
      kind        text,
      status      text,
      expired     boolean,
      declined    boolean,
      role        uuid,
      "group"     uuid
    );
  end if;
end $$;


-- What a request asks for.  A role or a group that isn't there is as the nil
-- id, which nobody has.

create or replace function team.directory_query_make(p_account team.account,
  p_q text, p_kind text, p_status text, p_role text, p_group text)
returns team.directory_query
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_nil    constant uuid := '00000000-0000-0000-0000-000000000000';
  v_query  team.directory_query;
begin
  if p_kind not in ('member', 'invitation', 'join_request') then
    perform team.fail_at(400, 'bad-kind', '?kind',
                         'kind is member, invitation or join_request.');
  end if;

  if p_status not in ('active', 'pending', 'suspended', 'declined', 'expired')
  then
    perform team.fail_at(400, 'bad-status', '?status',
                         'status is active, pending, suspended, declined or '
                         'expired.');
  end if;

  v_query.account_id := p_account.id;
  v_query.kind := p_kind;
  v_query.declined := p_account.decline_mode = 'shown';

  if p_status in ('pending', 'expired') then
    v_query.status := 'pending';
    v_query.expired := p_status = 'expired';
  else
    v_query.status := p_status;
  end if;

  if p_role is not null then
    v_query.role := coalesce((select r.id
                                from team.role r
                               where r.account_id = p_account.id
                                 and r.key = p_role), v_nil);
  end if;

  if p_group is not null then
    v_query."group" := coalesce(team.id_parse(p_group), v_nil);
  end if;

  if p_q <> '' then
    -- no name holds a line break, which is what ends one in an entry's text
    v_query.text := translate(team.name_normal(p_q), E'\n', E'\x01');
    v_query.text_roles := nullif(
      array(select r.id
              from team.role r
             where r.account_id = p_account.id
               and (strpos(team.name_normal(r.name), v_query.text) > 0
                    or strpos(r.key, v_query.text) > 0)), '{}');
  end if;

  return v_query;
end
$$;


create or replace function team.directory_key(p_what text)
returns bigint
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return hashtextextended(p_what, 256);
end
$$;


-- The numbers of the index (team.directory_keys) by which entries are found: an
-- entry that is looked for has all of o_all, which may be empty, and any of
-- o_any, which may be null.  Both: no way is known.  p_but: an entry that has
-- the text only there, at the beginning of its name (1) or of its email (2),
-- need not be found; else null.
--
-- What begins the text stands for itself or begins a name or an email; what
-- follows in it never does.  Of what follows those are taken that are rarest
-- among some entries of the account: reading all that have a common one costs
-- more than it saves.  So what begins the text is left out where it is common.

create or replace function team.directory_keys_wanted(
  p_query team.directory_query, p_but integer, out o_all bigint[],
  out o_any bigint[])
returns record
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  constant uuid := p_query.account_id;
  v_text     constant text := coalesce(p_query.text, '');
  v_letters  constant text := team.directory_letters();
  v_sorts    bigint[];
  v_sample   text;
  v_but      text;
  v_count    integer;
begin
  o_all := '{}';

  if length(v_text) = 1 then
    return;
  end if;

  v_sorts := array(select team.directory_sort(v_account, place)
                     from generate_series(0, 2) place
                    where place is distinct from p_but);

  if length(v_text) = 2 then
    o_any := array(
      select hashtextextended(p.part, s.sort)
        from (select v_text
              union all
              select v_text || substr(v_letters, i, 1)
                from generate_series(1, length(v_letters)) i) p (part),
             unnest(v_sorts) s (sort));

  elsif length(v_text) > 2 then
    o_any := array(select hashtextextended(left(v_text, 3), s.sort)
                     from unnest(v_sorts) s (sort));
  end if;

  if length(v_text) > 3 then
    select string_agg(d.search, E'\n'), count(*),
           string_agg(case p_but
                        when 1 then substr(d.search, 2)
                        when 2 then d.name_key || E'\n' || substr(d.email, 2)
                        else d.search
                      end, E'\n')
      into v_sample, v_count, v_but
      from (select d.search, d.name_key, d.email
              from team.directory d
             where d.account_id = v_account
             order by d.created_at desc, d.id desc
             limit 200) d;

    o_all := array(
      select hashtextextended(p.part, team.directory_sort(v_account, 0))
        from (select substr(v_text, i, 3)
                from generate_series(2, least(length(v_text) - 2, 100)) i)
               p (part)
       order by length(v_sample) - length(replace(v_sample, p.part, ''))
       limit 4);

    if length(v_but) - length(replace(v_but, left(v_text, 3), ''))
       > 3 * v_count / 4
    then
      o_any := null;
    end if;
  end if;

  if p_query.role is not null and v_text = '' then
    o_all := o_all || team.directory_key('role ' || p_query.role);
  end if;

  if p_query."group" is not null then
    o_all := o_all || team.directory_key('group ' || p_query."group");
  end if;

  if p_query.status is not null and p_query.status <> 'active' then
    o_all := o_all || team.directory_key('status ' || p_query.status || ' '
                                         || v_account);
  end if;

  if p_query.kind is not null and p_query.kind <> 'member' then
    o_all := o_all || team.directory_key('kind ' || p_query.kind || ' '
                                         || v_account);
  end if;
end
$$;


-- The ids of the next entries, one function for each order: after p_after and
-- p_id, at most p_limit.
--
-- What is common is soon met by walking the list in its order; what is rare is
-- found by the index of numbers.  Which of the two it is, the first thousand
-- entries tell: with one in two hundred, the page is full after some ten
-- thousand.  A small account is walked to its end by then.
--
-- By name or email, those that begin with the text lie together, wherever that
-- is: they are walked too, from where they begin, and only those that have it
-- elsewhere are found by number.

do $do$
declare
  v_column    text;
  v_down      boolean;
  v_walked    text;
  v_filter    text;
  v_sifted    text;
  v_found     text;
  v_but       text;
  v_begin     text;
  v_function  text;
begin
  -- what the text finds; "case": what isn't of it is asked nothing else

  v_filter := $sql$case
               when v_text is null or strpos(d.search, v_text) > 0
                    or v_roles is not null and %ROLES% && v_roles
               then (v_kind is null or d.kind = v_kind)
                    and (v_status is null or d.status = v_status)
                    and (v_hide is false or d.status <> 'declined')
                    and (v_expired is null
                         or coalesce(d.expires_at <= statement_timestamp(),
                                     false) = v_expired)
                    and (v_role is null or v_role = any (%ROLES%))
                    and (v_group is null or v_group = any (%GROUPS%))
               else false
             end$sql$;

  foreach v_column in array '{name_key,email,created_at,joined_at}'::text[] loop
    v_found := $sql$
            select d.%COLUMN%, d.id
              from (select *
                      from team.directory o
                     where %MATCH%
                        or %KEYS% && v_role_keys
                    offset 0) d
             where d.account_id = v_account
               and (d.%COLUMN%, d.id) %THAN% (p_after, p_id)
               and %SIFTED%$sql$;

    if v_column like '%\_at' then
      v_walked := '*';
      v_sifted := v_filter;
      v_but := 'null';
      v_begin := '';

    else
      -- what the order's index has, and what it need not be asked for often

      v_walked := 'o.%COLUMN%, o.id, o.search, o.few_roles, o.kind, '
                  'o.status, o.expires_at';
      v_sifted := replace(v_filter, '%ROLES%', $sql$coalesce(
                      d.few_roles, (select o.roles
                                      from team.directory o
                                     where o.id = d.id))$sql$);
      v_sifted := replace(v_sifted, '%GROUPS%', $sql$
                      (select o.groups
                         from team.directory o
                        where o.id = d.id)::uuid[]$sql$);
      v_but := case v_column when 'name_key' then '1' else '2' end;
      v_begin := $sql$
  -- from where those begin that begin with the text, or where we are

  if p_after %BEFORE% then
    v_after := %FIRST%;
    v_id := '00000000-0000-0000-0000-000000000000';
  else
    v_after := p_after;
    v_id := p_id;
  end if;
$sql$;

      v_found := $sql$(
            select d.%COLUMN%, d.id
              from (select %WALKED%
                      from team.directory o
                     where o.account_id = v_account
                       and (o.%COLUMN%, o.id) %THAN% (v_after, v_id)
                       and o.%COLUMN% %UNTIL%) d
             where %WALKED_SIFTED%
             order by d.%COLUMN% %ORDER%, d.id %ORDER%
             limit p_limit)
            union all ($sql$ || v_found || $sql$
               and (v_text is null
                    or d.%COLUMN% < v_from
                    or d.%COLUMN% >= v_to))$sql$;
    end if;

    foreach v_down in array '{f,t}'::boolean[] loop
      v_function := $sql$
create or replace function team.directory_%NAME%(
  p_query team.directory_query, p_after %TYPE%, p_id uuid, p_limit integer)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account    constant uuid := p_query.account_id;
  v_text       constant text := p_query.text;
  v_from       constant text := left(v_text, 64);
  v_to         constant text := v_from || U&'\+10FFFF';
  v_roles      constant uuid[] := p_query.text_roles;
  v_kind       constant text := p_query.kind;
  v_status     constant text := p_query.status;
  v_expired    constant boolean := p_query.expired;
  v_hide       constant boolean := not p_query.declined;
  v_role       constant uuid := p_query.role;
  v_group      constant uuid := p_query."group";
  v_after      %TYPE% := p_after;
  v_id         uuid := p_id;
  v_budget     integer := 1000;
  v_ids        uuid[] := '{}';
  v_all        bigint[];
  v_any        bigint[];
  v_role_keys  bigint[];
begin
  loop
    v_ids := v_ids || array(
      select d.id
        from (select %WALKED%
                from team.directory o
               where o.account_id = v_account
                 and (o.%COLUMN%, o.id) %THAN% (v_after, v_id)
               order by o.%COLUMN% %ORDER%, o.id %ORDER%
               limit v_budget) d
       where %WALKED_SIFTED%
       limit p_limit - cardinality(v_ids));

    if cardinality(v_ids) = p_limit or v_budget is null then
      return v_ids;
    end if;

    select o.%COLUMN%, o.id
      into v_after, v_id
      from team.directory o
     where o.account_id = v_account
       and (o.%COLUMN%, o.id) %THAN% (v_after, v_id)
     order by o.%COLUMN% %ORDER%, o.id %ORDER%
    offset v_budget - 1
     limit 1;

    if not found then
      return v_ids;
    end if;

    if v_budget = 1000 and cardinality(v_ids) >= 5 then
      v_budget := 19000;

    else
      select w.o_all, w.o_any
        into v_all, v_any
        from team.directory_keys_wanted(p_query, %BUT%) w;
      exit when v_any is not null or v_all <> '{}';
      v_budget := null;
    end if;
  end loop;

  v_role_keys := array(select team.directory_key('role ' || r.id)
                         from unnest(v_roles) r (id));
%BEGIN%
  -- "offset 0": no other index than that of the numbers is thought of

  if v_any is null then
    return array(
      select e.id
        from (%FOUND_BY_ALL%) e
       order by e.%COLUMN% %ORDER%, e.id %ORDER%
       limit p_limit);
  end if;

  if v_all = '{}' then
    return array(
      select e.id
        from (%FOUND_BY_ANY%) e
       order by e.%COLUMN% %ORDER%, e.id %ORDER%
       limit p_limit);
  end if;

  return array(
    select e.id
      from (%FOUND_BY_BOTH%) e
     order by e.%COLUMN% %ORDER%, e.id %ORDER%
     limit p_limit);
end
$$
$sql$;

      v_function := replace(v_function, '%FOUND_BY_ALL%',
                            replace(v_found, '%MATCH%', '%KEYS% @> v_all'));
      v_function := replace(v_function, '%FOUND_BY_ANY%',
                            replace(v_found, '%MATCH%', '%KEYS% && v_any'));
      v_function := replace(v_function, '%FOUND_BY_BOTH%',
                            replace(v_found, '%MATCH%', $sql$%KEYS% && v_any
                           and %KEYS% @> v_all$sql$));
      v_function := replace(v_function, '%BEGIN%', v_begin);
      v_function := replace(v_function, '%KEYS%', $sql$team.directory_keys(
                             o.account_id, o.kind, o.status, o.search, o.roles,
                             o.groups)$sql$);
      v_function := replace(v_function, '%WALKED_SIFTED%', v_sifted);
      v_function := replace(v_function, '%SIFTED%', v_filter);
      v_function := replace(v_function, '%WALKED%', v_walked);
      v_function := replace(v_function, '%ROLES%', 'd.roles');
      v_function := replace(v_function, '%GROUPS%', 'd.groups');
      v_function := replace(v_function, '%BUT%', v_but);
      v_function := replace(v_function, '%BEFORE%',
                            case when v_down then '>= v_to collate "C"'
                                 else '< v_from collate "C"' end);
      v_function := replace(v_function, '%FIRST%',
                            case when v_down then 'v_to' else 'v_from' end);
      v_function := replace(v_function, '%NAME%',
                            v_column
                            || case when v_down then '_down' else '_up' end);
      v_function := replace(v_function, '%COLUMN%', v_column);
      v_function := replace(v_function, '%TYPE%',
                            case when v_column like '%\_at' then 'timestamptz'
                                 else 'text' end);
      v_function := replace(v_function, '%THAN%',
                            case when v_down then '<' else '>' end);
      v_function := replace(v_function, '%UNTIL%',
                            case when v_down then '>= v_from'
                                 else '< v_to' end);
      v_function := replace(v_function, '%ORDER%',
                            case when v_down then 'desc' else 'asc' end);
      execute v_function;
    end loop;
  end loop;
end
$do$;
