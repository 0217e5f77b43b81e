-- A warehouse to try it with: 1,000 companies, and some contacts and opportunities of theirs.
create schema shop;
create table shop.companies (
    id int primary key, name text not null, email text,
    updated_at timestamptz not null default now()
);
create table shop.contacts (
    id int primary key, company_id int references shop.companies, first_name text, last_name text
);
create table shop.opportunities (
    id int primary key, company_id int references shop.companies, title text,
    amount numeric(12, 2), close_date date, stage text
);

insert into shop.companies
    select n, 'Company ' || n, case when n % 10 > 0 then 'info@company-' || n || '.example' end
    from generate_series(1, 1000) as n;
insert into shop.contacts
    select n, n * 10, 'Ada', 'Contact ' || n from generate_series(1, 100) as n;
insert into shop.opportunities
    select n, n * 20, 'Opportunity ' || n, n * 99.95, date '2027-01-01' + n, 'Proposal'
    from generate_series(1, 50) as n;
