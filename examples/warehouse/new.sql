-- What a day brings: 50 new customers, and an old one that changes.
insert into shop.customers
    select n, 'Customer ' || n, 'info@customer-' || n || '.example'
    from generate_series(1001, 1050) as n;
update shop.customers set name = 'Customer 7 (renamed)', updated_at = now() where id = 7;
insert into shop.contacts values (101, 1001, 'Grace', 'Contact 101');
