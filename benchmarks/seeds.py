"""Databases full of runs, ours and MLflow's, on SQLite and PostgreSQL: 5 metrics, 10 params and 4 tags each."""

import random
import secrets
from collections.abc import Sequence

import sqlalchemy

METRICS = ("rmse", "mae", "r2", "loss", "acc")
PARAMS = ("alpha", *(f"p{index}" for index in range(9)))
TAGS = tuple(f"t{index}" for index in range(4))
RANDOM = {"sqlite": "(abs(random()) / 9.3e18)", "postgresql": "random()"}  # 0 to 1
START = 1_700_000_000_000  # ms


def seed_ours(uri: str, experiment: str, runs: int) -> None:
    """So many runs in one of our experiments."""
    _seed(uri, _our_statements(int(experiment)), runs)


def seed_theirs(uri: str, experiment: str, runs: int) -> None:
    """So many runs in one of MLflow's experiments."""
    _seed(uri, _their_statements(int(experiment)), runs)


def _our_statements(experiment: int) -> Sequence[str]:
    return (
        *(
            f"INSERT INTO runner_key_names (name) SELECT '{name}'"
            f" WHERE NOT EXISTS (SELECT 1 FROM runner_key_names WHERE name = '{name}')"
            for name in (*METRICS, *PARAMS, *TAGS)
        ),
        f"""INSERT INTO runner_runs (uuid, experiment, name, user_name, status, started, ended, lifecycle, artifact_uri)
            SELECT uuid, {experiment}, 'run-' || uuid, 'me', 'FINISHED', at, at + 500, 'active', 'file:///' || uuid FROM seeds""",
        f"""INSERT INTO runner_latest_metrics (run, key_id, experiment, step, time, value, is_nan)
            SELECT r.id, k.id, {experiment}, 0, s.at, {{random}}, FALSE
            FROM seeds s JOIN runner_runs r ON r.uuid = s.uuid CROSS JOIN runner_key_names k
            WHERE k.name IN {METRICS} ORDER BY r.id, k.id""",
        f"""INSERT INTO runner_params (run, key_id, experiment, value, number)
            SELECT r.id, k.id, {experiment}, s.tenth, s.tenths / 10.0
            FROM seeds s JOIN runner_runs r ON r.uuid = s.uuid CROSS JOIN runner_key_names k
            WHERE k.name IN {PARAMS} ORDER BY r.id, k.id""",
        f"""INSERT INTO runner_tags (run, key_id, value)
            SELECT r.id, k.id, 'x' || s.tenths FROM seeds s JOIN runner_runs r ON r.uuid = s.uuid CROSS JOIN runner_key_names k
            WHERE k.name IN {TAGS} ORDER BY r.id, k.id""",
    )


def _their_statements(experiment: int) -> Sequence[str]:
    def keys(names: Sequence[str]) -> str:
        return f"({' UNION ALL '.join(f'SELECT {name!r} AS key' for name in names)}) k"

    return (
        f"""INSERT INTO runs (run_uuid, name, source_type, entry_point_name, user_id, status, start_time, end_time,
                lifecycle_stage, artifact_uri, experiment_id, source_name, source_version)
            SELECT uuid, 'run-' || uuid, 'UNKNOWN', '', 'me', 'FINISHED', at, at + 500, 'active', 'file:///' || uuid,
                {experiment}, '', '' FROM seeds""",
        f"""INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
            SELECT k.key, {{random}}, at, 0, FALSE, uuid FROM seeds CROSS JOIN {keys(METRICS)}""",
        f"INSERT INTO params (key, value, run_uuid) SELECT k.key, tenth, uuid FROM seeds CROSS JOIN {keys(PARAMS)}",
        f"INSERT INTO tags (key, value, run_uuid) SELECT k.key, 'x' || tenths, uuid FROM seeds CROSS JOIN {keys(TAGS)}",
    )


def _seed(uri: str, statements: Sequence[str], runs: int) -> None:
    """Fill a database; `seeds` has an id, a start time and a number of tenths for each run."""
    engine = sqlalchemy.create_engine(uri.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size = -200000")
        connection.exec_driver_sql(
            "CREATE TEMPORARY TABLE seeds (uuid VARCHAR(32) PRIMARY KEY, at BIGINT, tenths INTEGER, tenth VARCHAR(8))"
        )
        insert = sqlalchemy.text("INSERT INTO seeds VALUES (:uuid, :at, :tenths, :tenth)")
        connection.execute(insert, [_row(index) for index in range(runs)])
        for statement in statements:
            connection.exec_driver_sql(statement.format(random=RANDOM[engine.dialect.name]))
        connection.exec_driver_sql("DROP TABLE seeds")
    engine.dispose()


def _row(index: int) -> dict[str, object]:
    tenths = random.randrange(10)
    return {
        "uuid": secrets.token_hex(16),
        "at": START + index * 1000,
        "tenths": tenths,
        "tenth": f"{tenths / 10:.1f}",
    }
