-- What a day brings: 50 new companies, one with another name, and a contact of a new one.
insert into shop.companies
    select n, 'Company ' || n, 'info@company-' || n || '.example'
    from generate_series(1001, 1050) as n;
update shop.companies set name = 'Company 7 (renamed)', updated_at = now() where id = 7;
insert into shop.contacts values (101, 1001, 'Grace', 'Contact 101');
