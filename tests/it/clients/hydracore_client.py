"""A HydraCore client written from the contract alone: every call, every documented member, every refusal."""

import sys
import uuid
from datetime import datetime

import httpx

base, instance, proxy_key, api_key = sys.argv[1:]
RECORD = {
    "approver_id", "assigned_to", "completed_at", "created_at", "customer_id", "escalation_level", "expires_at",
    "history", "id", "instance_id", "last_action_at", "next_action_at", "reference", "stage", "status", "tenant_id",
    "title", "updated_at", "workflow_state", "workflow_type",
}
STAMPS = ("completed_at", "created_at", "expires_at", "last_action_at", "next_action_at", "updated_at")


def check(record):
    assert set(record) == RECORD, set(record) ^ RECORD
    for name in ("id", "instance_id", "tenant_id", "customer_id"):
        uuid.UUID(record[name])
    for name in STAMPS:
        if record[name] is not None:
            datetime.strptime(record[name], "%Y-%m-%dT%H:%M:%SZ")
    for item in record["history"]:
        assert set(item) == {"at", "action", "actor", "detail", "from_status", "to_status", "from_stage", "to_stage"}
    return record


class Internal:
    """The agent runtime's side."""

    def __init__(self):
        headers = {"Authorization": f"Bearer {proxy_key}"}
        self.http = httpx.Client(base_url=f"{base}/internal/v1/instances/{instance}", headers=headers)

    def query(self, **params):
        return self.http.get("/workflows", params=params).raise_for_status().json()

    def create(self, **body):
        return check(self.http.post("/workflows", json=body).raise_for_status().json())

    def get(self, workflow):
        return check(self.http.get(f"/workflows/{workflow}").raise_for_status().json())

    def advance(self, workflow, **body):
        return check(self.http.patch(f"/workflows/{workflow}", json=body).raise_for_status().json())

    def suspend(self, workflow, **body):
        return self.http.post(f"/workflows/{workflow}/suspend", json=body).raise_for_status().json()

    def resume(self, workflow, **body):
        return self.http.post(f"/workflows/{workflow}/resume", json=body).raise_for_status().json()


class Dashboard:
    """The tenant's side."""

    def __init__(self):
        self.http = httpx.Client(base_url=base, headers={"X-Api-Key": api_key})

    def list(self, **params):
        return self.http.get("/v1/workflows", params=params).raise_for_status().json()

    def suspended(self):
        return self.http.get("/v1/workflows/suspended").raise_for_status().json()

    def get(self, workflow):
        return check(self.http.get(f"/v1/workflows/{workflow}").raise_for_status().json())

    def act(self, workflow, action, body=None):
        return self.http.post(f"/v1/workflows/{workflow}/{action}", json=body).raise_for_status().json()


def refused(response, status, detail):
    assert response.status_code == status, response.text
    assert response.json()["detail"] == detail, response.text


agent, dashboard = Internal(), Dashboard()
customer = str(uuid.uuid4())
made = agent.create(customer_id=customer, workflow_type="maintenance", reference="J-1", stage="reported",
                    workflow_state={"rooms": 2}, expires_at="2099-01-01T00:00:00+01:00")
assert made["status"] == "active" and made["expires_at"] == "2098-12-31T23:00:00Z" and made["escalation_level"] == 0
one = made["id"]
assert agent.get(one) == made == dashboard.get(one)

moved = agent.advance(one, action="contacted_tier2", action_detail="left a message", stage="waiting",
                      status="awaiting_approval", workflow_state={"calls": 1}, approver_id=customer)
assert moved["workflow_state"] == {"rooms": 2, "calls": 1} and moved["approver_id"] == customer
assert moved["history"][-1]["action"] == "contacted_tier2" and moved["history"][-1]["detail"] == "left a message"
assert agent.advance(one, action="note", approver_id=None)["approver_id"] is None

assert agent.suspend(one, step="await_parts", payload={"parts": ["tap"]}) == {
    "id": one, "message": "Workflow suspended at step 'await_parts'", "status": "suspended"}
[waiting] = dashboard.suspended()
assert waiting["suspended_step"] == "await_parts" and waiting["suspended_payload"] == {"parts": ["tap"]}
assert agent.resume(one, resume_data={"arrived": True})["status"] == "active"
assert dashboard.suspended() == []
assert dashboard.act(one, "suspend", {"step": "again"})["status"] == "suspended"
assert dashboard.act(one, "resume", {})["status"] == "active"
assert agent.get(one)["workflow_state"] == {"rooms": 2, "calls": 1, "parts": ["tap"], "arrived": True}

for _ in range(4):
    agent.create(customer_id=customer, workflow_type="viewing")
page = agent.query(customer_id=customer, workflow_type="viewing", page=2, per_page=3)
assert (page["page"], page["per_page"], page["total"], len(page["workflows"])) == (2, 3, 4, 1)
assert agent.query(reference="J-1", status="active")["workflows"][0]["id"] == one
assert dashboard.list(customer_id=customer)["total"] == 5
assert agent.query(status="string")["total"] == 0

assert dashboard.act(one, "abort") == {"id": one, "message": "Workflow aborted", "status": "cancelled"}
ended = agent.get(one)
assert ended["completed_at"] is not None and [h["action"] for h in ended["history"]] == [
    "created", "contacted_tier2", "note", "suspended", "resumed", "suspended", "resumed", "aborted"]
assert agent.http.patch(f"/workflows/{one}", json={"action": "x"}).status_code == 409
refused(agent.http.get(f"/workflows/{uuid.uuid4()}"), 404, "Workflow not found")
refused(httpx.get(f"{base}/v1/workflows"), 401, "Not authenticated")
other = f"{base}/internal/v1/instances/{uuid.uuid4()}/workflows"
refused(httpx.get(other, headers=agent.http.headers), 403, "Not authorized for this instance")
faults = agent.http.post("/workflows", json={"workflow_type": "string"})
assert faults.status_code == 422
assert [(f["type"], f["loc"]) for f in faults.json()["detail"]] == [
    ("missing", ["body", "customer_id"]), ("value_error", ["body", "workflow_type"])]
print("all calls made")
