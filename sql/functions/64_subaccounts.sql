-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Accounts below an account.  They start with its policy and its roles, and
-- who is allowed to see subaccounts acts in them, see team.standing_find.


create or replace function team_api.subaccount_list(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_limit integer, p_cursor text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_limit    integer := team.limit_check(p_limit);
  v_after    uuid;
  v_items    json;
  v_last     uuid;
  v_count    integer;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'subaccounts:read');

  v_after := coalesce(team.cursor_read(p_cursor, 's', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select c.id, row_number() over (order by c.id) as n
      from (select a.id
              from team.account a
             where a.parent_id = v_account.id
               and a.id > v_after
             order by a.id
             limit v_limit + 1) c
  )
  select json_agg((select team.account_text(a)::json
                     from team.account a
                    where a.id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('s', v_account.id, v_last)
    end);
end
$$;


-- Who is looked for in the accounts above is looked for in each.

create or replace function team.rule_depth(p_account team.account)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_depth  integer;
begin
  with recursive up as (
    select p_account.parent_id as id, 1 as depth
    union all
    select a.parent_id, u.depth + 1
      from up u
      join team.account a on a.id = u.id
  )
  select max(u.depth) into v_depth from up u;

  if v_depth >= 8 then
    perform team.fail(409, 'too-deep',
                      'There are eight levels of accounts at most.');
  end if;
end
$$;


create or replace function team.account_roles_copy(p_from uuid, p_to uuid)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into team.role (account_id, key, name, rank, system)
  select p_to, r.key, r.name, r.rank, r.system
    from team.role r
   where r.account_id = p_from;

  insert into team.role_permission (role_id, permission)
  select n.id, rp.permission
    from team.role r
    join team.role_permission rp on rp.role_id = r.id
    join team.role n
      on n.account_id = p_to
     and n.key = r.key
   where r.account_id = p_from;
end
$$;


-- The invitation of a subaccount's person in charge: its shape.

create or replace function team.charge_check(p_invitation jsonb)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_wrong  text := '';
begin
  if jsonb_typeof(p_invitation) = 'object' then
    select team.pointer(i.key)
      into v_wrong
      from (select k.key, p_invitation -> k.key as value
              from (select jsonb_object_keys(p_invitation)
                    union
                    select 'email') k (key)) i
     where i.key not in ('email', 'name', 'roles', 'permissions', 'locale')
        or i.key in ('email', 'name', 'locale')
           and jsonb_typeof(i.value) is distinct from 'string'
     order by i.key collate "C"
     limit 1;
  end if;

  if v_wrong is not null then
    perform team.fail_at(422, 'invalid-invitation', v_wrong,
                         'An invitation here has an email and may have a name, '
                         'roles, permissions and a locale.');
  end if;
end
$$;


-- p_invitation, if not null, invites who is to be in charge.  What it offers is
-- judged by the account's own roles, of which the subaccount's are copies, so
-- that a refusal leaves its audit row and no subaccount.

create or replace function team_api.subaccount_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_account_name text, p_slug text,
  p_time_zone text, p_invitation jsonb, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_parent       team.account;
  v_account      team.account;
  v_actor        team.standing;
  v_name         text;
  v_roles        jsonb := '[]';
  v_offered      uuid[];
  v_permissions  text[];
  v_detail       text;
  v_place        text;
  v_refusal      text;
  v_made         record;
  v_reply        team_api.reply;
begin
  v_parent := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_parent, p_issuer, p_subject,
                              'subaccounts:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_parent.id, p_idem,
    jsonb_build_array('subaccount_post', p_account_name, p_slug, p_time_zone,
                      p_invitation));

  if v_reply.status is not null then
    return v_reply;
  end if;

  if not v_parent.join_subaccount then
    perform team.fail(409, 'subaccounts-disabled',
                      'This account has no subaccounts.');
  end if;

  perform team.rule_depth(v_parent);
  v_name := team.account_name_check(p_account_name);

  if p_invitation is not null then
    v_roles := coalesce(p_invitation -> 'roles', '[]');

    begin
      perform team.charge_check(p_invitation);
      v_permissions := team.offer_permissions_parse(
        p_invitation -> 'permissions');
      v_offered := team.roles_parse(v_parent.id, v_roles);
    exception
      when sqlstate 'TM422' then
        get stacked diagnostics v_detail = pg_exception_detail,
                                v_place = pg_exception_hint;
        perform team.fail_at(422, sqlerrm, '/invitation' || v_place, v_detail);
    end;

    v_refusal := team.rule_grant(v_parent, v_actor, v_offered, v_permissions);

    if v_refusal is not null then
      v_reply := team.refuse(v_parent, v_actor, 'subaccount.create',
                             v_parent.id, v_refusal, p_invitation, 'account');
      perform team.idempotency_end(p_issuer, p_subject, v_parent.id, p_idem,
                                   v_reply);
      return v_reply;
    end if;
  end if;

  v_account := team.account_make(
    to_jsonb(v_parent), v_parent.preset, team.slug_check(p_slug), v_name,
    team.time_zone_check(coalesce(p_time_zone, v_parent.time_zone)),
    v_parent);
  perform team.account_roles_copy(v_parent.id, v_account.id);

  perform team.audit(v_parent.id, v_actor, 'subaccount.create', 'account',
                     v_account.id, null,
                     jsonb_build_object('name', v_name));
  perform team.audit(v_account.id, v_actor, 'account.create', 'account',
                     v_account.id, null,
                     jsonb_build_object('name', v_name,
                                        'parent', v_parent.id));

  v_reply := team.account_reply(201, v_account);

  if p_invitation is not null then
    begin
      v_made := team.invitation_create(
        v_account, team.member_account(v_actor.member_id),
        v_actor, p_invitation ->> 'email', p_invitation ->> 'name',
        team.roles_parse(v_account.id, v_roles), v_permissions, '{}',
        p_invitation ->> 'locale');
    exception
      when sqlstate 'TM422' then
        get stacked diagnostics v_detail = pg_exception_detail,
                                v_place = pg_exception_hint;
        perform team.fail_at(422, sqlerrm, '/invitation' || v_place, v_detail);
    end;

    -- has been judged above; were it not so, nothing of this may stay
    if v_made.o_refusal is not null then
      perform team.fail(403, v_made.o_refusal, 'That is not yours to give.');
    end if;

    v_reply.body := v_reply.body::jsonb
                    || jsonb_build_object(
                         'invitation',
                         team.invitation_text(
                           (v_made.o_invitation).id)::jsonb);
  end if;

  perform team.idempotency_end(p_issuer, p_subject, v_parent.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;
