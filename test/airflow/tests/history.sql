-- A database of 400 days, with references in every direction that can keep a row
-- from being deleted. Only columns that Airflow 3.1 and 3.3 both have, and defaults
-- for those that 3.3 demands besides.
do $$ begin
    if to_regclass('asset_watcher') is not null then
        alter table dag alter timetable_type set default '', alter partition_mapper_info set default '{}';
        alter table task_instance alter try_number set default 0;
    end if;
end $$;
insert into dag_bundle(name, active) values ('dags-folder', true);
insert into dag(dag_id, bundle_name, is_paused, is_stale, max_active_tasks, max_consecutive_failed_dag_runs, has_task_concurrency_limits, last_parsed_time)
select name, 'dags-folder', false, name like 'gone%', 16, 0, false, case when name like 'gone%' then now() - interval '200 days' else now() end
from unnest(array['daily', 'once', 'unchanged', 'gone', 'gone-with-runs', 'long', 'deferred']) name;
-- A version every 40 days for daily, one of 400 days ago for the others.
insert into dag_version(id, version_number, dag_id, bundle_name, created_at, last_updated)
select gen_random_uuid(), 11 - age / 40, 'daily', 'dags-folder', now() - make_interval(days => age), now() from generate_series(0, 400, 40) age
union all
select gen_random_uuid(), 1, dag_id, 'dags-folder', now() - interval '400 days', now() from dag where dag_id <> 'daily';
insert into serialized_dag(id, dag_id, created_at, last_updated, dag_hash, dag_version_id) select gen_random_uuid(), dag_id, created_at, created_at, 'x', id from dag_version;
insert into dag_code(id, dag_id, fileloc, created_at, last_updated, source_code, source_code_hash, dag_version_id)
select gen_random_uuid(), dag_id, '/x.py', created_at, created_at, '', 'x', id from dag_version;
-- Runs: every day of daily, unchanged, gone-with-runs; one of 300 days ago of once; one that has run for 120 days; one deferred for 120.
insert into dag_run(dag_id, run_id, run_type, run_after, start_date, end_date, updated_at, state, created_dag_version_id)
select dag_id, 'day-' || age, 'scheduled', at, at, at + interval '1 hour', at, case when age % 7 = 0 then 'failed' else 'success' end,
    (select id from dag_version v where v.dag_id = d.dag_id and v.created_at <= at order by created_at desc limit 1)
from unnest(array['daily', 'unchanged']) d(dag_id), generate_series(1, 399) age, lateral (select now() - make_interval(days => age) as at) moment;
insert into dag_run(dag_id, run_id, run_type, run_after, start_date, end_date, updated_at, state)
select 'gone-with-runs', 'day-' || age, 'scheduled', now() - make_interval(days => age), now() - make_interval(days => age), now() - make_interval(days => age), now(), 'success' from generate_series(80, 120) age
union all select 'once', 'scheduled', 'scheduled', now() - interval '300 days', now() - interval '300 days', now() - interval '300 days', now(), 'success'
union all select 'once', 'by-hand', 'manual', now() - interval '250 days', now() - interval '250 days', now() - interval '250 days', now(), 'success'
union all select 'long', 'runs', 'manual', now() - interval '120 days', now() - interval '120 days', null, now(), 'running'
union all select 'deferred', 'waits', 'manual', now() - interval '120 days', now() - interval '120 days', null, now(), 'running';
insert into trigger(id, classpath, kwargs, created_date) values (1, 'x', '', now() - interval '120 days'), (2, 'x', '', now() - interval '300 days');
insert into task_instance(id, task_id, dag_id, run_id, pool, pool_slots, start_date, end_date, state, trigger_id, dag_version_id)
select gen_random_uuid(), task, r.dag_id, r.run_id, 'default_pool', 1, r.start_date, r.end_date,
    case when r.dag_id = 'deferred' then 'deferred' when r.state = 'running' then 'running' else r.state end, case when r.dag_id = 'deferred' then 1 end,
    coalesce(r.created_dag_version_id, (select id from dag_version v where v.dag_id = r.dag_id))
from dag_run r, unnest(array['load', 'report']) task;
insert into xcom(dag_run_id, task_id, map_index, key, dag_id, run_id, timestamp) select r.id, t.task_id, -1, 'k', t.dag_id, t.run_id, t.start_date from task_instance t join dag_run r using (dag_id, run_id);
insert into task_instance_note(ti_id, created_at, updated_at) select id, start_date, start_date from task_instance;
insert into dag_run_note(dag_run_id, created_at, updated_at) select id, start_date, start_date from dag_run;
insert into rendered_task_instance_fields(dag_id, task_id, run_id, map_index, rendered_fields) select dag_id, task_id, run_id, -1, '{}' from task_instance;
insert into task_instance_history(task_instance_id, task_id, dag_id, run_id, map_index, try_number, pool, pool_slots, start_date, dag_version_id)
select gen_random_uuid(), task_id, dag_id, run_id, map_index, 1, pool, 1, start_date, dag_version_id from task_instance;
insert into asset(id, name, uri, "group", extra, created_at, updated_at) values (1, 'a', 'a', 'a', '{}', now(), now());
do $$ begin  -- a watcher, as old as its asset
    if to_regclass('asset_watcher') is null then insert into asset_trigger(asset_id, trigger_id) values (1, 2);
    else
        insert into asset_watcher(name, asset_id, trigger_id) values ('w', 1, 2);
        insert into revoked_token(jti, exp) values ('old', now() - interval '1 day'), ('new', now() + interval '1 day');
    end if;
end $$;
insert into asset_event(id, asset_id, extra, timestamp) select age, 1, '{}', now() - make_interval(days => age) from generate_series(1, 399) age;
insert into dagrun_asset_event(dag_run_id, event_id) select r.id, e.id from dag_run r join asset_event e on r.run_id = 'day-' || (e.id - 30) and r.dag_id = 'daily';
insert into backfill(id, dag_id, from_date, to_date, dag_run_conf, reprocess_behavior, max_active_runs, created_at, updated_at, completed_at) values
(1, 'daily', now(), now(), '{}', 'none', 1, now() - interval '200 days', now(), now() - interval '200 days'),
(2, 'daily', now(), now(), '{}', 'none', 1, now() - interval '200 days', now(), now() - interval '200 days'),
(3, 'daily', now(), now(), '{}', 'none', 1, now() - interval '200 days', now(), null);
update dag_run set backfill_id = 1 where dag_id = 'daily' and run_id = 'day-200';
update dag_run set backfill_id = 2 where dag_id = 'daily' and run_id = 'day-20';
insert into backfill_dag_run(id, backfill_id, dag_run_id, logical_date, sort_ordinal) select 1, 1, id, now(), 1 from dag_run where dag_id = 'daily' and run_id = 'day-200';
insert into log(dttm, event) select now() - make_interval(days => age), 'x' from generate_series(1, 399) age, generate_series(1, 10);
insert into job(state, latest_heartbeat) select 'success', now() - make_interval(days => age) from generate_series(0, 399) age;
insert into import_error(timestamp) select now() - make_interval(days => age) from generate_series(1, 399) age;
create table if not exists celery_taskmeta(id serial, date_done timestamp);
insert into celery_taskmeta(date_done) select now() - make_interval(days => age) from generate_series(1, 399) age;
