-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Groups: who belongs together, which policy of the application holds for
-- them, who approves for them.  No right comes with a group, so none of the
-- rules of rank are asked.


create or replace view team.group_body as
select g.account_id,
       g.id as group_id,
       json_build_object(
         'id', g.id,
         'account', g.account_id,
         'name', g.name,
         'policy', g.policy,
         'approver', g.approver_member_id,
         'created_at', team.time_text(g.created_at)
       ) as body
  from team.member_group g;


create or replace function team.group_text(p_group uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select b.body::text
      from team.group_body b
     where b.group_id = p_group);
end
$$;


create or replace function team.group_find(p_account team.account,
  p_group text)
returns team.member_group
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id     uuid := team.id_parse(p_group);
  v_group  team.member_group;
begin
  select *
    into v_group
    from team.member_group g
   where g.id = v_id
     and g.account_id = p_account.id;

  if v_group.id is null then
    perform team.not_found();
  end if;

  return v_group;
end
$$;


-- What a group is to be, checked: its id of the approver as it is stored.

create or replace function team.group_check(p_account team.account,
  p_group team.member_group, p_approver text)
returns team.member_group
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  p_group.name := team.name_check(p_group.name, 'name');

  if p_group.name is null then
    perform team.fail_at(422, 'invalid-name', '/name',
                         'A group needs a name.');
  end if;

  p_group.approver_member_id := null;

  if p_approver is not null then
    select m.id
      into p_group.approver_member_id
      from team.member m
     where m.id = team.id_parse(p_approver)
       and m.account_id = p_account.id
       and m.status = 'active';

    if not found then
      perform team.fail_at(422, 'unknown-approver', '/approver',
                           'The account has no active member of that id.');
    end if;
  end if;

  perform
     from team.member_group g
    where g.account_id = p_account.id
      and g.name = p_group.name
      and g.id is distinct from p_group.id;

  if found then
    perform team.fail(409, 'group-exists', 'There is a group of that name.');
  end if;

  return p_group;
end
$$;


-- The application's name for a policy: whatever it likes, of some length.

create or replace function team.policy_name_check(p_policy text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy  text := nullif(btrim(p_policy), '');
begin
  if char_length(v_policy) > 200 or v_policy ~ '[\x01-\x1f\x7f]' then
    perform team.fail_at(422, 'invalid-policy', '/policy',
                         'policy has at most 200 characters and no control '
                         'characters.');
  end if;

  return v_policy;
end
$$;


create or replace function team_api.group_list(
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
  perform team.actor_check(v_account, p_issuer, p_subject, 'groups:read');

  v_after := coalesce(team.cursor_read(p_cursor, 'g', v_account.id),
                      '00000000-0000-0000-0000-000000000000');

  with page as (
    select g.id, row_number() over (order by g.id) as n
      from (select g.id
              from team.member_group g
             where g.account_id = v_account.id
               and g.id > v_after
             order by g.id
             limit v_limit + 1) g
  )
  select json_agg((select b.body
                     from team.group_body b
                    where b.group_id = p.id) order by p.n)
           filter (where p.n <= v_limit),
         (array_agg(p.id order by p.n))[v_limit],
         count(*)
    into v_items, v_last, v_count
    from page p;

  return team.list_reply(
    v_items,
    case when v_count > v_limit
         then team.cursor_make('g', v_account.id, v_last)
    end);
end
$$;


create or replace function team_api.group_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_group text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_group    team.member_group;
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'groups:read');
  v_group := team.group_find(v_account, p_group);

  v_reply.status := 200;
  v_reply.body := team.group_text(v_group.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


create or replace function team_api.group_post(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_group_name text, p_policy text,
  p_approver text, p_idem text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_group    team.member_group;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:create');

  v_reply := team.idempotency_begin(
    p_issuer, p_subject, v_account.id, p_idem,
    jsonb_build_object('function', 'group_post', 'name', p_group_name,
                       'policy', p_policy, 'approver', p_approver));

  if v_reply.status is not null then
    return v_reply;
  end if;

  v_group.name := team.name_check(p_group_name, 'name');
  v_group.policy := team.policy_name_check(p_policy);
  v_group := team.group_check(v_account, v_group, p_approver);

  insert into team.member_group (account_id, name, policy,
                                 approver_member_id)
  values (v_account.id, v_group.name, v_group.policy,
          v_group.approver_member_id)
  returning * into v_group;

  v_reply.status := 201;
  v_reply.body := team.group_text(v_group.id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.location := '/v1/accounts/' || v_account.id || '/groups/'
                      || v_group.id;

  perform team.audit(v_account.id, v_actor, 'group.create', 'group',
                     v_group.id, null,
                     v_reply.body::jsonb - array['id', 'account']);
  perform team.idempotency_end(p_issuer, p_subject, v_account.id, p_idem,
                               v_reply);
  return v_reply;
end
$$;


create or replace function team_api.group_patch(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_group text, p_body jsonb,
  p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account   team.account;
  v_actor     team.standing;
  v_group     team.member_group;
  v_old       text;
  v_approver  text;
  v_reply     team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:update');
  v_group := team.group_find(v_account, p_group);
  v_old := team.group_text(v_group.id);

  perform team.if_match_honour(p_if_match, team.etag(v_old));
  perform team.patch_check(p_body, array['name', 'policy', 'approver']);

  if p_body ? 'name' then
    v_group.name := team.name_check(p_body ->> 'name', 'name');
  end if;

  if p_body ? 'policy' then
    v_group.policy := team.policy_name_check(p_body ->> 'policy');
  end if;

  -- an approver who is suspended now is not looked at again

  v_approver := p_body ->> 'approver';

  if not p_body ? 'approver'
     or v_approver = v_group.approver_member_id::text
  then
    v_approver := v_group.approver_member_id;
    v_group := team.group_check(v_account, v_group, null);
    v_group.approver_member_id := v_approver;

  else
    v_group := team.group_check(v_account, v_group, v_approver);
  end if;

  update team.member_group g
     set name = v_group.name,
         policy = v_group.policy,
         approver_member_id = v_group.approver_member_id
   where g.id = v_group.id;

  v_reply.status := 200;
  v_reply.body := team.group_text(v_group.id);
  v_reply.etag := team.etag(v_reply.body);

  if v_reply.body <> v_old then
    perform team.audit(
      v_account.id, v_actor, 'group.update', 'group', v_group.id, null,
      jsonb_build_object(
        'from', v_old::jsonb - array['id', 'account'],
        'to', v_reply.body::jsonb - array['id', 'account']));
  end if;

  return v_reply;
end
$$;


-- Its members stay, and so do invitations to it, without it.

create or replace function team_api.group_delete(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_group text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_group    team.member_group;
  v_old      text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:delete');
  v_group := team.group_find(v_account, p_group);
  v_old := team.group_text(v_group.id);

  perform team.if_match_honour(p_if_match, team.etag(v_old));

  delete from team.member_group g
   where g.id = v_group.id;

  perform team.audit(v_account.id, v_actor, 'group.delete', 'group',
                     v_group.id, null,
                     v_old::jsonb - array['id', 'account']);

  v_reply.status := 204;
  return v_reply;
end
$$;
