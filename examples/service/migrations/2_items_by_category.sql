create index items_by_category on items (category, id);
