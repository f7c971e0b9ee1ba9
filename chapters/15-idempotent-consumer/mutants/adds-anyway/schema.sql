create unique index on ledger (event_source, event_id);
