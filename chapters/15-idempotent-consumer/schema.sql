-- The projector's database. Amounts and balances are in cents.

create table accounts (
  id text primary key,
  balance bigint not null default 0
);

insert into accounts (id) values ('alice'), ('bob'), ('carol'), ('dave'), ('erin');

-- One row for each payment. Nothing here keeps a payment from standing in it twice.
create table ledger (
  event_source text not null,
  event_id text not null,
  account text not null,
  amount bigint not null
);

-- Yours to use, or not.
create table processed_events (
  consumer text not null,
  source text not null,
  event_id text not null,
  primary key (consumer, source, event_id)
);
