-- What happened to each order, one after the other. No status is stored: it is what this comes to.
drop table orders, status_changes;

create table history (
  n bigserial unique,
  order_id text not null,
  version int not null,
  type text not null,
  primary key (order_id, version)
);

-- The first step that ends an order counts, and only the first of all can make it pending.
create view status_changes as
  with steps as (
    select n, order_id, case type
      when 'OrderPlaced' then 'PENDING'
      when 'InventoryReserved' then 'CONFIRMED'
      else 'CANCELLED'
    end as status
    from history
  )
  select n, order_id, status from steps step
  where not exists (
    select from steps earlier
    where earlier.order_id = step.order_id and earlier.n < step.n
      and (earlier.status <> 'PENDING' or step.status = 'PENDING')
  );

create view orders as
  select distinct on (order_id) order_id as id, status
  from status_changes order by order_id, n desc;
