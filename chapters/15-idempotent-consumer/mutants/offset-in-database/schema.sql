create table positions (
  partition integer primary key,
  next bigint not null
);
