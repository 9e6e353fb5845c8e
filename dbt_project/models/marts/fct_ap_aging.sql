{{ aging(ref('int_ap_open_documents')) }}
