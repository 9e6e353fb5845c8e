{{ published_party_map('customer', 'customer') }}
