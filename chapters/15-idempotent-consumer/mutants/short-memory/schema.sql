alter table processed_events add column seen_at timestamptz not null default now();
