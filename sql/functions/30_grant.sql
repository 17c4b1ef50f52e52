-- SPDX-License-Identifier: BSD-2-Clause
-- Copyright (C) the ngx_team authors

-- What somebody may do now: the gate's question, and the hot path of it all.
-- Always one row.
--
-- status: active, pending, suspended: the member's, in an active account;
-- closed: a member of an account that is; none: not a member, or no such
-- account, which an outsider can't tell apart; choice: p_account is null or
-- empty, and the person's accounts are several.
--
-- Shaped by measurement, see bench/ and the commit: PL/pgSQL keeps its plans
-- for the session, where a function in SQL that can't be inlined (security
-- definer forbids it) is planned anew at each call.

create or replace function team_api.grant_get(
  p_issuer text, p_subject text, p_account text,
  out status text, out account_id text, out member_id text,
  out roles text, out permissions text)
returns record
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_account  uuid;
  v_member   uuid;
  v_choices  uuid[];
begin
  status := 'none';
  roles := '';
  permissions := '';

  if p_account is null or p_account = '' then
    -- the usable ones count first, two are as good as many

    v_choices := array(
      select m.id
        from team.identity i
        join team.member m on m.identity_id = i.id
        join team.account a on a.id = m.account_id
       where i.issuer = p_issuer
         and i.subject = p_subject
         and m.status = 'active'
         and a.status = 'active'
       limit 2);

    if v_choices = '{}' then
      v_choices := array(
        select m.id
          from team.identity i
          join team.member m on m.identity_id = i.id
         where i.issuer = p_issuer
           and i.subject = p_subject
         limit 2);
    end if;

    if cardinality(v_choices) = 2 then
      status := 'choice';
      return;
    end if;

    if v_choices = '{}' then
      return;
    end if;

    select case a.status when 'closed' then 'closed' else m.status end,
           m.account_id, m.id
      into status, v_account, v_member
      from team.member m
      join team.account a on a.id = m.account_id
     where m.id = v_choices[1];

  elsif p_account ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    v_account := p_account;

    select case a.status when 'closed' then 'closed' else m.status end,
           m.account_id, m.id
      into status, v_account, v_member
      from team.identity i
      join team.member m
        on m.identity_id = i.id
       and m.account_id = v_account
      join team.account a on a.id = m.account_id
     where i.issuer = p_issuer
       and i.subject = p_subject;

  else
    select case a.status when 'closed' then 'closed' else m.status end,
           m.account_id, m.id
      into status, v_account, v_member
      from team.account a
      join team.identity i
        on i.issuer = p_issuer
       and i.subject = p_subject
      join team.member m
        on m.identity_id = i.id
       and m.account_id = a.id
     where a.slug = p_account;
  end if;

  if v_member is null then
    status := 'none';
    return;
  end if;

  account_id := v_account;
  member_id := v_member;

  if status <> 'active' then
    return;
  end if;

  -- one statement for both lists: they are of one moment

  select coalesce(
           (select string_agg(r.key, ' ' order by r.key)
              from team.member_role mr
              join team.role r on r.id = mr.role_id
             where mr.member_id = v_member),
           ''),
         coalesce(
           (select string_agg(distinct p.permission, ' ' order by p.permission)
              from team.member_right p
             where p.member_id = v_member),
           '')
    into roles, permissions;
end
$$;
