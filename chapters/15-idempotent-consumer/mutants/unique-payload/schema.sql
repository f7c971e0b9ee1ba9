create unique index on ledger (account, amount);
