{{ aging(ref('int_ar_open_documents')) }}
