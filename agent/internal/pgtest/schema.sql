-- What the agent reads of Airflow 3.1.8's database: the same columns, types
-- and indexes, and a few columns more that give rows their usual width.
CREATE TABLE dag_run (
    id serial PRIMARY KEY,
    dag_id varchar(250) NOT NULL,
    run_id varchar(250) NOT NULL,
    state varchar(50)
);
CREATE TABLE task_instance (
    id uuid PRIMARY KEY,
    task_id varchar(250) NOT NULL,
    dag_id varchar(250) NOT NULL,
    run_id varchar(250) NOT NULL,
    map_index integer NOT NULL DEFAULT -1,
    start_date timestamptz,
    end_date timestamptz,
    duration double precision,
    state varchar(20),
    try_number integer,
    hostname varchar(1000),
    pool varchar(256) NOT NULL DEFAULT 'default_pool',
    pool_slots integer NOT NULL DEFAULT 1,
    queue varchar(256),
    operator varchar(1000),
    queued_dttm timestamptz,
    scheduled_dttm timestamptz,
    last_heartbeat_at timestamptz,
    executor_config bytea,
    updated_at timestamptz
);
CREATE UNIQUE INDEX task_instance_composite_key ON task_instance (dag_id, task_id, run_id, map_index);
CREATE INDEX ti_dag_run ON task_instance (dag_id, run_id);
CREATE INDEX ti_dag_state ON task_instance (dag_id, state);
CREATE INDEX ti_heartbeat ON task_instance (last_heartbeat_at);
CREATE INDEX ti_state ON task_instance (state);
CREATE INDEX ti_state_lkp ON task_instance (dag_id, task_id, run_id, state);
CREATE TABLE job (
    id serial PRIMARY KEY,
    state varchar(20),
    job_type varchar(30),
    start_date timestamptz,
    latest_heartbeat timestamptz,
    hostname varchar(500)
);
CREATE INDEX idx_job_state_heartbeat ON job (state, latest_heartbeat);
CREATE INDEX job_type_heart ON job (job_type, latest_heartbeat);
CREATE TABLE slot_pool (
    id serial PRIMARY KEY,
    pool varchar(256) UNIQUE,
    slots integer,
    include_deferred boolean NOT NULL DEFAULT false
);
INSERT INTO slot_pool (pool, slots) VALUES ('default_pool', 128);
CREATE TABLE import_error (
    id serial PRIMARY KEY,
    filename varchar(1024)
);
CREATE TABLE dag (
    dag_id varchar(250) PRIMARY KEY,
    is_stale boolean NOT NULL DEFAULT true,
    last_parse_duration double precision
);
