CREATE TABLE runner_schema_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT runner_schema_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE runner_key_names (
	id INTEGER NOT NULL,
	name VARCHAR(250) NOT NULL,
	CONSTRAINT pk_runner_key_names PRIMARY KEY (id),
	CONSTRAINT uq_runner_key_names_name UNIQUE (name)
);
CREATE TABLE runner_experiments (
	id INTEGER NOT NULL,
	name VARCHAR(500) NOT NULL,
	artifact_location TEXT NOT NULL,
	lifecycle VARCHAR(16) NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	CONSTRAINT pk_runner_experiments PRIMARY KEY (id),
	CONSTRAINT uq_runner_experiments_name UNIQUE (name)
);
CREATE TABLE runner_experiment_tags (
	experiment INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_runner_experiment_tags PRIMARY KEY (experiment, key_id),
	CONSTRAINT fk_runner_experiment_tags_experiment FOREIGN KEY(experiment) REFERENCES runner_experiments (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_experiment_tags_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
);
CREATE TABLE runner_runs (
	id INTEGER NOT NULL,
	uuid VARCHAR(256) NOT NULL,
	experiment INTEGER NOT NULL,
	name VARCHAR(250) NOT NULL,
	user_name VARCHAR(256) NOT NULL,
	status VARCHAR(16) NOT NULL,
	started BIGINT,
	ended BIGINT,
	lifecycle VARCHAR(16) NOT NULL,
	deleted BIGINT,
	artifact_uri TEXT NOT NULL,
	CONSTRAINT pk_runner_runs PRIMARY KEY (id),
	CONSTRAINT uq_runner_runs_uuid UNIQUE (uuid),
	CONSTRAINT fk_runner_runs_experiment FOREIGN KEY(experiment) REFERENCES runner_experiments (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_runs_name ON runner_runs (name);
CREATE INDEX ix_runner_runs_started ON runner_runs (started);
CREATE TABLE runner_leases (
	run INTEGER NOT NULL,
	host VARCHAR(256) NOT NULL,
	pid INTEGER NOT NULL,
	process_started VARCHAR(64) NOT NULL,
	until BIGINT NOT NULL,
	CONSTRAINT pk_runner_leases PRIMARY KEY (run),
	CONSTRAINT fk_runner_leases_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE
);
CREATE TABLE runner_params (
	run INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	experiment INTEGER NOT NULL,
	value TEXT NOT NULL,
	number DOUBLE,
	CONSTRAINT pk_runner_params PRIMARY KEY (run, key_id),
	CONSTRAINT fk_runner_params_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_params_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
)
 WITHOUT ROWID;
CREATE INDEX ix_runner_params_experiment_key_id_number ON runner_params (experiment, key_id, number);
CREATE TABLE runner_tags (
	run INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	value TEXT NOT NULL, beginning VARCHAR(64) GENERATED ALWAYS AS (SUBSTR(value, 1, 64)) VIRTUAL,
	CONSTRAINT pk_runner_tags PRIMARY KEY (run, key_id),
	CONSTRAINT fk_runner_tags_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_tags_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
)
 WITHOUT ROWID;
CREATE TABLE runner_metrics (
	run INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	step BIGINT NOT NULL,
	time BIGINT NOT NULL,
	value DOUBLE NOT NULL,
	is_nan BOOLEAN NOT NULL,
	CONSTRAINT pk_runner_metrics PRIMARY KEY (run, key_id, step, time, value, is_nan),
	CONSTRAINT fk_runner_metrics_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_metrics_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
)
 WITHOUT ROWID;
CREATE TABLE runner_latest_metrics (
	run INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	experiment INTEGER NOT NULL,
	step BIGINT NOT NULL,
	time BIGINT NOT NULL,
	value DOUBLE NOT NULL,
	is_nan BOOLEAN NOT NULL,
	CONSTRAINT pk_runner_latest_metrics PRIMARY KEY (run, key_id),
	CONSTRAINT fk_runner_latest_metrics_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_latest_metrics_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
)
 WITHOUT ROWID;
CREATE INDEX ix_runner_latest_metrics_experiment_key_id_value ON runner_latest_metrics (experiment, key_id, value);
CREATE TABLE runner_counters (
	name VARCHAR(64) NOT NULL,
	last_number BIGINT NOT NULL,
	CONSTRAINT pk_runner_counters PRIMARY KEY (name)
);
CREATE TABLE runner_datasets (
	id INTEGER NOT NULL,
	experiment INTEGER NOT NULL,
	name VARCHAR(500) NOT NULL,
	digest VARCHAR(36) NOT NULL,
	source_type VARCHAR(250) NOT NULL,
	source TEXT NOT NULL,
	schema_text TEXT,
	profile_text TEXT,
	CONSTRAINT pk_runner_datasets PRIMARY KEY (id),
	CONSTRAINT uq_runner_datasets_experiment_name_digest UNIQUE (experiment, name, digest),
	CONSTRAINT fk_runner_datasets_experiment FOREIGN KEY(experiment) REFERENCES runner_experiments (id) ON DELETE CASCADE
);
CREATE TABLE runner_inputs (
	run INTEGER NOT NULL,
	dataset INTEGER NOT NULL,
	context VARCHAR(500) NOT NULL,
	tags_json TEXT NOT NULL,
	CONSTRAINT pk_runner_inputs PRIMARY KEY (run, dataset),
	CONSTRAINT fk_runner_inputs_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_inputs_dataset FOREIGN KEY(dataset) REFERENCES runner_datasets (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_inputs_dataset ON runner_inputs (dataset);
CREATE TABLE runner_logged_models (
	id INTEGER NOT NULL,
	uuid VARCHAR(64) NOT NULL,
	experiment INTEGER NOT NULL,
	name VARCHAR(500) NOT NULL,
	type_name VARCHAR(500) NOT NULL,
	status VARCHAR(16) NOT NULL,
	source_run VARCHAR(256) NOT NULL,
	artifact_uri TEXT NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	lifecycle VARCHAR(16) NOT NULL,
	deleted BIGINT,
	CONSTRAINT pk_runner_logged_models PRIMARY KEY (id),
	CONSTRAINT uq_runner_logged_models_uuid UNIQUE (uuid),
	CONSTRAINT fk_runner_logged_models_experiment FOREIGN KEY(experiment) REFERENCES runner_experiments (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_logged_models_experiment_created ON runner_logged_models (experiment, created);
CREATE INDEX ix_runner_logged_models_source_run ON runner_logged_models (source_run);
CREATE INDEX ix_runner_logged_models_name ON runner_logged_models (name);
CREATE TABLE runner_logged_model_params (
	model INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	value TEXT NOT NULL,
	number DOUBLE,
	CONSTRAINT pk_runner_logged_model_params PRIMARY KEY (model, key_id),
	CONSTRAINT fk_runner_logged_model_params_model FOREIGN KEY(model) REFERENCES runner_logged_models (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_logged_model_params_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
)
 WITHOUT ROWID;
CREATE TABLE runner_logged_model_tags (
	model INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_runner_logged_model_tags PRIMARY KEY (model, key_id),
	CONSTRAINT fk_runner_logged_model_tags_model FOREIGN KEY(model) REFERENCES runner_logged_models (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_logged_model_tags_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
)
 WITHOUT ROWID;
CREATE TABLE runner_logged_model_metrics (
	model INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	run INTEGER NOT NULL,
	dataset INTEGER NOT NULL,
	step BIGINT NOT NULL,
	time BIGINT NOT NULL,
	value DOUBLE NOT NULL,
	is_nan BOOLEAN NOT NULL,
	CONSTRAINT pk_runner_logged_model_metrics PRIMARY KEY (model, key_id, run, dataset, step, time, value, is_nan),
	CONSTRAINT fk_runner_logged_model_metrics_model FOREIGN KEY(model) REFERENCES runner_logged_models (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_logged_model_metrics_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id),
	CONSTRAINT fk_runner_logged_model_metrics_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE
)
 WITHOUT ROWID;
CREATE INDEX ix_runner_logged_model_metrics_run ON runner_logged_model_metrics (run);
CREATE TABLE runner_run_models (
	run INTEGER NOT NULL,
	model_uuid VARCHAR(64) NOT NULL,
	made BOOLEAN NOT NULL,
	step BIGINT NOT NULL,
	CONSTRAINT pk_runner_run_models PRIMARY KEY (run, model_uuid, made),
	CONSTRAINT fk_runner_run_models_run FOREIGN KEY(run) REFERENCES runner_runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_run_models_model_uuid ON runner_run_models (model_uuid);
CREATE TABLE runner_registered_models (
	id INTEGER NOT NULL,
	name VARCHAR(500) NOT NULL,
	description TEXT NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	last_version INTEGER NOT NULL,
	CONSTRAINT pk_runner_registered_models PRIMARY KEY (id),
	CONSTRAINT uq_runner_registered_models_name UNIQUE (name)
);
CREATE TABLE runner_registered_model_tags (
	model INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_runner_registered_model_tags PRIMARY KEY (model, key_id),
	CONSTRAINT fk_runner_registered_model_tags_model FOREIGN KEY(model) REFERENCES runner_registered_models (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_registered_model_tags_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
);
CREATE TABLE runner_model_versions (
	id INTEGER NOT NULL,
	model INTEGER NOT NULL,
	version INTEGER NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	stage VARCHAR(16) NOT NULL,
	description TEXT NOT NULL,
	source TEXT NOT NULL,
	location TEXT NOT NULL,
	run_uuid VARCHAR(256) NOT NULL,
	run_link TEXT NOT NULL,
	model_uuid VARCHAR(64) NOT NULL,
	user_name VARCHAR(256) NOT NULL,
	CONSTRAINT pk_runner_model_versions PRIMARY KEY (id),
	CONSTRAINT uq_runner_model_versions_model_version UNIQUE (model, version),
	CONSTRAINT fk_runner_model_versions_model FOREIGN KEY(model) REFERENCES runner_registered_models (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_model_versions_run_uuid ON runner_model_versions (run_uuid);
CREATE INDEX ix_runner_model_versions_model_uuid ON runner_model_versions (model_uuid);
CREATE INDEX ix_runner_model_versions_updated ON runner_model_versions (updated);
CREATE TABLE runner_model_version_tags (
	version INTEGER NOT NULL,
	key_id INTEGER NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_runner_model_version_tags PRIMARY KEY (version, key_id),
	CONSTRAINT fk_runner_model_version_tags_version FOREIGN KEY(version) REFERENCES runner_model_versions (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_model_version_tags_key_id FOREIGN KEY(key_id) REFERENCES runner_key_names (id)
);
CREATE TABLE runner_model_aliases (
	model INTEGER NOT NULL,
	alias VARCHAR(255) NOT NULL,
	version INTEGER NOT NULL,
	CONSTRAINT pk_runner_model_aliases PRIMARY KEY (model, alias),
	CONSTRAINT fk_runner_model_aliases_model FOREIGN KEY(model) REFERENCES runner_registered_models (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_model_aliases_version FOREIGN KEY(version) REFERENCES runner_model_versions (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_model_aliases_version ON runner_model_aliases (version);
CREATE TABLE runner_users (
	id INTEGER NOT NULL,
	name VARCHAR(250) NOT NULL,
	password_hash VARCHAR(250),
	is_admin BOOLEAN NOT NULL,
	created BIGINT NOT NULL,
	CONSTRAINT pk_runner_users PRIMARY KEY (id),
	CONSTRAINT uq_runner_users_name UNIQUE (name)
);
CREATE TABLE runner_tokens (
	id INTEGER NOT NULL,
	user_id INTEGER NOT NULL,
	name VARCHAR(250) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	ending VARCHAR(8) NOT NULL,
	created BIGINT NOT NULL,
	expires BIGINT,
	CONSTRAINT pk_runner_tokens PRIMARY KEY (id),
	CONSTRAINT uq_runner_tokens_user_id_name UNIQUE (user_id, name),
	CONSTRAINT fk_runner_tokens_user_id FOREIGN KEY(user_id) REFERENCES runner_users (id) ON DELETE CASCADE,
	CONSTRAINT uq_runner_tokens_digest UNIQUE (digest)
);
CREATE TABLE runner_experiment_permissions (
	user_id INTEGER NOT NULL,
	experiment INTEGER NOT NULL,
	permission VARCHAR(16) NOT NULL,
	CONSTRAINT pk_runner_experiment_permissions PRIMARY KEY (user_id, experiment),
	CONSTRAINT fk_runner_experiment_permissions_user_id FOREIGN KEY(user_id) REFERENCES runner_users (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_experiment_permissions_experiment FOREIGN KEY(experiment) REFERENCES runner_experiments (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_experiment_permissions_experiment ON runner_experiment_permissions (experiment);
CREATE TABLE runner_model_permissions (
	user_id INTEGER NOT NULL,
	model INTEGER NOT NULL,
	permission VARCHAR(16) NOT NULL,
	CONSTRAINT pk_runner_model_permissions PRIMARY KEY (user_id, model),
	CONSTRAINT fk_runner_model_permissions_user_id FOREIGN KEY(user_id) REFERENCES runner_users (id) ON DELETE CASCADE,
	CONSTRAINT fk_runner_model_permissions_model FOREIGN KEY(model) REFERENCES runner_registered_models (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_model_permissions_model ON runner_model_permissions (model);
CREATE TABLE runner_schedules (
	id INTEGER NOT NULL,
	name VARCHAR(250) NOT NULL,
	definition TEXT NOT NULL,
	overlap VARCHAR(16) NOT NULL,
	paused BOOLEAN NOT NULL,
	created BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	next_for BIGINT NOT NULL,
	next_due BIGINT NOT NULL,
	CONSTRAINT pk_runner_schedules PRIMARY KEY (id),
	CONSTRAINT uq_runner_schedules_name UNIQUE (name)
);
CREATE INDEX ix_runner_schedules_paused_next_due ON runner_schedules (paused, next_due);
CREATE TABLE runner_firings (
	id INTEGER NOT NULL,
	schedule INTEGER NOT NULL,
	scheduled_for BIGINT NOT NULL,
	state VARCHAR(16) NOT NULL,
	cause VARCHAR(16) NOT NULL,
	due BIGINT NOT NULL,
	attempt INTEGER NOT NULL,
	claims INTEGER NOT NULL,
	run_uuid VARCHAR(256) NOT NULL,
	reason TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	stopping BOOLEAN NOT NULL,
	started BIGINT,
	ended BIGINT,
	host VARCHAR(256),
	pid INTEGER,
	process_started VARCHAR(64),
	until BIGINT,
	CONSTRAINT pk_runner_firings PRIMARY KEY (id),
	CONSTRAINT uq_runner_firings_schedule_scheduled_for UNIQUE (schedule, scheduled_for),
	CONSTRAINT fk_runner_firings_schedule FOREIGN KEY(schedule) REFERENCES runner_schedules (id) ON DELETE CASCADE
);
CREATE INDEX ix_runner_firings_schedule_state ON runner_firings (schedule, state);
CREATE INDEX ix_runner_firings_state_due ON runner_firings (state, due);
CREATE INDEX ix_runner_runs_experiment_lifecycle_started ON runner_runs (experiment, lifecycle, started);
CREATE INDEX ix_runner_tags_key_id_beginning ON runner_tags (key_id, beginning);
INSERT INTO runner_schema_version VALUES ('0005');
INSERT INTO runner_counters VALUES ('experiments', 0);
