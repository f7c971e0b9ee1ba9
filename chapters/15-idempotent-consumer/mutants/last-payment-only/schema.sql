alter table accounts add column last_source text, add column last_id text;
