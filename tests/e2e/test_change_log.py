"""The change log against what was really served: kills at each point of a sync, lost folders, a lost warehouse, faults."""

from __future__ import annotations

import shutil

from tests.e2e.machine import Machine


def test_a_sync_killed_at_any_point_loses_and_doubles_nothing(copy: Machine) -> None:
    copy.sandbox.post("advance", days=1)
    copy.die("after_fetch", "sync")
    copy.die("mid_load", "sync")
    copy.succeed("sync")
    copy.assert_change_log_is_whole()
    copy.sandbox.post("touch", share=0.05)
    copy.die("after_load", "sync")
    copy.succeed("sync")
    copy.assert_change_log_is_whole()


def test_a_lost_folder_of_dlt_or_a_lost_warehouse_loses_nothing_even_when_the_way_back_is_killed(copy: Machine) -> None:
    before = len(copy.raw())
    shutil.rmtree(copy.home / "dlt")
    copy.sandbox.post("touch", share=0.02)
    copy.succeed("sync")
    copy.assert_change_log_is_whole()
    assert len(copy.raw()) > before
    (copy.home / "warehouse.duckdb").unlink()
    copy.die("mid_load", "sync")
    copy.succeed("sync")
    copy.assert_change_log_is_whole()
