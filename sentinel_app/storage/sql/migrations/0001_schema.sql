-- What a running update has done so far, one row for each of its Jobs.
CREATE TABLE progress (
    request_id TEXT PRIMARY KEY,
    update_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    query_id TEXT NOT NULL,
    is_sorted INTEGER NOT NULL,
    is_descending INTEGER NOT NULL,
    reading TEXT NOT NULL DEFAULT 'waiting'
        CHECK (reading IN ('waiting', 'reading', 'complete', 'failed')),
    last_id INTEGER,
    next_seq INTEGER NOT NULL DEFAULT 0,
    page_size INTEGER,
    expected INTEGER,
    download_started_at TEXT,
    download_completed_at TEXT,
    convert_started_at TEXT,
    upload_started_at TEXT,
    upload_answered_at TEXT,
    failure_code TEXT,
    failure_reason TEXT,
    is_stopped INTEGER NOT NULL DEFAULT 0,
    objects INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    throttled INTEGER NOT NULL DEFAULT 0,
    throttled_s REAL NOT NULL DEFAULT 0,
    -- A Job reads its window (slice 0) and then whatever else it has to look at.
    slice INTEGER NOT NULL DEFAULT 0,
    -- A Job can end only when it is known what the update withdraws.
    is_closed INTEGER NOT NULL DEFAULT 0,
    held_back INTEGER NOT NULL DEFAULT 0,
    warning TEXT,
    -- A Job whose rows cannot be paged by id is read by spans of their last modification.
    is_by_time INTEGER NOT NULL DEFAULT 0,
    read_until TEXT,
    -- A Job is counted once, however often its end is stored.
    is_measured INTEGER NOT NULL DEFAULT 0,
    -- Indicators with more tags than Sentinel keeps.
    shortened INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Pages read and not yet converted: compressed JSON, gone once converted.
CREATE TABLE page (
    request_id TEXT NOT NULL REFERENCES progress ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    rows BLOB NOT NULL,
    -- Whether the rows were looked up beside the window.
    is_looked_up INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (request_id, seq)
) WITHOUT ROWID;

CREATE TABLE lookup (
    request_id TEXT NOT NULL REFERENCES progress ON DELETE CASCADE,
    slice INTEGER NOT NULL,
    clause TEXT NOT NULL,
    PRIMARY KEY (request_id, slice)
) WITHOUT ROWID;

-- Each Indicator that a Job took up, with its outcome once that is known.
CREATE TABLE treatment (
    request_id TEXT NOT NULL REFERENCES progress ON DELETE CASCADE,
    indicator_id INTEGER NOT NULL,
    outcome TEXT,
    PRIMARY KEY (request_id, indicator_id)
) WITHOUT ROWID;
CREATE INDEX treatment_outcome ON treatment (request_id, outcome);

-- Each object that the running update has chosen; its key is claimed for the whole update.
-- This table and the ledger have rowids: with a body in it, a row in the order of its key
-- would take up a page of its own and be written anew with each neighbour.
CREATE TABLE object (
    object_key TEXT PRIMARY KEY,
    object_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    version INTEGER NOT NULL,
    request_id TEXT NOT NULL REFERENCES progress ON DELETE CASCADE,
    position INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    indicator_type TEXT NOT NULL,
    summary TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    web_link TEXT,
    source_modified_at TEXT NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'in-flight', 'accepted', 'refused', 'failed', 'unchanged')),
    sort_value,
    body BLOB,
    is_revocation INTEGER NOT NULL DEFAULT 0,
    -- The version of an object that is under way; a better one goes out after its answer.
    waits_for INTEGER,
    -- Whether Sentinel may have it although no answer came.
    is_doubtful INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX object_indicator ON object (request_id, indicator_id);
CREATE INDEX object_state ON object (request_id, state, sort_value, indicator_id);

-- What Sentinel holds because of us: one row for each object.
CREATE TABLE ledger (
    object_key TEXT PRIMARY KEY,
    object_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('live', 'withdrawn')),
    query_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    indicator_id INTEGER NOT NULL,
    indicator_type TEXT NOT NULL,
    summary TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX ledger_copy ON ledger (owner_name, indicator_type, summary);
CREATE INDEX ledger_indicator ON ledger (indicator_id);
-- All that counting what is live needs, so that no body is read for it.
CREATE INDEX ledger_query ON ledger (query_id, indicator_type, state, valid_until);

-- Objects that Sentinel refused, to be tried again a few times.
CREATE TABLE refusal (
    object_key TEXT PRIMARY KEY,
    query_id TEXT NOT NULL,
    indicator_id INTEGER NOT NULL,
    content_hash TEXT NOT NULL,
    attempts INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX refusal_query ON refusal (query_id, attempts);

-- Live objects whose copy is gone from ThreatConnect: to be taken over, or withdrawn.
CREATE TABLE released (
    object_key TEXT PRIMARY KEY REFERENCES ledger ON DELETE CASCADE,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- The delta that came upon a loss too late to ask every query for the value.
    late_for TEXT
) WITHOUT ROWID;

-- Withdrawals that Sentinel may have or not: the id is given up, but must be gone for sure.
CREATE TABLE unconfirmed (
    object_id TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    query_id TEXT NOT NULL,
    indicator_id INTEGER NOT NULL,
    indicator_type TEXT NOT NULL,
    summary TEXT NOT NULL,
    owner_name TEXT NOT NULL,
    created TEXT NOT NULL,
    modified TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    body BLOB NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Updates that have looked for what is gone, and up to when that is known.
CREATE TABLE search (
    update_id TEXT PRIMARY KEY,
    is_held_back INTEGER NOT NULL,
    -- Whether it could not be found out what is gone: then nothing is withdrawn.
    is_failed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE searched (until TEXT NOT NULL);

-- When the latest upload requests began, so that a restart does not start a new burst.
CREATE TABLE request_time (id INTEGER PRIMARY KEY, at REAL NOT NULL);

-- The errors of a Job that say the same, gathered as they are stored, so that a list of them
-- does not have to compare a hundred thousand texts.
CREATE TABLE error_kind (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    UNIQUE (request_id, code, message, reason)
);
CREATE TABLE error (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    at TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    indicator_id INTEGER,
    indicator_type TEXT,
    summary TEXT,
    owner_name TEXT,
    web_link TEXT,
    kind_id INTEGER REFERENCES error_kind
);
-- All that counting and filtering need, so that no row is read for it.
CREATE INDEX error_kind_time ON error (kind_id, at, indicator_type);
CREATE INDEX error_indicator ON error (indicator_id);

-- Sums over the Jobs that ended within an hour; the row without an hour is the sum of the hours
-- that were removed.
CREATE TABLE metric (
    hour TEXT PRIMARY KEY,
    jobs INTEGER NOT NULL,
    jobs_failed INTEGER NOT NULL,
    read INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    withheld INTEGER NOT NULL,
    expired INTEGER NOT NULL,
    unsupported INTEGER NOT NULL,
    invalid INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    objects INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    throttled INTEGER NOT NULL,
    throttled_s REAL NOT NULL
) WITHOUT ROWID;
