create table items (
    id integer primary key autoincrement,
    name text not null unique,
    category text not null,
    quantity integer not null check (quantity >= 0),
    -- Counts the changes, so that a client which has not seen one cannot undo it.
    version integer not null default 1,
    updated_at text not null default (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) strict;
