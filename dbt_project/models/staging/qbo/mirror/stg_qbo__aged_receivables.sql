{{ aged_report('aged_receivables') }}
