-- The payment service's own: what the provider said about each order. Yours to use, or to leave.

create table payments (
  order_id text primary key,
  charge_id text not null,
  status text not null check (status in ('charged', 'declined'))
);
