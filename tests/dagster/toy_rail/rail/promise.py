"""What the toy rail promises."""

from __future__ import annotations

from ingestion.promise import CredentialForm, EntityPromise, RailPromise

TOY = RailPromise(
    name="toy",
    title="Toy",
    domain="things",
    feed="the whole list each time",
    fetch="ingestion.rails.toy.fetch:fetch",
    versioned=False,
    credentials=CredentialForm(
        required=("shop_id", "api_key"),
        optional=(),
        connection_field="shop_id",
        refresh_field=None,
        base_url="https://toy.example",
        auth_url="https://toy.example",
    ),
    entities=(EntityPromise("things", "Thing", "critical", "What the shop has.", key=("id",), order=("observed_at",)),),
)
