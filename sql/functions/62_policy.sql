-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- An account's policy: the columns that it shares with team.preset, by their
-- names.


create or replace function team.policy_of(p_account team.account)
returns team.preset
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_policy  team.preset;
begin
  -- both have a name of their own
  v_policy := jsonb_populate_record(
    null::team.preset,
    to_jsonb(p_account) || jsonb_build_object('name', p_account.preset));
  return v_policy;
end
$$;


create or replace function team.policy_text(p_policy team.preset)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return to_jsonb(p_policy) - array['name', 'title']
         || jsonb_build_object('preset', p_policy.name);
end
$$;


create or replace function team_api.policy_get(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text)
returns team_api.reply
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  team.account := team.account_find(p_account);
  v_reply    team_api.reply;
begin
  perform team.actor_check(v_account, p_issuer, p_subject, 'policy:read');

  v_reply.status := 200;
  v_reply.body := team.policy_text(team.policy_of(v_account));
  v_reply.etag := team.etag(v_reply.body);
  return v_reply;
end
$$;


-- The policy that a request's body asks for: all settings, or only the name of
-- a preset to switch to.

create or replace function team.policy_parse(p_account team.account,
  p_body jsonb)
returns team.preset
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old     jsonb := team.policy_text(team.policy_of(p_account));
  v_policy  team.preset;
  v_key     text;
  v_type    text;
begin
  if p_body is null or jsonb_typeof(p_body) <> 'object' then
    perform team.fail_at(422, 'invalid-policy', '',
                         'A policy is a JSON object.');
  end if;

  if p_body - 'preset' = '{}' and jsonb_typeof(p_body -> 'preset') = 'string'
  then
    select *
      into v_policy
      from team.preset p
     where p.name = p_body ->> 'preset';

    if not found then
      perform team.fail_at(422, 'unknown-preset', '/preset',
                           'There is no such preset.');
    end if;

    return v_policy;
  end if;

  for v_key in
    select k.key
      from (select jsonb_object_keys(p_body)
            union
            select jsonb_object_keys(v_old)) k (key)
     where k.key <> 'preset'
     order by k.key collate "C"
  loop
    if not v_old ? v_key then
      perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                           format('A policy has no "%s".', left(v_key, 100)));
    end if;

    if not p_body ? v_key then
      perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                           format('"%s" is missing: a policy is put as a '
                                  'whole, or as {"preset": name}.', v_key));
    end if;

    -- what is null now may hold a role's key
    v_type := coalesce(nullif(jsonb_typeof(v_old -> v_key), 'null'), 'string');

    if jsonb_typeof(p_body -> v_key) <> v_type
       and not (jsonb_typeof(p_body -> v_key) = 'null'
                and v_key in ('owner_role', 'link_role',
                              'transfer_target_role',
                              'transfer_old_owner_role', 'all_role'))
    then
      perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                           format('"%s" must be a %s.', v_key, v_type));
    end if;

    begin
      perform jsonb_populate_record(null::team.preset,
                                    jsonb_build_object(v_key,
                                                       p_body -> v_key));
    exception
      when check_violation or data_exception then
        perform team.fail_at(422, 'invalid-policy', team.pointer(v_key),
                             format('"%s" can''t be that.', v_key));
    end;
  end loop;

  if p_body ? 'preset' and p_body -> 'preset' <> v_old -> 'preset' then
    perform team.fail_at(422, 'invalid-policy', '/preset',
                         'To switch to another preset, put {"preset": name}.');
  end if;

  v_policy := jsonb_populate_record(null::team.preset, p_body);
  v_policy.name := p_account.preset;

  if (v_policy.owner_mode = 'none') <> (v_policy.owner_role is null) then
    perform team.fail_at(422, 'invalid-policy', '/owner_role',
                         'owner_role is null where owner_mode is "none", and '
                         'only there.');
  end if;

  if v_policy.transfer_target = 'role'
     and v_policy.transfer_target_role is null
  then
    perform team.fail_at(422, 'invalid-policy', '/transfer_target_role',
                         'transfer_target "role" needs a '
                         'transfer_target_role.');
  end if;

  return v_policy;
end
$$;


-- Who the owners are, what they may do to each other and how ownership moves
-- is the owners' to say: with only policy:update one could make oneself one.

create or replace function team_api.policy_put(
  p_issuer text, p_subject text, p_email text, p_email_verified boolean,
  p_name text, p_account text, p_body jsonb, p_if_match text)
returns team_api.reply
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_old      team.account;
  v_account  team.account;
  v_actor    team.standing;
  v_policy   team.preset;
  v_refusal  text;
  v_from     jsonb;
  v_to       jsonb;
  v_switch   boolean;
  v_reply    team_api.reply;
begin
  v_old := team.account_lock(p_account, p_issuer, p_subject);
  v_actor := team.actor_check(v_old, p_issuer, p_subject, 'policy:update');

  v_from := team.policy_text(team.policy_of(v_old));
  perform team.if_match_check(p_if_match, team.etag(v_from::text));

  v_policy := team.policy_parse(v_old, p_body);
  v_to := team.policy_text(v_policy);
  v_switch := p_body - 'preset' = '{}';

  if v_switch
     or (v_policy.owner_mode, v_policy.owner_role, v_policy.self_change,
         v_policy.admin_may_remove_admin, v_policy.transfer_target,
         v_policy.transfer_target_role, v_policy.transfer_old_owner_role,
         v_policy.transfer_acceptance)
        is distinct from
        (v_old.owner_mode, v_old.owner_role, v_old.self_change,
         v_old.admin_may_remove_admin, v_old.transfer_target,
         v_old.transfer_target_role, v_old.transfer_old_owner_role,
         v_old.transfer_acceptance)
  then
    v_refusal := team.rule_owner(v_old, v_actor);
  end if;

  -- what a link gives must be the giver's own, here as when making one

  if v_refusal is null and not v_switch
     and v_policy.link_role is distinct from v_old.link_role
  then
    v_refusal := team.rule_grant(
      v_old, v_actor,
      array(select r.id
              from team.role r
             where r.account_id = v_old.id
               and r.key = v_policy.link_role), '{}');
  end if;

  if v_refusal is not null then
    return team.refuse(v_old, v_actor, 'policy.update', v_old.id, v_refusal,
                       p_body, 'account');
  end if;

  if v_switch or v_to <> v_from then
    if v_switch then
      perform team.policy_roles_switch(v_old.id, v_policy.name);
    end if;

    v_account := team.policy_set(v_old, v_policy);

    if v_switch then
      perform team.policy_roles_prune(v_old.id, v_policy.name);
    end if;

    perform team.policy_members_check(v_account, v_old);

    perform team.audit(
      v_old.id, v_actor,
      case when v_switch then 'policy.switch' else 'policy.update' end,
      'account', v_old.id, null,
      jsonb_build_object(
        'from', (select jsonb_object_agg(f.key, f.value)
                   from jsonb_each(v_from) f
                  where v_to -> f.key is distinct from f.value),
        'to', (select jsonb_object_agg(t.key, t.value)
                 from jsonb_each(v_to) t
                where v_from -> t.key is distinct from t.value)));
  end if;

  v_reply.status := 200;
  v_reply.body := v_to;
  v_reply.etag := team.etag(v_reply.body);
  v_reply.changed := json_build_array(json_build_object('account', v_old.id));
  return v_reply;
end
$$;
