{%- set fields = [
    ('item_name', 'Name', 'text'),
    ('fully_qualified_name', 'FullyQualifiedName', 'text'),
    ('item_type', 'Type', 'text'),
    ('is_active', 'Active', 'flag'),
    ('income_account_id', 'IncomeAccountRef.value', 'text'),
    ('expense_account_id', 'ExpenseAccountRef.value', 'text'),
    ('asset_account_id', 'AssetAccountRef.value', 'text'),
    ('unit_price', 'UnitPrice', 'rate'),
    ('purchase_cost', 'PurchaseCost', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'items', fields) }}
