{{ published_party_map('vendor', 'vendor') }}
