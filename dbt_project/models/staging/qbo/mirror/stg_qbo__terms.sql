{%- set fields = [
    ('terms_name', 'Name', 'text'),
    ('terms_type', 'Type', 'text'),
    ('is_active', 'Active', 'flag'),
    ('due_days', 'DueDays', 'number'),
    ('day_of_month_due', 'DayOfMonthDue', 'number'),
    ('discount_days', 'DiscountDays', 'number'),
    ('discount_percent', 'DiscountPercent', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'terms', fields) }}
