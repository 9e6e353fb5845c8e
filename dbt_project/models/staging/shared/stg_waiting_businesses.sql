select waiting.business_id
from {{ waiting_businesses() }} as waiting
