// Drives the vendor's client, unchanged. Arguments: base URL, key, organization. The clock of the server stands still:
// a line `advance <seconds>` asks whoever reads it to move it on, and is answered by a line.

import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import { isDeepStrictEqual } from 'node:util'
import { epilot } from '@epilot/sdk'

const [baseURL, key, org] = process.argv.slice(2)
epilot.authorize(() => key)
epilot.headers({ 'x-epilot-org-id': org })
// After all else: what configures the client forgets where it was pointed at.
const flows = epilot.workflow.getClient()
const definitions = epilot.workflowDefinition.getClient()
flows.defaults.baseURL = baseURL
definitions.defaults.baseURL = baseURL

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function advance(seconds) {
  console.log(`advance ${seconds}`)
  await answers.next()
}

async function refused(call, status, message) {
  try {
    await call()
  } catch (error) {
    assert.equal(error.response?.status, status, error.message)
    assert.match(error.response.data.message, message)
    return
  }
  assert.fail(`expected ${status}`)
}

async function until(what, probe) {
  const giveUp = Date.now() + 30_000
  for (;;) {
    const found = await probe()
    if (found) return found
    assert.ok(Date.now() < giveUp, `${what} did not happen`)
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}

const manual = (id, phase_id) => ({ id, name: id, task_type: 'MANUAL', phase_id })
const edge = (from_id, to_id, more = {}) => ({ id: `${from_id}-${to_id}-${more.condition_id ?? ''}`, from_id, to_id, ...more })
const branch = (id, attribute, value) => ({
  id,
  branch_name: id,
  logical_operator: 'AND',
  statements: [
    {
      id: `${id}-1`,
      source: { origin: 'trigger', origin_type: 'entity', schema: 'contact', attribute, attribute_type: 'string' },
      operator: 'equals',
      values: [value],
    },
  ],
})
const automation = (id, phase_id, more = {}) => ({
  ...manual(id, phase_id),
  task_type: 'AUTOMATION',
  trigger_mode: 'automatic',
  automation_config: { flow_id: 'sweep' },
  ...more,
})
const decision = (id, conditions, more = {}) => ({
  ...manual(id, 'qualify'),
  task_type: 'DECISION',
  trigger_mode: 'automatic',
  conditions,
  ...more,
})

// call → again? (at most twice) → kind? → visit, offer or letter, and then sweep → (2 h) later → handover.
const template = {
  name: 'Customer',
  enabled: true,
  trigger: { id: 'trigger', type: 'manual', entity_schema: 'contact' },
  closing_reasons: [],
  phases: [
    { id: 'qualify', name: 'Qualify' },
    { id: 'deliver', name: 'Deliver' },
  ],
  tasks: [
    manual('call', 'qualify'),
    decision('again', [branch('loop', 'answered', 'no'), { id: 'exit-loop', branch_name: 'exit', logical_operator: 'AND', statements: [] }], {
      loop_config: { loop_branch_id: 'loop', exit_branch_id: 'exit-loop', max_iterations: 2 },
    }),
    decision('kind', [branch('vip', 'kind', 'vip'), branch('lead', 'kind', 'lead')]),
    manual('visit', 'qualify'),
    manual('offer', 'qualify'),
    manual('letter', 'qualify'),
    automation('sweep', 'deliver'),
    automation('later', 'deliver', { schedule: { mode: 'delayed', duration: 2, unit: 'hours' } }),
    manual('handover', 'deliver'),
  ],
  edges: [
    edge('trigger', 'qualify'),
    edge('qualify', 'call'),
    edge('call', 'again'),
    edge('again', 'call', { condition_id: 'loop' }),
    edge('again', 'kind', { condition_id: 'exit-loop' }),
    edge('again', 'kind', { condition_id: 'none-met-again', none_met: true }),
    edge('kind', 'visit', { condition_id: 'vip' }),
    edge('kind', 'offer', { condition_id: 'lead' }),
    edge('kind', 'letter', { condition_id: 'none-met-kind', none_met: true }),
    edge('qualify', 'deliver'),
    edge('deliver', 'sweep'),
    edge('sweep', 'later'),
    edge('later', 'handover'),
  ],
}

const { data: made } = await definitions.createFlowTemplate(null, template)
assert.equal(made.name, 'Customer')
await refused(() => definitions.createFlowTemplate(null, { ...template, edges: [...template.edges, edge('call', 'nowhere')] }), 400, /nowhere/)

/** An execution, looked at through V1 each time it is looked at. */
class Execution {
  static async start(contact) {
    const body = { flow_template_id: made.id, contexts: [{ entity_id: contact, entity_schema: 'contact' }] }
    const { status, data } = await flows.startFlowExecution(null, body)
    assert.equal(status, 201)
    const execution = new Execution()
    execution.id = data.id
    execution.flow = data
    return execution
  }

  async look() {
    const { data } = await flows.getFlowExecution({ execution_id: this.id })
    this.flow = data
    await this.lookThroughV1()
    return this
  }

  async lookThroughV1() {
    const { data } = await flows.getExecution({ executionId: this.id })
    const { data: again } = await flows.getFlowExecution({ execution_id: this.id })
    // Something may have moved between the two; the clock, which stands still, does not tell.
    if (!isDeepStrictEqual(again, this.flow)) return
    assert.equal(data.id, this.id)
    assert.equal(data.status, this.flow.status)
    assert.deepEqual(data.flow.map((section) => [section.type, section.name, section.status]), this.flow.phases.map((p) => ['SECTION', p.name, p.status]))
    const steps = data.flow.flatMap((section) => section.steps)
    assert.equal(steps.length, this.flow.tasks.length)
    for (const step of steps) {
      const task = this.flow.tasks.find((t) => t.id === step.id)
      assert.deepEqual([step.type, step.name, step.status, step.enabled], ['STEP', task.name, task.status, task.enabled])
      assert.equal(step.executionType, task.task_type === 'MANUAL' ? 'MANUAL' : 'AUTOMATION')
      assert.equal(step.sectionId, task.phase_id)
    }
  }

  task(name) {
    return this.flow.tasks.find((task) => task.name === name)
  }

  at(name) {
    return { execution_id: this.id, task_id: this.task(name).id }
  }

  get current() {
    return this.flow.crt_tasks.map(({ id }) => this.flow.tasks.find((task) => task.id === id).name)
  }

  phase(name) {
    return this.flow.phases.find((phase) => phase.name === name)
  }

  async complete(name) {
    const { data } = await flows.patchTask(this.at(name), { status: 'COMPLETED' })
    assert.equal(data.status, 'COMPLETED')
    return this.look()
  }

  async comesTo(name, status = 'PENDING') {
    await until(`${name} ${status}`, async () => {
      await this.look()
      return this.current.includes(name) && this.task(name).status === status
    })
  }
}

// The long way: nobody answers, so the loop is gone round twice and then left; then none of the kinds is met.
const e = await Execution.start('other')
assert.deepEqual(e.current, ['call'])
assert.deepEqual(e.flow.contexts, [{ entity_id: 'other', entity_schema: 'contact', is_primary: true }])
assert.equal(e.phase('Qualify').status, 'IN_PROGRESS')
assert.equal(e.phase('Deliver').status, 'OPEN')
for (const turn of [1, 2]) {
  await e.complete('call')
  await e.comesTo('call')
  assert.deepEqual(e.task('call').loop_config, { max_iterations: 2, crt_iterations: turn })
}
await e.complete('call')
await e.comesTo('letter')
assert.equal(e.task('again').status, 'COMPLETED')
assert.deepEqual(e.task('kind').conditions.map((c) => c.is_met), [false, false])
assert.ok(e.task('kind').conditions.every((c) => c.evaluated_at))
assert.equal(e.task('visit').status, 'PENDING')
assert.equal(e.task('offer').status, 'PENDING')

await flows.patchPhase({ execution_id: e.id, phase_id: e.phase('Deliver').id }, { name: 'Delivery', assigned_to: ['u-1'] })
const { data: added } = await flows.addTask({ execution_id: e.id }, {
  previous_task_id: e.task('later').id,
  next_task_id: e.task('handover').id,
  task: { id: 'c0ffee00-0000-4000-8000-000000000000', name: 'check' },
})
assert.equal(added.manually_created, true)
await flows.patchFlowExecution({ execution_id: e.id }, { assigned_to: ['u-1'], due_date: '2027-05-28T00:00:00.000' })
await e.look()
assert.equal(e.flow.due_date, '2027-05-28T00:00:00.000')
assert.equal(e.phase('Delivery').assigned_to[0], 'u-1')

await e.complete('letter')
assert.equal(e.phase('Qualify').status, 'COMPLETED')
await e.comesTo('later', 'SCHEDULED')
assert.equal(e.task('sweep').automation_config.execution_status, 'success')
assert.equal(e.task('sweep').automation_execution_id, e.task('sweep').automation_config.execution_id)
assert.match(e.task('later').schedule.schedule_id, /^sch_/)
assert.ok(e.task('later').schedule.scheduled_at)
// Clients send stored tasks back.
await flows.patchTask(e.at('later'), e.task('later'))
await advance(7_199)
await e.look()
assert.equal(e.task('later').status, 'SCHEDULED')
await advance(1)
await e.comesTo('check')
assert.equal(e.task('later').status, 'COMPLETED')
const { data: executed } = await flows.executeTask(e.at('check'))
assert.equal(executed.status, 'COMPLETED')
const { data: reconciled } = await flows.reconcileAutomationTask(e.at('sweep'))
assert.equal(reconciled.id, e.id)
await refused(() => flows.runTaskAutomation(e.at('sweep')), 400, /Invalid status transition/)
await refused(() => flows.cancelTaskSchedule(e.at('later')), 400, /not scheduled/)
await refused(() => flows.patchTask({ execution_id: e.id, task_id: 'undefined' }, { status: 'COMPLETED' }), 404, /Task not found/)
await e.complete('handover')
assert.equal(e.flow.status, 'DONE')
assert.deepEqual(e.flow.crt_tasks, [])
assert.equal(e.phase('Delivery').status, 'COMPLETED')
assert.ok(e.flow.analytics.completed_at)

// Once more for each of the other branches, with somebody who answers, and each way out of the delay.
const ways = {
  vip: ['visit', (x) => flows.runTaskScheduleNow(x.at('later')), 'COMPLETED'],
  lead: ['offer', (x) => flows.cancelTaskSchedule(x.at('later')), 'SKIPPED'],
  'lead-2': ['offer', (x) => flows.cancelSchedule({ execution_id: x.id, schedule_id: x.task('later').schedule.schedule_id }), 'SKIPPED'],
}
for (const [contact, [chosen, way, status]] of Object.entries(ways)) {
  const x = await Execution.start(contact)
  await x.complete('call')
  await x.comesTo(chosen)
  assert.equal(x.task('again').loop_config.crt_iterations, 0)
  await x.complete(chosen)
  await x.comesTo('later', 'SCHEDULED')
  const { data } = await way(x)
  assert.ok(data === '' || data.id === x.task('later').id)
  await x.comesTo('handover')
  assert.equal(x.task('later').status, status)
  await x.complete('handover')
  assert.equal(x.flow.status, 'DONE')
}

const { data: found } = await flows.searchFlowExecutions(null, { entity_id: 'other', entity_schema: 'contact' })
assert.deepEqual(found.results.map((r) => r.id), [e.id])
assert.equal((await flows.deleteFlowExecution({ execution_id: e.id, soft: true })).data, '')
await refused(() => flows.getFlowExecution({ execution_id: e.id }), 404, /Execution not found/)
await refused(() => flows.startFlowExecution(null, { flow_template_id: 'nobodys', contexts: [{ entity_id: 'other', entity_schema: 'contact' }] }), 400, /template not found/)
console.log('all driven')
process.exit(0)
