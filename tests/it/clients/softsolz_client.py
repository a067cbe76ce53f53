"""Drives every workflow call of the vendor's client. Arguments: base URL, key."""

import sys
import time

from softsolz import SoftSolz
from softsolz.errors import SoftSolzError

base_url, key = sys.argv[1:3]
client = SoftSolz(api_key=key, base_url=base_url)
workflows = client.workflows


def refused(call, status):
    try:
        call()
    except SoftSolzError as error:
        assert error.status == status, (error.status, error)
        return error
    raise AssertionError(f"expected {status}")


catalog = workflows.get_action_catalog()
assert len(catalog) == 8, catalog

made = workflows.create_workflow(
    {"name": "Daily overdue sweep", "schedule": "0 9 * * *", "steps": [{"type": "mark_invoices_overdue"}]}
)
assert made["cron_expression"] == "0 9 * * *", made
second = workflows.create_workflow(
    {
        "name": "Summary",
        "trigger_type": "manual",
        "steps": [
            {"step_type": "payments_summary", "step_config": {"date_range": "last_7_days"}},
            {"step_type": "send_email", "step_config": {"to": "boss@example.com", "subject": "Payments"}},
        ],
    }
)
assert workflows.get_workflow(made["id"])["name"] == "Daily overdue sweep"
assert workflows.update_workflow(made["id"], {"name": "m"})["name"] == "m"
assert workflows.pause_workflow(made["id"])["status"] == "paused"
refused(lambda: workflows.run_workflow(made["id"]), 409)
assert workflows.resume_workflow(made["id"])["status"] == "active"

listed = workflows.list_workflows({"limit": 1})
names = []
page = listed
while True:
    names += [w["name"] for w in page.data]
    if not page.has_more:
        break
    page = workflows.list_workflows({"limit": 1, "offset": len(names)})
assert sorted(names) == ["Summary", "m"], names

started = workflows.run_workflow(second["id"])
assert started["status"] == "queued", started
too_soon = refused(lambda: workflows.run_workflow(second["id"]), 409)
assert too_soon.code == "run_recently_started", too_soon.code

deadline = time.time() + 20
while True:
    run = workflows.get_run(started["run_id"])
    if run["status"] in ("completed", "failed"):
        break
    assert time.time() < deadline, run
    time.sleep(0.02)
assert run["status"] == "completed", run
assert [r["id"] for r in workflows.list_runs().data] == [started["run_id"]]
assert [r["id"] for r in workflows.list_workflow_runs(second["id"]).data] == [started["run_id"]]

bad = refused(lambda: workflows.create_workflow({"name": "", "steps": []}), 400)
assert bad.code == "validation_failed" and bad.details["fields"], bad
refused(lambda: workflows.get_workflow("0190aaaa-0000-7000-8000-000000000000"), 404)
refused(lambda: SoftSolz(api_key="sk_live_wrong", base_url=base_url).workflows.list_workflows(), 401)
workflows.delete_workflow(made["id"])
refused(lambda: workflows.get_workflow(made["id"]), 404)
print("all calls made")
