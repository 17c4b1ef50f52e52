-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- Writing to members: what is noted about them, and single permissions.


-- A merge patch (RFC 7396) of texts: an object with none but p_fields, each a
-- string or null.

create or replace function team.patch_check(p_body jsonb, p_fields text[])
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_key    text;
  v_value  jsonb;
begin
  if p_body is null or jsonb_typeof(p_body) <> 'object' then
    perform team.fail_at(422, 'invalid-body', '',
                         'The body must be an object.');
  end if;

  for v_key, v_value in
    select e.key, e.value
      from jsonb_each(p_body) e
  loop
    if v_key <> all (p_fields) then
      perform team.fail_at(422, 'unknown-field', team.pointer(v_key),
                           'Only these can be changed here: '
                           || array_to_string(p_fields, ', ') || '.');
    end if;

    if jsonb_typeof(v_value) not in ('string', 'null') then
      perform team.fail_at(422, 'invalid-' || v_key, team.pointer(v_key),
                           format('%s must be a string or null.', v_key));
    end if;
  end loop;
end
$$;


-- If-Match where it may be left out.

create or replace function team.if_match_honour(p_if_match text,
  p_etag text)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_if_match is not null then
    perform team.if_match_check(p_if_match, p_etag);
  end if;
end
$$;


-- name: what this account calls the member; null: as their issuer does.

create or replace function team_api.member_patch(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text, p_body jsonb,
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
  v_member   team.member;
  v_name     text;
  v_title    text;
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:update');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_honour(
    p_if_match, team.etag(team.member_text(v_target.member_id)));
  perform team.patch_check(p_body, array['name', 'title']);

  v_name := team.name_check(p_body ->> 'name', 'name');
  v_title := team.name_check(p_body ->> 'title', 'title');

  v_refusal := team.rule_rank(v_account, v_actor, v_target, true);

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'member.update',
                       v_target.member_id, v_refusal, p_body);
  end if;

  select *
    into v_member
    from team.member m
   where m.id = v_target.member_id;

  if not p_body ? 'name' then
    v_name := v_member.name;
  end if;

  if not p_body ? 'title' then
    v_title := v_member.title;
  end if;

  if (v_name, v_title) is distinct from (v_member.name::text,
                                         v_member.title::text)
  then
    update team.member m
       set name = v_name,
           title = v_title
     where m.id = v_member.id;

    perform team.audit(
      v_account.id, v_actor, 'member.update', 'member', v_member.id, null,
      jsonb_build_object(
        'from', jsonb_build_object('name', v_member.name,
                                   'title', v_member.title),
        'to', jsonb_build_object('name', v_name, 'title', v_title)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_member.id);
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- The names that a JSON array of permissions holds; all of the catalogue.

create or replace function team.permissions_parse(p_permissions jsonb)
returns text[]
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_names  text[];
begin
  if p_permissions is null or jsonb_typeof(p_permissions) <> 'array'
     or jsonb_path_exists(p_permissions,
                          'strict $[*] ? (@.type() != "string")')
  then
    perform team.fail_at(422, 'invalid-permissions', '/permissions',
                         'permissions must be an array of permission '
                         'names.');
  end if;

  if p_permissions = '[]' then
    return '{}';
  end if;

  v_names := array(select p.name
                     from jsonb_array_elements_text(p_permissions) p (name));

  if cardinality(v_names) <> (select count(distinct p.name collate "C")
                                from unnest(v_names) p (name))
  then
    perform team.fail_at(422, 'invalid-permissions',
                         team.pointer_in('permissions', v_names, null),
                         'A permission is named twice.');
  end if;

  if cardinality(v_names) <> (select count(*)
                                from team.permission p
                               where p.name = any (v_names))
  then
    perform team.fail_at(422, 'unknown-permission',
                         team.pointer_in('permissions', v_names, array(
                           select p.name::text
                             from team.permission p
                            where p.name = any (v_names))),
                         'The catalogue has no such permission.');
  end if;

  return v_names;
end
$$;


-- Single permissions are picked by hand: "*" is not one of them.  Everything is
-- what a role gives, one of the policy's choice where it names all_role.

create or replace function team.rule_direct(p_account team.account,
  p_permissions text[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if not p_account.direct_permissions then
    perform team.fail(409, 'direct-permissions-disabled',
                      'Members of this account have permissions by roles '
                      'only.');
  end if;

  if '*' = any (p_permissions) then
    perform team.fail(
      409, 'all-by-role',
      coalesce('Give the role "' || p_account.all_role || '" instead.',
               'All permissions are given by a role only.'));
  end if;
end
$$;


-- Replaces the single permissions of a member.  Only what is added must be the
-- actor's to give; what is taken away needs rank over the member alone.

create or replace function team_api.member_permissions_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_member text, p_permissions jsonb,
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
  v_old      text[];
  v_new      text[];
  v_refusal  text;
  v_reply    team_api.reply;
begin
  v_account := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_account, p_issuer, p_subject,
                              'members:permissions');
  v_target := team.target_find(v_account, v_actor, p_member);

  perform team.if_match_check(
    p_if_match, team.etag(team.member_text(v_target.member_id)));

  v_new := team.permissions_parse(p_permissions);
  v_old := array(select mp.permission::text
                   from team.member_permission mp
                  where mp.member_id = v_target.member_id);

  v_refusal := coalesce(
    team.rule_self(v_account, v_actor, v_target),
    team.rule_rank(v_account, v_actor, v_target, false),
    team.rule_grant(
      v_account, v_actor, '{}',
      array(select unnest(v_new) except select unnest(v_old))));

  if v_refusal is not null then
    return team.refuse(v_account, v_actor, 'member.permissions',
                       v_target.member_id, v_refusal,
                       jsonb_build_object('permissions', p_permissions));
  end if;

  perform team.rule_direct(v_account, v_new);

  if not (v_new @> v_old and v_old @> v_new) then
    delete from team.member_permission mp
     where mp.member_id = v_target.member_id
       and mp.permission <> all (v_new);

    insert into team.member_permission (member_id, permission)
    select v_target.member_id, n.name
      from unnest(v_new) n (name)
     where n.name <> all (v_old);

    perform team.audit(
      v_account.id, v_actor, 'member.permissions', 'member',
      v_target.member_id, null,
      jsonb_build_object('from', team.texts_json(v_old),
                         'to', team.texts_json(v_new)));
  end if;

  v_reply.status := 200;
  v_reply.body := team.member_text(v_target.member_id);
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := team.changed_person(v_target);
  return v_reply;
end
$$;


-- Ascending, so that two of the same are one text.

create or replace function team.texts_json(p_texts text[])
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(jsonb_agg(t.x order by t.x collate "C"), '[]')
      from unnest(p_texts) t (x));
end
$$;
