"""Run inside a copy of the project that has the toy rail: connects a business, runs a cycle, syncs again, tells what there is."""

from __future__ import annotations

import json
import sys

from ingestion.control.onboarding import onboard
from ingestion.control.store import open_store
from ingestion.settings import load_settings
from rowcol_assets.code_location import build_definitions
from rowcol_assets.collector import collect_rarely
from rowcol_assets.cycle import run_job

collect_rarely()
settings = load_settings()
with open_store(settings) as store:
    onboard(settings, store, "acme", "toy", {"shop_id": "shop-1", "api_key": "toy-key"}, base_url=sys.argv[1])
graph = build_definitions(settings).resolve_asset_graph()
runs = [run_job(settings, job) for job in ("cycle", "sync")]
told = {
    "assets": sorted(key.to_user_string() for key in graph.materializable_asset_keys if "toy" in key.to_user_string()),
    "checks": sorted(f"{key.asset_key.to_user_string()} {key.name}" for key in graph.asset_check_keys if "toy" in str(key)),
    "runs": [[report.succeeded, list(report.failures), report.rows_new] for report in runs],
}
sys.stdout.write(json.dumps(told) + "\n")
