-- The event that a decision answers.
alter table reservations add column cause json not null;

-- What was committed to the reservations, row by row. It writes itself, and says when it grows.
create table changes (
  n bigserial primary key,
  after json not null
);

create function note_change() returns trigger language plpgsql as $$
begin
  insert into changes (after) values (row_to_json(new));
  notify changes;
  return new;
end $$;

create trigger note_change after insert or update on reservations
  for each row execute function note_change();
