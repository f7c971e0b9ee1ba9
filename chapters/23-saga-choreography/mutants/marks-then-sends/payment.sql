create table outbox (
  n bigserial primary key,
  id text not null unique,
  event json not null,
  sent boolean not null default false
);
