create unique index on ledger (event_source, event_id);

drop table accounts;
create view accounts as
  select account as id, sum(amount)::bigint as balance from ledger group by account;
