"""What the service's role must not be able to do, and what it must: as statements, made from what is in the database.

Where a statement would do harm if it were allowed (reset statistics, advance another's sequence), the question is put
to PostgreSQL instead, in the same words that it decides by: `has_…_privilege`, `information_schema`.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from sightline.database.setup import literal, quoted
from sightline.database.tries import Check
from sightline.sql import queries

Row = Mapping[str, object]

PROBE = "sightline_probe"
_SQL = queries("sightline.database", "verify.sql")
# They read what each server has, write to nowhere, and run a program that does nothing.
_FILES = (
    "SELECT pg_read_file('PG_VERSION')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT lo_import('/dev/null')",
    "SELECT lo_export(0, '/dev/null')",
    "COPY (SELECT 1) TO '/dev/null'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
)
_COPY_IN = ("'/dev/null'", "PROGRAM 'true'")
_CATALOGS = {
    "pg_authid": "1",
    "pg_shadow": "1",
    "pg_statistic": "1",
    "pg_statistic_ext_data": "1",
    "pg_user_mapping": "1",
    "pg_largeobject": "1",
    "pg_subscription": "subconninfo",
    "pg_file_settings": "1",
    "pg_hba_file_rules": "1",
}
_NOWHERE = "host=127.0.0.1 port=1 connect_timeout=1"
_TABLE_KINDS = ("r", "p", "f")


class World(msgspec.Struct, frozen=True):
    """What is in the database, as the administrator sees it."""

    role: str
    schema: str
    database: str
    me: str
    owner: str
    backend: int
    member_of: Sequence[str]
    schemas: Sequence[Row]
    relations: Sequence[Row]
    own: Sequence[Row]
    roles: Sequence[Row]
    link_functions: Sequence[Row]
    wrappers: Sequence[Row]
    servers: Sequence[Row]
    extension: str | None
    large_objects: Sequence[int]
    tablespaces: Sequence[Row]
    parameters: Sequence[Row]

    def revoke(self, what: str, holders: object = None) -> str:
        """Say how to take something away: from who was granted it, else by leaving a role that was."""
        if isinstance(holders, list) and holders:
            return f"REVOKE {what} FROM {', '.join(holders)}"
        if self.member_of:
            return f"REVOKE {', '.join(map(quoted, self.member_of))} FROM {quoted(self.role)}"
        return f"REVOKE {what} FROM {quoted(self.role)}"


def attributes(world: World) -> Iterator[Check]:
    """What the role is by itself."""
    role = quoted(world.role)
    for column, attribute in (
        ("rolsuper", "SUPERUSER"), ("rolcreaterole", "CREATEROLE"), ("rolcreatedb", "CREATEDB"),
        ("rolreplication", "REPLICATION"), ("rolbypassrls", "BYPASSRLS"),
    ):  # fmt: skip
        yield Check(
            "attributes", f"SELECT NOT {column} FROM pg_roles WHERE rolname = current_user", "true",
            f"ALTER ROLE {role} NO{attribute}",
        )  # fmt: skip


def forbidden(world: World) -> Iterator[Check]:
    """Everything that has to be refused to the role."""
    yield from _other_schemas(world)
    yield from _other_relations(world)
    yield from _database(world)
    yield from _roles(world)
    yield from _server(world)
    yield from _catalogs(world)
    yield from _other_servers(world)
    for oid in world.large_objects:
        # 262144 is INV_READ; the right to read is checked when it is opened.
        what = f"ALL ON LARGE OBJECT {oid}"
        yield Check("large objects", f"SELECT lo_open({oid}, 262144)", "refused", world.revoke(what))


def _other_schemas(world: World) -> Iterator[Check]:
    for one in world.schemas:
        name, area = str(one["quoted"]), f"schema {one['name']}"
        text = literal(str(one["name"]))
        what = f"ALL ON SCHEMA {name}"
        if not one["public_usage"]:
            # Looking a name up needs USAGE; where PUBLIC has it, as in `public`, the tables themselves are what counts.
            yield Check(area, f"SELECT {literal(f'{name}.{PROBE}')}::regclass", "refused",
                        world.revoke(what, one["holders"]))  # fmt: skip
        for view, column in (("tables", "table"), ("sequences", "sequence")):
            yield Check(
                area, f"SELECT {column}_name FROM information_schema.{view} WHERE {column}_schema = {text}", "nothing",
                _take_back_all(world, one, view),
            )  # fmt: skip
        yield Check(area, f"CREATE TABLE {name}.{PROBE} (a integer)", "refused",
                    world.revoke(f"CREATE ON SCHEMA {name}", one["holders"]))  # fmt: skip
        yield Check(area, f"COMMENT ON SCHEMA {name} IS 'probe'", "refused", f"ALTER SCHEMA {name} OWNER TO its owner")
        yield Check(
            area,
            "SELECT oid::regprocedure FROM pg_proc WHERE prosecdef AND has_function_privilege(oid, 'EXECUTE')"
            f" AND pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = {text})"
            " AND has_schema_privilege(pronamespace, 'USAGE')",
            "nothing",
            world.revoke("EXECUTE ON them")
            if world.member_of
            else "They run with their owner's rights: REVOKE EXECUTE ON them FROM PUBLIC, grant it to who needs them",
        )


def _take_back_all(world: World, schema: Row, view: str) -> str:
    """Name the tables or sequences of a schema that are granted, if it is by grants that they are reached."""
    granted = [
        world.revoke(_named(one), one["holders"])
        for one in world.relations
        if one["schema"] == schema["name"] and one["holders"] and (one["kind"] == "S") == (view == "sequences")
    ]
    return "; ".join(granted[:3]) or world.revoke(f"ALL ON ALL {view.upper()} IN SCHEMA {schema['quoted']}")


def _named(relation: Row) -> str:
    return f"ALL ON {'SEQUENCE ' if relation['kind'] == 'S' else ''}{relation['quoted']}"


def _other_relations(world: World) -> Iterator[Check]:
    for one in world.relations:
        name, area = str(one["quoted"]), f"schema {one['schema']}"
        take_back = world.revoke(_named(one), one["holders"])
        yield Check(area, f"SELECT 1 FROM {name} LIMIT 1", "refused", take_back)
        if one["kind"] not in _TABLE_KINDS:
            continue
        # EXPLAIN asks for the same rights as the statement, and runs neither triggers nor sequences.
        yield Check(area, f"EXPLAIN INSERT INTO {name} DEFAULT VALUES", "refused", take_back)
        if one["a_column"]:
            column = one["a_column"]
            yield Check(area, f"EXPLAIN UPDATE {name} SET {column} = {column}", "refused", take_back)
        yield Check(area, f"EXPLAIN DELETE FROM {name}", "refused", take_back)
        yield Check(area, f"ALTER TABLE {name} ADD COLUMN {PROBE} integer", "refused",
                    f"ALTER TABLE {name} OWNER TO its owner")  # fmt: skip


def _database(world: World) -> Iterator[Check]:
    name, area = quoted(world.database), "database"
    create = world.revoke(f"CREATE ON DATABASE {name}")
    owner = f"ALTER DATABASE {name} OWNER TO its owner"
    yield Check(area, f"CREATE SCHEMA {PROBE}", "refused", create)
    if world.extension:
        yield Check(area, f"CREATE EXTENSION {world.extension}", "refused", create)
    yield Check(area, f"ALTER DATABASE {name} SET work_mem = '4MB'", "refused", owner)
    yield Check(area, f"COMMENT ON DATABASE {name} IS 'probe'", "refused", owner)
    # The right is checked before the template is looked for, so nothing is ever created.
    yield Check(area, f"CREATE DATABASE {PROBE} TEMPLATE {PROBE}_missing", "refused",
                f"ALTER ROLE {quoted(world.role)} NOCREATEDB", bare=True)  # fmt: skip
    yield Check(area, f"CREATE EVENT TRIGGER {PROBE} ON ddl_command_start EXECUTE FUNCTION {PROBE}()", "refused",
                world.revoke("ALL"))  # fmt: skip
    for language, source in (("internal", "pg_backend_pid"), ("c", PROBE)):
        yield Check(
            area, f"CREATE FUNCTION {PROBE}() RETURNS integer LANGUAGE {language} AS {literal(source)}", "refused",
            world.revoke(f"USAGE ON LANGUAGE {language}"),
        )  # fmt: skip
    for space in world.tablespaces:
        yield Check(area, f"CREATE TABLE {PROBE} (a integer) TABLESPACE {space['quoted']}", "refused",
                    world.revoke(f"CREATE ON TABLESPACE {space['quoted']}"))  # fmt: skip


def _roles(world: World) -> Iterator[Check]:
    role, area = quoted(world.role), "roles"
    no_createrole = f"ALTER ROLE {role} NOCREATEROLE"
    yield Check(area, f"CREATE ROLE {PROBE}", "refused", no_createrole)
    yield Check(area, f"ALTER ROLE {role} CREATEDB", "refused", no_createrole)
    yield Check(area, f"GRANT pg_read_all_data TO {role}", "refused", no_createrole)
    yield Check(area, f"SET SESSION AUTHORIZATION {quoted(world.me)}", "refused", f"ALTER ROLE {role} NOSUPERUSER")
    for other in world.roles:
        yield Check(area, f"SET ROLE {other['quoted']}", "refused", f"REVOKE {other['quoted']} FROM {role}")
    # From 16 on a member may inherit without being able to SET ROLE.
    yield Check(
        area,
        "SELECT rolname FROM pg_roles WHERE rolname <> current_user AND pg_has_role(current_user, oid, 'MEMBER')",
        "nothing",
        world.revoke("the roles"),
    )
    for other in world.roles:
        if not other["predefined"]:
            yield Check(area, f"ALTER ROLE {other['quoted']} SET work_mem = '4MB'", "refused", no_createrole)


def _server(world: World) -> Iterator[Check]:
    area = "server"
    for statement in _FILES:
        yield Check("files", statement, "refused", _files_advice(world, statement), optional=True)
    table = f"{quoted(world.schema)}.{PROBE}"
    for source in _COPY_IN:
        yield Check("files", f"COPY {table} FROM {source}", "refused", world.revoke("it"),
                    first=f"CREATE TABLE {table} (a text)")  # fmt: skip
    for function in ("pg_cancel_backend", "pg_terminate_backend"):
        yield Check(area, f"SELECT {function}({world.backend})", "refused", world.revoke("pg_signal_backend"))
    # Resetting what was never set changes nothing.
    yield Check(area, "ALTER SYSTEM RESET sightline.probe", "refused", world.revoke("ALTER SYSTEM"), bare=True)
    yield Check(area, "SET LOCAL session_replication_role = 'replica'", "refused",
                world.revoke("SET ON PARAMETER session_replication_role"))  # fmt: skip
    for parameter in world.parameters:
        name = str(parameter["name"])
        text = literal(name)
        yield Check(
            area,
            f"SELECT NOT has_parameter_privilege({text}, 'ALTER SYSTEM')"
            f" AND (NOT has_parameter_privilege({text}, 'SET')"
            f" OR EXISTS (SELECT FROM pg_settings WHERE name = {text} AND context = 'user'))",
            "true",
            world.revoke(f"ALL ON PARAMETER {quoted(name)}"),
        )
    yield Check(
        area,
        "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proacl IS NOT NULL"
        " AND NOT has_function_privilege('public', oid, 'EXECUTE') AND has_function_privilege(oid, 'EXECUTE')",
        "nothing",
        world.revoke("EXECUTE ON FUNCTION them"),
    )


def _files_advice(world: World, statement: str) -> str:
    function = statement.removeprefix("SELECT ").partition("(")[0]
    return world.revoke(f"EXECUTE ON FUNCTION {function}" if statement.startswith("SELECT") else "it")


def _catalogs(world: World) -> Iterator[Check]:
    area = "catalogs"
    for catalog, column in _CATALOGS.items():
        yield Check(area, f"SELECT {column} FROM pg_catalog.{catalog} LIMIT 1", "refused",
                    world.revoke(f"SELECT ON {catalog}"))  # fmt: skip
    yield Check(
        area,
        "SELECT tablename FROM pg_stats WHERE schemaname NOT IN ('pg_catalog', 'information_schema', "
        f"{literal(world.schema)})",
        "nothing",
        world.revoke("SELECT ON the tables"),
    )
    yield Check(
        area,
        "SELECT usename FROM pg_stat_activity"
        " WHERE usename <> current_user AND query NOT IN ('', '<insufficient privilege>')",
        "nothing",
        world.revoke("pg_read_all_stats"),
    )


def _other_servers(world: World) -> Iterator[Check]:
    area, schema = "other servers", quoted(world.schema)
    for one in world.link_functions:
        arguments = ", ".join(
            literal(_NOWHERE if i == 0 else "SELECT 1") for i in range(str(one["arguments"]).count(",") + 1)
        )
        row = " AS t(a integer)" if str(one["name"]).endswith(".dblink") else ""
        yield Check(
            area, f"SELECT 1 FROM {one['name']}({arguments}){row}", "refused",
            f"REVOKE EXECUTE ON FUNCTION {one['name']}({one['arguments']}) FROM PUBLIC, {quoted(world.role)}",
        )  # fmt: skip
    for one in world.wrappers:
        yield Check(area, f"CREATE SERVER {PROBE} FOREIGN DATA WRAPPER {one['quoted']}", "refused",
                    world.revoke(f"USAGE ON FOREIGN DATA WRAPPER {one['quoted']}"))  # fmt: skip
    for one in world.servers:
        yield Check(area, f"CREATE FOREIGN TABLE {schema}.{PROBE} (a integer) SERVER {one['quoted']}", "refused",
                    world.revoke(f"USAGE ON FOREIGN SERVER {one['quoted']}"))  # fmt: skip


def wanted(world: World) -> Iterator[Check]:
    """Everything that has to work for the role."""
    area, schema, text = f"schema {world.schema}", quoted(world.schema), literal(world.schema)
    again = "Run `sightline db setup`"
    yield Check(
        area, f"SELECT schema_name = {text} FROM information_schema.schemata WHERE schema_name = {text}", "true", again
    )
    yield Check(area, f"SELECT current_schema() = {text}", "true", again)
    table = f"CREATE TABLE {schema}.{PROBE} (id serial PRIMARY KEY, a text)"
    for then in (
        f"INSERT INTO {schema}.{PROBE} (a) VALUES ('x')",
        f"SELECT a FROM {schema}.{PROBE}",
        f"UPDATE {schema}.{PROBE} SET a = 'y'",
        f"DELETE FROM {schema}.{PROBE}",
        f"TRUNCATE {schema}.{PROBE}",
        f"ALTER TABLE {schema}.{PROBE} ADD COLUMN b integer",
        f"CREATE INDEX ON {schema}.{PROBE} (a)",
        f"CREATE VIEW {schema}.{PROBE}_view AS SELECT a FROM {schema}.{PROBE}",
        f"DROP TABLE {schema}.{PROBE}",
    ):
        yield Check(area, f"{table}; {then}", "works", again)
    sequence = f"CREATE SEQUENCE {schema}.{PROBE}; SELECT nextval('{schema}.{PROBE}'); DROP SEQUENCE {schema}.{PROBE}"
    yield Check(area, sequence, "works", again)
    function = f"CREATE FUNCTION {schema}.{PROBE}() RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    yield Check(area, f"{function}; SELECT {schema}.{PROBE}()", "works", again)
    for one in world.own:
        yield Check(area, f"SELECT 1 FROM {one['quoted']} LIMIT 1", "works", again)


def future(world: World) -> Iterator[Check]:
    """What the administrator creates in the schema belongs to the role, too; run by the administrator."""
    area, schema, role = f"schema {world.schema}", quoted(world.schema), literal(world.role)
    for kind, function, privileges in (
        ("TABLE", "table", "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER"),
        ("SEQUENCE", "sequence", "USAGE SELECT UPDATE"),
    ):
        thing = f"{schema}.{PROBE}"
        has = " AND ".join(f"has_{function}_privilege({role}, '{thing}', '{one}')" for one in privileges.split())
        yield Check(
            area, f"SELECT {has}", "true", "Run `sightline db setup` as this administrator",
            first=f"CREATE {kind} {thing}" + (" ()" if kind == "TABLE" else ""),
        )  # fmt: skip


def closed(world: World, other: str) -> Iterator[Check]:
    """Everything that has to be refused to another login role; run by that role."""
    area, schema, role = f"from {other}", quoted(world.schema), quoted(world.role)
    text, leave = literal(world.schema), f"REVOKE ALL ON SCHEMA {schema} FROM {quoted(other)}, PUBLIC"
    yield Check(area, f"SELECT {literal(f'{schema}.{PROBE}')}::regclass", "refused", leave)
    for view, column in (("tables", "table"), ("sequences", "sequence")):
        yield Check(
            area, f"SELECT {column}_name FROM information_schema.{view} WHERE {column}_schema = {text}", "nothing",
            f"REVOKE ALL ON ALL {view.upper()} IN SCHEMA {schema} FROM {quoted(other)}, PUBLIC",
        )  # fmt: skip
    for one in world.own[:1]:
        yield Check(area, f"SELECT 1 FROM {one['quoted']} LIMIT 1", "refused", leave)
    yield Check(area, f"CREATE TABLE {schema}.{PROBE} (a integer)", "refused", leave)
    # SET ROLE would ask for what the administrator may, where that is who the session belongs to.
    yield Check(area, f"SELECT NOT pg_has_role({literal(other)}, {literal(world.role)}, 'MEMBER')", "true",
                f"REVOKE {role} FROM {quoted(other)}")  # fmt: skip
    yield Check(area, f"ALTER ROLE {role} CONNECTION LIMIT 1", "refused",
                f"ALTER ROLE {quoted(other)} NOCREATEROLE (from PostgreSQL 16 on it needs no such care)")  # fmt: skip


def closed_by_privileges(world: World, other: str) -> Iterator[Check]:
    """Ask the same without being that role, where the administrator may not become it."""
    area, name, schema = f"from {other}, by its privileges", literal(other), literal(world.schema)
    leave = f"REVOKE ALL ON SCHEMA {quoted(world.schema)} FROM {quoted(other)}, PUBLIC"
    for privilege in ("USAGE", "CREATE"):
        yield Check(area, f"SELECT NOT has_schema_privilege({name}, {schema}, '{privilege}')", "true", leave)
    yield Check(
        area,
        f"SELECT relname FROM pg_class WHERE relnamespace = {schema}::regnamespace AND CASE relkind"
        f" WHEN 'S' THEN has_sequence_privilege({name}, oid, 'USAGE, SELECT, UPDATE')"
        f" ELSE relkind IN ('r', 'p', 'v', 'm', 'f')"
        f" AND (has_table_privilege({name}, oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
        f" OR has_any_column_privilege({name}, oid, 'SELECT, INSERT, UPDATE, REFERENCES')) END",
        "nothing",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {quoted(world.schema)} FROM {quoted(other)}, PUBLIC",
    )
    yield Check(area, f"SELECT NOT pg_has_role({name}, {literal(world.role)}, 'MEMBER')", "true",
                f"REVOKE {quoted(world.role)} FROM {quoted(other)}")  # fmt: skip
    yield Check(
        area,
        "SELECT NOT rolcreaterole OR current_setting('server_version_num')::integer >= 160000"
        f" FROM pg_roles WHERE rolname = {name}",
        "true",
        f"ALTER ROLE {quoted(other)} NOCREATEROLE",
    )


def granted_away(world: World) -> Iterator[Check]:
    """What is granted on our schema to anybody else, usable today or not; run by the administrator."""
    name, area = quoted(world.schema), f"grants on {world.schema}"
    for query, advice in (
        ("grants_on_schema", f"REVOKE ALL ON SCHEMA {name} FROM them"),
        ("grants_on_tables", f"REVOKE ALL ON ALL TABLES IN SCHEMA {name} FROM them"),
        ("grants_on_columns", f"REVOKE ALL ON ALL TABLES IN SCHEMA {name} FROM them"),
        ("grants_to_come", f"ALTER DEFAULT PRIVILEGES IN SCHEMA {name} REVOKE ALL ON TABLES FROM them"),
        ("members", f"REVOKE {quoted(world.role)} FROM them"),
    ):
        yield Check(area, _filled(query, world), "nothing", advice)


def _filled(query: str, world: World) -> str:
    """Return a query with the names in it, on one line, so that it can be shown and run by hand."""
    text = " ".join(line.strip() for line in _SQL[query].splitlines() if not line.startswith("--"))
    return text.replace(":schema", literal(quoted(world.schema))).replace(":role", literal(quoted(world.role)))
