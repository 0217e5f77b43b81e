"""A Singer target that puts records into the Apptivo CRM and accounts for every one of them."""
