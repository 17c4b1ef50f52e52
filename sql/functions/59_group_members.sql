-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Who is in which group.


-- The ids of the groups that a JSON array names.

create or replace function team.groups_parse(p_account uuid, p_groups jsonb)
returns uuid[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_texts  text[];
  v_ids    uuid[];
begin
  if p_groups is null or jsonb_typeof(p_groups) <> 'array'
     or jsonb_path_exists(p_groups, 'strict $[*] ? (@.type() != "string")')
  then
    perform team.fail_at(422, 'invalid-groups', '/groups',
                         'groups must be an array of group ids.');
  end if;

  if p_groups = '[]' then
    return '{}';
  end if;

  v_texts := array(select g.id from jsonb_array_elements_text(p_groups) g (id));

  if cardinality(v_texts) <> (select count(distinct g.id collate "C")
                                from unnest(v_texts) g (id))
  then
    perform team.fail_at(422, 'invalid-groups',
                         team.pointer_in('groups', v_texts, null),
                         'A group is named twice.');
  end if;

  v_ids := array(select g.id
                   from unnest(v_texts) t (id)
                   join team.member_group g on g.id = team.id_parse(t.id)
                  where g.account_id = p_account);

  if cardinality(v_ids) <> cardinality(v_texts) then
    perform team.fail_at(422, 'unknown-group',
                         team.pointer_in('groups', v_texts, v_ids::text[]),
                         'The account has no group of that id.');
  end if;

  return v_ids;
end
$$;


create or replace function team.group_names(p_groups uuid[])
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(jsonb_agg(g.name order by g.name collate "C"), '[]')
      from team.member_group g
     where g.id = any (p_groups));
end
$$;


-- Puts a member into one group or takes them out; both idempotent.  The tag to
-- match is the member's, who is the one that changes.

create or replace function team.group_member_set(
  p_issuer text, p_subject text, p_account text, p_group text,
  p_member text, p_in boolean, p_if_match text)
returns team_api.reply
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_group    team.member_group;
  v_target   team.standing;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:assign');
  v_group := team.group_find(v_account, p_group);
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  if p_in then
    insert into team.group_member (group_id, member_id, account_id)
    values (v_group.id, v_target.member_id, v_account.id)
    on conflict (group_id, member_id) do nothing;

  else
    delete from team.group_member gm
     where gm.group_id = v_group.id
       and gm.member_id = v_target.member_id;
  end if;

  if found then
    perform team.audit(
      v_account.id, v_actor,
      case when p_in then 'group.enter' else 'group.leave' end,
      'member', v_target.member_id, null,
      jsonb_build_object('group', v_group.id, 'name', v_group.name));
  end if;

  v_reply.status := 204;
  return v_reply;
end
$$;


create or replace function team_api.group_member_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_group text, p_member text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.group_member_set(p_issuer, p_subject, p_account, p_group,
                               p_member, true, p_if_match);
end
$$;


create or replace function team_api.group_member_delete(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_group text, p_member text,
  p_if_match text default null)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return team.group_member_set(p_issuer, p_subject, p_account, p_group,
                               p_member, false, p_if_match);
end
$$;


-- Replaces the groups of a member.

create or replace function team_api.member_groups_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text, p_groups jsonb,
  p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account;
  v_actor    team.standing;
  v_target   team.standing;
  v_old      uuid[];
  v_new      uuid[];
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'groups:assign');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_new := team.groups_parse(v_account.id, p_groups);
  v_old := array(select gm.group_id
                   from team.group_member gm
                  where gm.member_id = v_target.member_id);

  if not (v_new @> v_old and v_old @> v_new) then
    delete from team.group_member gm
     where gm.member_id = v_target.member_id
       and gm.group_id <> all (v_new);

    insert into team.group_member (group_id, member_id, account_id)
    select n.id, v_target.member_id, v_account.id
      from unnest(v_new) n (id)
     where n.id <> all (v_old);

    perform team.audit(
      v_account.id, v_actor, 'member.groups', 'member', v_target.member_id,
      null,
      jsonb_build_object('from', team.group_names(v_old),
                         'to', team.group_names(v_new)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;
