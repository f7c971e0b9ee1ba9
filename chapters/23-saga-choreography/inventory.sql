-- The inventory service's own.

create table stock (
  item text primary key,
  initial int not null,
  available int not null
);

insert into stock values ('lamp', 2, 2), ('chair', 5, 5), ('voucher', 9, 9);

-- One row for each order that was decided. Only a reserved one holds anything.
create table reservations (
  order_id text primary key,
  item text not null,
  quantity int not null,
  state text not null check (state in ('reserved', 'rejected', 'released'))
);
