{{ aged_report('aged_payables') }}
