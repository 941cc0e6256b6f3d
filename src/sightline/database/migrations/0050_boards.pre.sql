-- Boards: what somebody put together to look at, of one user or of a team. `layout` is JSON that whoever draws it
-- reads; the sites, links and pixels in it are named by their UUIDs. A user's dashboard is the one board of its own.
CREATE TABLE boards (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid        uuid NOT NULL UNIQUE,
    user_id     bigint REFERENCES users ON DELETE CASCADE,
    tenant_id   bigint REFERENCES tenants ON DELETE CASCADE,
    dashboard   boolean NOT NULL DEFAULT false,
    kind        text COLLATE "C" NOT NULL,
    name        text NOT NULL CHECK (char_length(name) <= 200),
    description text NOT NULL CHECK (char_length(description) <= 500),
    layout      jsonb NOT NULL,
    created_at  timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    CHECK (num_nonnulls(user_id, tenant_id) = 1),
    CHECK (NOT dashboard OR user_id IS NOT NULL)
);
CREATE UNIQUE INDEX boards_dashboard ON boards (user_id) WHERE dashboard;
CREATE INDEX boards_user ON boards (user_id);
CREATE INDEX boards_tenant ON boards (tenant_id);
