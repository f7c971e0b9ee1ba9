create unique index on ledger (event_source, event_id);

create function add_to_balance() returns trigger language plpgsql as $$
begin
  update accounts set balance = balance + new.amount where id = new.account;
  return new;
end
$$;

create trigger add_to_balance after insert on ledger
  for each row execute function add_to_balance();
