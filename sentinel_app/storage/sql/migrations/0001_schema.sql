-- Times of Indicators and objects are whole milliseconds since 1970 in UTC; those of Jobs and errors
-- are RFC 3339 text, as people are shown them.

-- Numbers stand for what is long and comes again and again. A Job's number is higher than that of
-- every Job before it.
CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- It has a second number where it has begun twice, as documents were put back from a backup.
    request_id TEXT NOT NULL
);
CREATE INDEX job_request ON job (request_id);
CREATE TABLE query (
    id INTEGER PRIMARY KEY,
    query_id TEXT NOT NULL UNIQUE,
    -- The first Job of the last update that read all of it: what has an older mark it did not return.
    whole_mark INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE owner (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

-- What Sentinel holds because of us, and which Job saw it last: one row for each object key. Without
-- foreign keys, which every row would be checked against.
CREATE TABLE ledger (
    id INTEGER PRIMARY KEY,
    -- The bytes of the object's first id.
    digest BLOB NOT NULL,
    kind INTEGER NOT NULL,
    -- 0 chosen and never accepted, 1 live, 2 withdrawn.
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),
    generation INTEGER NOT NULL,
    query INTEGER NOT NULL,
    -- The Job that sent it last.
    job INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    -- How many keys its Indicator has.
    siblings INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    -- The Indicator's own last modification.
    source_modified INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    -- The Job that chose it last; what the running update has not chosen has a lower number, and so
    -- has what its Job was stopped before it could send.
    mark INTEGER NOT NULL,
    -- Its newest version in the outbox.
    outbox INTEGER,
    -- Set where the summary does not lead to the key.
    summary_digest INTEGER,
    -- How often Sentinel has refused its withdrawal since a copy was chosen last.
    withdrawals_refused INTEGER NOT NULL DEFAULT 0,
    -- When its first version was made that Sentinel accepted.
    first_sent INTEGER,
    -- Stands for the host of a URL and the key of a Registry Key, by which people look for them.
    container INTEGER,
    -- The confidence of the version that Sentinel has; NULL where it has none.
    confidence INTEGER,
    -- When Sentinel accepted that version; NULL while nobody knows whether it did.
    accepted INTEGER
);
CREATE UNIQUE INDEX ledger_digest ON ledger (digest);
CREATE INDEX ledger_indicator ON ledger (indicator_id);
CREATE INDEX ledger_summary ON ledger (summary_digest) WHERE summary_digest IS NOT NULL;
CREATE INDEX ledger_container ON ledger (container) WHERE container IS NOT NULL;
-- What came back after it was withdrawn: its id does not follow from its digest.
CREATE INDEX ledger_generation ON ledger (generation) WHERE generation > 0;

-- What is only read when somebody asks, apart from the rows that every update goes through.
CREATE TABLE content (
    object INTEGER PRIMARY KEY,
    summary TEXT NOT NULL,
    -- What the key stands for, where that is not the summary.
    value TEXT,
    body BLOB NOT NULL
);

-- How many objects are live, so that nobody has to count them.
CREATE TABLE live_count (
    query INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    -- Hours since 1970 in which they expire.
    hour INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (query, owner, kind, hour)
) WITHOUT ROWID;

-- How far the running update's Jobs have come, and what became of their Indicators.
CREATE TABLE progress (
    job INTEGER PRIMARY KEY,
    update_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    query INTEGER NOT NULL,
    is_delta INTEGER NOT NULL,
    -- What the update is about, see `core.scope`.
    scope TEXT NOT NULL DEFAULT 'whole',
    is_sorted INTEGER NOT NULL,
    is_descending INTEGER NOT NULL,
    -- Rows may come twice.
    is_repeating INTEGER NOT NULL DEFAULT 0,
    reading TEXT NOT NULL DEFAULT 'waiting'
        CHECK (reading IN ('waiting', 'reading', 'complete', 'failed')),
    pass INTEGER NOT NULL DEFAULT 0,
    is_by_time INTEGER NOT NULL DEFAULT 0,
    last_id INTEGER,
    read_until INTEGER,
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
    -- It is known what the update withdraws.
    is_closed INTEGER NOT NULL DEFAULT 0,
    is_measured INTEGER NOT NULL DEFAULT 0,
    warning TEXT,
    held_back INTEGER NOT NULL DEFAULT 0,
    shortened INTEGER NOT NULL DEFAULT 0,
    next_place INTEGER NOT NULL DEFAULT 0,
    -- Objects in the outbox that no request carries.
    waiting INTEGER NOT NULL DEFAULT 0,
    -- Indicators without an outcome as yet.
    open INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    duplicate INTEGER NOT NULL DEFAULT 0,
    withheld INTEGER NOT NULL DEFAULT 0,
    expired INTEGER NOT NULL DEFAULT 0,
    unsupported INTEGER NOT NULL DEFAULT 0,
    invalid INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    objects INTEGER NOT NULL DEFAULT 0,
    requests INTEGER NOT NULL DEFAULT 0,
    throttled INTEGER NOT NULL DEFAULT 0,
    throttled_s REAL NOT NULL DEFAULT 0,
    -- How long its requests waited for the API limit.
    limit_wait_s REAL NOT NULL DEFAULT 0
);

-- What a Job reads after its window, one pass after the other.
CREATE TABLE extra_query (
    job INTEGER NOT NULL,
    pass INTEGER NOT NULL,
    clause TEXT NOT NULL,
    -- It asks for copies that may take the place of one that is gone.
    is_alternate INTEGER NOT NULL,
    PRIMARY KEY (job, pass)
) WITHOUT ROWID;

-- Copies that make way for others that have yet to be read.
CREATE TABLE alternate (
    job INTEGER NOT NULL,
    object INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    source_modified INTEGER NOT NULL,
    PRIMARY KEY (job, object, indicator_id)
) WITHOUT ROWID;

-- Live objects whose copy a Job has read and found unfit to be sent, or without that value.
CREATE TABLE dismissed (
    job INTEGER NOT NULL,
    object INTEGER NOT NULL,
    PRIMARY KEY (job, object)
) WITHOUT ROWID;

-- Which of the values that a person has chosen a Job has read, in whatever condition.
CREATE TABLE found (
    job INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (job, digest)
) WITHOUT ROWID;

-- Indicators that a Job has taken up, where its rows may come twice. Where they come in the order of
-- their ids they do not; then each page leaves its ids, should that order turn out to be none.
CREATE TABLE taken_up (
    job INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    PRIMARY KEY (job, indicator_id)
) WITHOUT ROWID;
CREATE TABLE page_ids (
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    ids BLOB NOT NULL
);

-- Indicators whose outcome depends on more than one object.
CREATE TABLE outcome (
    job INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    -- What it is without an object.
    base TEXT NOT NULL,
    waiting INTEGER NOT NULL,
    unchanged INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    PRIMARY KEY (job, indicator_id)
) WITHOUT ROWID;

-- What is to be sent. A row goes when it is settled.
CREATE TABLE outbox (
    -- The Job's number and the row's place, so that the rows of a Job lie together.
    id INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    object INTEGER NOT NULL,
    is_in_flight INTEGER NOT NULL DEFAULT 0,
    -- The version under way that this one is better than.
    waits_for INTEGER,
    -- Sentinel may have it, or a version before it, although no answer came.
    is_unacknowledged INTEGER NOT NULL DEFAULT 0,
    is_revocation INTEGER NOT NULL,
    -- Whose outcome it decides: 0 its Indicator's, 1 that of an outcome row, 2 nobody's.
    account INTEGER NOT NULL,
    -- The unconfirmed withdrawal that it repeats.
    unconfirmed INTEGER,
    generation INTEGER NOT NULL,
    query INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    siblings INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    source_modified INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    confidence INTEGER,
    summary_digest INTEGER,
    sort_value,
    summary TEXT NOT NULL,
    value TEXT,
    size INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX outbox_sort ON outbox (job, sort_value, indicator_id) WHERE sort_value IS NOT NULL;
CREATE INDEX outbox_waits ON outbox (waits_for) WHERE waits_for IS NOT NULL;

-- Copies that Sentinel refused, to be tried again a few times.
CREATE TABLE refusal (
    object INTEGER NOT NULL,
    query INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    -- The Job that has chosen this copy last; 0 once it has chosen another one.
    job INTEGER NOT NULL,
    -- The Job that has read it last without choosing it.
    passed_over_by INTEGER NOT NULL DEFAULT 0,
    source_modified INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    summary TEXT NOT NULL,
    value TEXT,
    PRIMARY KEY (object, query, indicator_id)
) WITHOUT ROWID;
CREATE INDEX refusal_query ON refusal (query, indicator_id);
CREATE INDEX refusal_indicator ON refusal (indicator_id);

-- Values of which a copy was chosen that was refused too often, or has gone since it was refused. A
-- delta asks each query for other copies.
CREATE TABLE sought (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    kind INTEGER NOT NULL,
    summary TEXT NOT NULL,
    value TEXT,
    -- The newest Job as this became known: what began before it has not asked.
    since INTEGER NOT NULL
);

-- Live objects whose copy is gone from ThreatConnect: to be taken over, or withdrawn.
CREATE TABLE orphan (
    object INTEGER PRIMARY KEY,
    -- The update that came upon the loss too late to ask every query for the value.
    late_for TEXT
);

-- All that is known about a key, in one row.
CREATE VIEW known_object AS
SELECT ledger.id, digest, kind, state, ledger.generation, ledger.query, ledger.job, ledger.owner,
    ledger.indicator_id, ledger.siblings, ledger.created, ledger.modified, ledger.valid_until,
    ledger.source_modified, ledger.content_hash, ledger.fingerprint, mark, outbox,
    outbox.query AS outbox_query, outbox.indicator_id AS outbox_indicator_id,
    outbox.source_modified AS outbox_source_modified,
    outbox.created AS outbox_created, outbox.modified AS outbox_modified,
    refusal.query AS refused_query, refusal.indicator_id AS refused_indicator_id,
    refusal.source_modified AS refused_source_modified,
    orphan.object IS NOT NULL AS is_orphaned, orphan.late_for
FROM ledger
    LEFT JOIN outbox ON outbox.id = ledger.outbox
    LEFT JOIN refusal ON refusal.object = ledger.id AND refusal.job = ledger.mark
    LEFT JOIN orphan ON orphan.object = ledger.id;

-- An object in the outbox, and what is held in its place.
CREATE VIEW outbox_object AS
SELECT outbox.*, kind, ledger.state AS held_state, ledger.query AS held_query,
    ledger.owner AS held_owner, ledger.valid_until AS held_until
FROM outbox JOIN ledger ON ledger.id = outbox.object;

-- What was sent, as people are shown it.
CREATE VIEW record AS
SELECT ledger.id, digest, summary_digest, kind, state, generation, query.query_id, job.request_id,
    indicator_id, owner.name AS owner_name, summary, value, created, modified, valid_until,
    first_sent, body
FROM ledger
    JOIN content ON content.object = ledger.id
    JOIN query ON query.id = ledger.query
    JOIN job ON job.id = ledger.job
    JOIN owner ON owner.id = ledger.owner
WHERE state > 0;

-- The same without what is long, and with what was chosen and never accepted as yet.
CREATE VIEW holding AS
SELECT ledger.id, digest, summary_digest, container, kind, state, generation, query.query_id,
    indicator_id, owner.name AS owner_name, modified, valid_until, first_sent,
    outbox IS NOT NULL AS is_waiting
FROM ledger
    JOIN query ON query.id = ledger.query
    JOIN owner ON owner.id = ledger.owner;

-- Whose copy a live object is. Whatever its end: what has expired by our clock is live all the same
-- where that clock is wrong.
CREATE VIEW holder AS
SELECT ledger.id, digest, summary_digest, indicator_id, owner.name AS owner_name
FROM ledger JOIN owner ON owner.id = ledger.owner
WHERE state = 1;

-- Withdrawals that Sentinel may have or not: the id is not used again, but must be gone for sure.
CREATE TABLE unconfirmed (
    id INTEGER PRIMARY KEY,
    object INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    query INTEGER NOT NULL,
    owner INTEGER NOT NULL,
    indicator_id INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    summary TEXT NOT NULL,
    body BLOB NOT NULL,
    -- The Job that withdrew it last; what the running update has not has a lower number.
    mark INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    UNIQUE (object, generation)
);
CREATE INDEX unconfirmed_indicator ON unconfirmed (indicator_id);

-- Updates that have looked for what is gone, and up to when that is known.
CREATE TABLE search (
    update_id TEXT PRIMARY KEY,
    is_held_back INTEGER NOT NULL,
    is_failed INTEGER NOT NULL
);
CREATE TABLE searched (
    until INTEGER NOT NULL
);

-- When the latest upload requests began, so that a restart does not start a new burst.
CREATE TABLE request_time (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL
);

-- The errors of a Job that say the same are gathered as they are stored, so that a list of them does
-- not have to compare a hundred thousand texts.
CREATE TABLE error_kind (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL,
    code TEXT NOT NULL,
    message TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- Of the Job; NULL where it had not begun.
    query INTEGER,
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
    kind_id INTEGER NOT NULL REFERENCES error_kind,
    about TEXT NOT NULL CHECK (about IN ('job', 'indicator', 'object', 'withdrawal')),
    -- The ledger row of what Sentinel refused. Such a row may be gone once the error is not open.
    object INTEGER,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'resolved', 'superseded')),
    -- Since when it is no longer open.
    state_at TEXT
);
-- All that counting and filtering need, so that no row is read for it.
CREATE INDEX error_kind_time ON error (kind_id, at, indicator_type, state);
CREATE INDEX error_indicator ON error (indicator_id);
-- What is open, to be found by what closes it.
CREATE INDEX error_open ON error (about, indicator_id, object) WHERE state = 'open';
CREATE INDEX error_open_object ON error (object) WHERE state = 'open' AND object IS NOT NULL;

-- What the Jobs that ended within an hour came to; the row without an hour is the sum of the hours
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

-- The runs of the Task Verify. Times are milliseconds since 1970.
CREATE TABLE verification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started INTEGER NOT NULL,
    -- NULL while it runs, and for ever where it broke off.
    ended INTEGER,
    is_whole INTEGER NOT NULL,
    -- Why it came to nothing; NULL where it was completed.
    code TEXT,
    message TEXT,
    reason TEXT,
    requests INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0,
    confirmed INTEGER NOT NULL DEFAULT 0,
    recent INTEGER NOT NULL DEFAULT 0,
    unread INTEGER NOT NULL DEFAULT 0
);
-- What they came to about context objects; without a row where these were not compared.
CREATE TABLE context_verification (
    verification INTEGER PRIMARY KEY,
    -- Why their table could not be read; NULL where it was.
    code TEXT,
    message TEXT,
    reason TEXT,
    held INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    recent INTEGER NOT NULL,
    unread INTEGER NOT NULL
);
-- How many findings of a kind a run has; those that are listed may be fewer.
CREATE TABLE finding_count (
    verification INTEGER NOT NULL,
    is_context INTEGER NOT NULL,
    kind TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (verification, is_context, kind)
) WITHOUT ROWID;
CREATE TABLE finding (
    id INTEGER PRIMARY KEY,
    verification INTEGER NOT NULL,
    -- Whether it is about a context object, and not about an Indicator.
    is_context INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- The bytes of the object's id.
    digest BLOB NOT NULL,
    -- Its ledger row; NULL where there is none.
    object INTEGER,
    -- Its row in the ledger of context objects, if it has one.
    context INTEGER,
    -- Of a context object; NULL until an unknown one is described.
    stix_type TEXT,
    -- Its newest row in the table, if there is one.
    modified INTEGER,
    valid_until INTEGER,
    confidence INTEGER,
    marks INTEGER,
    -- Of an unknown object, for its withdrawal.
    created INTEGER,
    valid_from INTEGER,
    pattern TEXT,
    -- Of an unknown context object: its name, or the ends of a relationship.
    name TEXT,
    -- The update that a person has requested about it.
    update_id TEXT
);
CREATE INDEX finding_digest ON finding (verification, digest);
CREATE INDEX finding_kind ON finding (verification, kind, is_context, id);
CREATE INDEX finding_update ON finding (update_id, digest) WHERE update_id IS NOT NULL;

-- Matches: what Sentinel's alerts had of ours. An alert is here while it has a match.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Its place in the order, 0 for the least.
    severity INTEGER NOT NULL,
    product TEXT NOT NULL,
    link TEXT,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL
);
-- Indicators with a match, as they were at their newest one.
CREATE TABLE matched (
    indicator_id INTEGER PRIMARY KEY,
    indicator_type TEXT NOT NULL,
    owner INTEGER NOT NULL,
    summary TEXT NOT NULL,
    web_link TEXT
);
CREATE TABLE match (
    alert INTEGER NOT NULL,
    -- The ledger row, which stays once it was sent.
    object INTEGER NOT NULL,
    -- Whose object it was, and by which query, when the alert was read first.
    indicator_id INTEGER NOT NULL,
    query INTEGER NOT NULL,
    is_exact INTEGER NOT NULL,
    -- The end of the alert.
    at INTEGER NOT NULL,
    PRIMARY KEY (alert, object)
) WITHOUT ROWID;
CREATE INDEX match_indicator ON match (indicator_id, at);
CREATE INDEX match_object ON match (object);
-- All that counting needs.
CREATE INDEX match_time ON match (at, indicator_id, query, is_exact);
-- The last run, and up to when alerts have been read.
CREATE TABLE match_run (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    until INTEGER,
    began INTEGER,
    ended INTEGER,
    completed INTEGER,
    outcome TEXT,
    -- When a run last read an alert at all.
    seen INTEGER,
    alerts INTEGER NOT NULL DEFAULT 0,
    unreadable INTEGER NOT NULL DEFAULT 0,
    added INTEGER NOT NULL DEFAULT 0,
    code TEXT,
    message TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT ''
);
INSERT INTO match_run (id) VALUES (1);

-- Context: who is behind the Indicators. Owner identities, threat actors, and the relationships of
-- Indicators with them, beside the ledger, as nothing that updates do depends on them.

-- ThreatConnect Groups that stand for threat actors, as they were read last.
CREATE TABLE actor_group (
    -- ThreatConnect's own.
    id INTEGER PRIMARY KEY,
    -- The digest of its actor's key; NULL where it is none: gone, held back, or of another type.
    actor BLOB,
    -- Its own last modification.
    modified INTEGER NOT NULL,
    read INTEGER NOT NULL,
    -- What was read of it; NULL where it is gone.
    body BLOB
);
CREATE INDEX actor_group_actor ON actor_group (actor) WHERE actor IS NOT NULL;

-- Groups of the copy that was chosen for an object of the ledger, and what else its relationships
-- have of that copy.
CREATE TABLE associated (
    object INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL,
    -- That of the object's id.
    generation INTEGER NOT NULL,
    -- The strictness of its TLP level; NULL without one.
    tlp INTEGER
);
CREATE TABLE association (
    object INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    PRIMARY KEY (object, group_id)
) WITHOUT ROWID;
CREATE INDEX association_group ON association (group_id);

-- Objects of the ledger whose relationships may have changed, and actors that may have; each with
-- the account of the Job that found out.
CREATE TABLE relation_due (
    object INTEGER PRIMARY KEY,
    account INTEGER NOT NULL
);
CREATE TABLE actor_due (
    actor BLOB PRIMARY KEY,
    account INTEGER NOT NULL
) WITHOUT ROWID;

-- What Sentinel holds of it: one row for each key of a context object.
CREATE TABLE context_object (
    id INTEGER PRIMARY KEY,
    -- The bytes of the object's first id.
    digest BLOB NOT NULL,
    -- 0 identity, 1 threat actor, 2 relationship: the order in which they are sent.
    kind INTEGER NOT NULL,
    -- 0 never accepted, 1 live, 2 withdrawn.
    state INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 2),
    generation INTEGER NOT NULL DEFAULT 0,
    -- The bytes of its present id, where that is not the first one.
    present_id BLOB,
    -- The text of the key of an identity or an actor, and the name that people see.
    key TEXT,
    name TEXT,
    -- Of a relationship: the ledger row of its Indicator, the row of its actor, and their ids.
    source INTEGER,
    target INTEGER,
    source_ref BLOB,
    target_ref BLOB,
    -- The strictness of an actor's TLP level; NULL without one.
    tlp INTEGER,
    -- Whether it is to be in Sentinel, by all that is known.
    is_wanted INTEGER NOT NULL DEFAULT 1,
    -- Of the version that Sentinel accepted last.
    created INTEGER NOT NULL DEFAULT 0,
    modified INTEGER NOT NULL DEFAULT 0,
    content_hash BLOB NOT NULL DEFAULT x'',
    -- NULL while nobody knows whether Sentinel accepted that version.
    accepted INTEGER,
    -- The text of an identity or an actor; that of a relationship follows from its columns.
    body BLOB,
    -- The version that Sentinel refused last, and how often. NULL where it refused none.
    refused_hash BLOB,
    attempts INTEGER NOT NULL DEFAULT 0,
    refused_at INTEGER,
    refused_code TEXT,
    refused_reason TEXT
);
CREATE UNIQUE INDEX context_object_digest ON context_object (digest);
CREATE INDEX context_object_source ON context_object (source) WHERE source IS NOT NULL;
-- Whether it is wanted as well, so that the relationships of an actor can be counted in it.
CREATE INDEX context_object_target ON context_object (target, is_wanted)
    WHERE target IS NOT NULL;
CREATE INDEX context_object_named ON context_object (kind, name) WHERE kind < 2;
CREATE INDEX context_object_unwanted ON context_object (id) WHERE is_wanted = 0 AND state = 1;
CREATE INDEX context_object_refused ON context_object (id) WHERE refused_hash IS NOT NULL;

-- Versions on their way to Sentinel: at most one of each object.
CREATE TABLE context_outbox (
    object INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    account INTEGER NOT NULL,
    is_in_flight INTEGER NOT NULL DEFAULT 0,
    -- Sentinel may have it, or a version before it, although no answer came.
    is_unacknowledged INTEGER NOT NULL DEFAULT 0,
    is_revocation INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX context_outbox_waiting ON context_outbox (kind, object) WHERE is_in_flight = 0;
CREATE INDEX context_outbox_in_flight ON context_outbox (object) WHERE is_in_flight = 1;

-- What can be sent now. A relationship waits until Sentinel has its actor, and follows all that is no
-- relationship.
CREATE VIEW context_ready AS
SELECT context_outbox.*
FROM context_outbox JOIN context_object ON context_object.id = context_outbox.object
WHERE is_in_flight = 0 AND (context_outbox.kind < 2 OR is_revocation OR (
    NOT EXISTS (SELECT 1 FROM context_outbox AS first WHERE first.is_in_flight = 0
        AND first.kind < 2)
    AND EXISTS (SELECT 1 FROM context_object AS actor WHERE actor.id = context_object.target
        AND actor.state = 1 AND actor.accepted IS NOT NULL)
));

-- How many of each kind are live, and what became of the context objects of each Job.
CREATE TABLE context_live (
    kind INTEGER PRIMARY KEY,
    count INTEGER NOT NULL
);
CREATE TABLE context_account (
    id INTEGER PRIMARY KEY,
    request_id TEXT NOT NULL UNIQUE,
    waiting INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    -- Actors beyond the most that an Indicator is related to.
    left_out INTEGER NOT NULL DEFAULT 0
);

-- How far the Task Context has come.
CREATE TABLE context_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    -- The account of the newest Job that may have changed something.
    account INTEGER NOT NULL DEFAULT 0,
    -- How many kinds were wanted when the Service started last; NULL before it did.
    kinds INTEGER,
    -- An update has ended since everything was gone through.
    is_due INTEGER NOT NULL DEFAULT 0,
    -- Everything has been read, so what is not wanted is withdrawn once all Groups are read as well.
    is_whole INTEGER NOT NULL DEFAULT 0,
    -- All Groups are read again: those up to this id have been. NULL where they are not.
    read_until_group INTEGER,
    -- Since when Groups that were modified are still to be read.
    changed_since INTEGER,
    -- Withdrawals that wait for a person, and the number that one has allowed.
    held_back INTEGER NOT NULL DEFAULT 0,
    allowed INTEGER,
    -- When everything had been gone through and sent; NULL while that is under way.
    ended INTEGER
);
INSERT INTO context_state (id) VALUES (1);
