-- Beside the warehouse's own tables (schema shop): what is to go to Apptivo, and what came back.
create schema from_apptivo;
create schema to_apptivo;

-- Apptivo's answers, as target-postgres loads them; it adds the other columns by itself.
create table from_apptivo.responses (
    response_id text primary key,
    stream text,
    key jsonb check (key ? 'source_id'), -- an answer that belongs to no row stops the round
    outcome text,
    apptivo_id text
);

-- The rows that Apptivo has, or may have: none of them is ever sent again.
create view from_apptivo.ids as
    select stream, (key ->> 'source_id')::bigint as source_id, apptivo_id::bigint
    from from_apptivo.responses
    where outcome in ('accepted', 'duplicate', 'uncertain');

-- The rows to send, under Apptivo's own names. `source_id` and `updated_at` are for the pipeline.
create view to_apptivo.customers as
    select
        id as source_id,
        updated_at,
        name as "customerName",
        'Auto generated number' as "customerNumber",
        -- A flat address would be accepted, and lost: Apptivo keeps lists.
        case when email is null then '[]' else jsonb_build_array(jsonb_build_object(
            'emailAddress', email, 'emailTypeCode', 'BUSINESS', 'emailType', 'Business',
            'id', 'cont_email_input'
        )) end as "emailAddresses"
    from shop.customers
    where not exists (
        select from from_apptivo.ids
        where stream = 'to_apptivo-customers' and source_id = customers.id
    );

create view to_apptivo.contacts as
    select
        contacts.id as source_id,
        first_name as "firstName",
        last_name as "lastName",
        customers.name as "accountName",
        account.apptivo_id as "accountId" -- a number: Apptivo takes no id as text
    from shop.contacts
    join shop.customers on customers.id = contacts.customer_id
    -- Those whose customer has its id: the others wait.
    join from_apptivo.ids as account
        on account.stream = 'to_apptivo-customers' and account.source_id = customers.id
    where account.apptivo_id is not null and not exists (
        select from from_apptivo.ids
        where stream = 'to_apptivo-contacts' and source_id = contacts.id
    );

create view to_apptivo.opportunities as
    select
        opportunities.id as source_id,
        title as "opportunityName",
        customers.name as "opportunityCustomer",
        account.apptivo_id as "opportunityCustomerId",
        amount,
        to_char(close_date, 'MM/DD/YYYY') as "closeDate", -- your firm's date format
        stage as "salesStageName", -- a pair: `salesStage` alone would be lost
        stage_id as "salesStageId"
    from shop.opportunities
    join shop.customers on customers.id = opportunities.customer_id
    join from_apptivo.ids as account
        on account.stream = 'to_apptivo-customers' and account.source_id = customers.id
    where account.apptivo_id is not null and not exists (
        select from from_apptivo.ids
        where stream = 'to_apptivo-opportunities' and source_id = opportunities.id
    );
