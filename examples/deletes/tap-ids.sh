#!/bin/sh
# A tap of two lines: customer ids, one a line, as a stream of their own.
echo '{"type": "SCHEMA", "stream": "customers_to_delete", "key_properties": ["customerId"],' \
    '"schema": {"properties": {"customerId": {"type": "string"}}}}'
sed 's/.*/{"type": "RECORD", "stream": "customers_to_delete", "record": {"customerId": "&"}}/' "$1"
