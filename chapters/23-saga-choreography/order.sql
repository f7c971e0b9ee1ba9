-- The order service's own. Nobody else can read it.

create table orders (
  id text primary key,
  status text not null check (status in ('PENDING', 'CONFIRMED', 'CANCELLED'))
);

-- What stood there, in order: it is for the properties, and writes itself.
create table status_changes (
  n bigserial primary key,
  order_id text not null,
  status text not null
);

create function note_status() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.status <> old.status then
    insert into status_changes (order_id, status) values (new.id, new.status);
  end if;
  return new;
end $$;

create trigger note_status after insert or update on orders
  for each row execute function note_status();
