// What programs do with the Durable Task SDK for JavaScript, against the server at the first argument.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'

const [, , ADDRESS, SCENARIO, MODULES] = process.argv
const sdk = createRequire(`${MODULES}/`)('@microsoft/durabletask-js')
const { NoOpLogger, OrchestrationStatus: Status, RetryPolicy, whenAll, whenAny } = sdk

const PATIENCE = 30
const logger = new NoOpLogger()
const open = []

function connect() {
  const hub = new sdk.TaskHubGrpcClient({ hostAddress: ADDRESS, logger })
  open.push(hub)
  return hub
}

/** A worker; generators are workflows, other functions activities. */
async function working(functions, options = {}) {
  const worker = new sdk.TaskHubGrpcWorker({ hostAddress: ADDRESS, logger, shutdownTimeoutMs: 1000, ...options })
  for (const each of functions) {
    if (each.constructor.name === 'AsyncGeneratorFunction') worker.addOrchestrator(each)
    else if (each.prototype instanceof sdk.TaskEntity) worker.addNamedEntity(each.name, () => new each())
    else worker.addActivity(each)
  }
  await worker.start()
  open.push(worker)
  return worker
}

async function finish(hub, instance, status = Status.COMPLETED) {
  const state = await hub.waitForOrchestrationCompletion(instance, true, PATIENCE)
  assert.equal(state?.runtimeStatus, status, JSON.stringify(state))
  return state
}

async function output(hub, instance) {
  return JSON.parse((await finish(hub, instance)).serializedOutput)
}

async function until(condition) {
  const end = Date.now() + PATIENCE * 1000
  for (let last; !(last = await condition()); await sleep(10)) {
    assert(Date.now() < end, `it did not come about: ${last}`)
  }
}

const at = (hub, instance, status) =>
  until(async () => (await hub.getOrchestrationState(instance)).runtimeStatus === status)

const refused = (code, promise) => assert.rejects(promise, (error) => (error.cause ?? error).code === code || assert.fail(error))
const INVALID_ARGUMENT = 3
const NOT_FOUND = 5
const ALREADY_EXISTS = 6
const FAILED_PRECONDITION = 9

// Entities

class Account extends sdk.TaskEntity {
  add(amount) {
    this.state.amount += amount
    return this.state.amount
  }
  initializeState() {
    return { amount: 0 }
  }
}

async function* move(ctx, [from, to, amount]) {
  const [source, target] = [from, to].map((key) => new sdk.EntityInstanceId('Account', key))
  const lock = yield ctx.entities.lockEntities(source, target)
  yield ctx.entities.callEntity(source, 'add', -amount)
  yield ctx.createTimer(0.02)
  yield ctx.entities.callEntity(target, 'add', amount)
  lock.release()
  return 'moved'
}

async function* asksRust(ctx, key) {
  const tally = new sdk.EntityInstanceId('Tally', key)
  ctx.entities.signalEntity(tally, 'add', 2)
  return yield ctx.entities.callEntity(tally, 'add', 3)
}

async function* holds(ctx, key) {
  yield ctx.entities.lockEntities(new sdk.EntityInstanceId('Account', key))
  yield ctx.waitForExternalEvent('go')
}

// Workflows and activities

const addOne = (_, number) => number + 1

async function* twice(ctx, number) {
  return yield ctx.callActivity(addOne, yield ctx.callActivity(addOne, number))
}

async function* all(ctx, count) {
  const numbers = yield whenAll(Array.from({ length: count }, (_, number) => ctx.callActivity(addOne, number)))
  return numbers.reduce((sum, number) => sum + number, 0)
}

async function* collector(ctx, count) {
  const words = []
  for (let word = 0; word < count; word++) words.push(yield ctx.waitForExternalEvent('word'))
  return words
}

// Scenarios

const scenarios = {
  async activities() {
    const hub = connect()
    await working([twice, all, addOne])
    const instances = await Promise.all([1, 2, 3, 4, 5].map((n) => hub.scheduleNewOrchestration(twice, n)))
    assert.deepEqual(await Promise.all(instances.map((each) => output(hub, each))), [3, 4, 5, 6, 7])
    assert.equal(await output(hub, await hub.scheduleNewOrchestration(all, 100)), 5050)
  },

  async retries() {
    const hub = connect()
    let attempts = 0
    const flaky = () => {
      attempts += 1
      if (attempts < 3) throw new TypeError(`attempt ${attempts}`)
      return attempts
    }
    const broken = () => {
      throw new RangeError('never')
    }
    const patience = new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 50 })
    async function* tries(ctx) {
      return yield ctx.callActivity(flaky, null, { retry: patience })
    }
    async function* fails(ctx) {
      yield ctx.callActivity(broken, null, { retry: patience })
    }
    await working([tries, fails, flaky, broken])
    assert.equal(await output(hub, await hub.scheduleNewOrchestration(tries)), 3)
    const failed = await finish(hub, await hub.scheduleNewOrchestration(fails), Status.FAILED)
    assert.match(failed.failureDetails.message, /never/)
    assert.match(failed.failureDetails.errorType, /Task|Range/)
  },

  async timers() {
    const hub = connect()
    async function* sleeper(ctx, seconds) {
      const began = ctx.currentUtcDateTime
      yield ctx.createTimer(seconds)
      return ctx.currentUtcDateTime - began
    }
    async function* races(ctx) {
      const event = ctx.waitForExternalEvent('never')
      const timer = ctx.createTimer(0.2)
      return (yield whenAny([event, timer])) === timer
    }
    await working([sleeper, races])
    assert((await output(hub, await hub.scheduleNewOrchestration(sleeper, 1))) >= 990)
    assert.equal(await output(hub, await hub.scheduleNewOrchestration(races)), true)
  },

  async events() {
    const hub = connect()
    async function* sender(ctx, to) {
      ctx.sendEvent(to, 'word', { from: ctx.instanceId })
    }
    await working([collector, sender])
    const instance = await hub.scheduleNewOrchestration(collector, 4)
    const words = ['a', '', { k: [1] }]
    for (const word of words) await hub.raiseOrchestrationEvent(instance, 'WORD', word)
    const other = await hub.scheduleNewOrchestration(sender, instance)
    await finish(hub, other)
    assert.deepEqual(await output(hub, instance), [...words, { from: other }])
    await refused(NOT_FOUND, hub.raiseOrchestrationEvent('nobody', 'word'))
  },

  async subOrchestrations() {
    const hub = connect()
    async function* child(ctx, number) {
      const { name, instanceId } = ctx.parent
      return [name, instanceId, yield ctx.callActivity(addOne, number)]
    }
    async function* unlucky() {
      throw new Error('no luck')
    }
    async function* parent(ctx, number) {
      assert.equal(ctx.parent, undefined)
      const named = ctx.callSubOrchestrator(child, number, { instanceId: `${ctx.instanceId}-child`, tags: { kind: 'child' } })
      const results = [yield named, yield ctx.callSubOrchestrator(child, number + 1)]
      try {
        yield ctx.callSubOrchestrator(unlucky)
      } catch (error) {
        results.push(error.message.includes('no luck'))
      }
      return results
    }
    await working([parent, child, unlucky, addOne])
    const instance = await hub.scheduleNewOrchestration(parent, 5)
    const expected = [['parent', instance, 6], ['parent', instance, 7], true]
    assert.deepEqual(await output(hub, instance), expected)
    assert.deepEqual((await finish(hub, `${instance}-child`)).tags, { kind: 'child' })
    assert.equal((await hub.purgeOrchestration(instance, { recursive: true })).deletedInstanceCount, 4)
  },

  async continueAsNew() {
    const hub = connect()
    async function* counter(ctx, number) {
      const word = yield ctx.waitForExternalEvent('again')
      if (number === 3) return [number, word]
      ctx.continueAsNew(number + 1, true)
    }
    await working([counter])
    const tags = { kept: 'yes' }
    const instance = await hub.scheduleNewOrchestration(counter, 0, { tags })
    for (let number = 0; number < 4; number++) await hub.raiseOrchestrationEvent(instance, 'again', number)
    assert.deepEqual(await output(hub, instance), [3, 3])
    assert.deepEqual((await hub.getOrchestrationState(instance)).tags, tags)
  },

  async suspendResumeTerminate() {
    const hub = connect()
    await working([collector])
    const instance = await hub.scheduleNewOrchestration(collector, 2)
    await hub.waitForOrchestrationStart(instance, false, PATIENCE)
    await hub.suspendOrchestration(instance)
    await at(hub, instance, Status.SUSPENDED)
    for (const word of ['a', 'b']) await hub.raiseOrchestrationEvent(instance, 'word', word)
    assert.equal((await hub.getOrchestrationState(instance)).runtimeStatus, Status.SUSPENDED)
    await hub.resumeOrchestration(instance)
    assert.deepEqual(await output(hub, instance), ['a', 'b'])
    const other = await hub.scheduleNewOrchestration(collector, 1)
    await hub.waitForOrchestrationStart(other, false, PATIENCE)
    await hub.terminateOrchestration(other, { why: 'enough' })
    const ended = await finish(hub, other, Status.TERMINATED)
    assert.equal(ended.serializedOutput, '{"why":"enough"}')
    await refused(NOT_FOUND, hub.suspendOrchestration('nobody'))
  },

  async terminateWithChildren() {
    const hub = connect()
    async function* parent(ctx) {
      yield ctx.callSubOrchestrator(collector, 1, { instanceId: `${ctx.instanceId}-child` })
    }
    await working([parent, collector])
    for (const recursive of [true, false]) {
      const instance = await hub.scheduleNewOrchestration(parent)
      const child = `${instance}-child`
      await until(async () => (await hub.getOrchestrationState(child))?.runtimeStatus === Status.RUNNING)
      await hub.terminateOrchestration(instance, sdk.terminateOptions({ recursive, output: 'x' }))
      await finish(hub, instance, Status.TERMINATED)
      if (recursive) await finish(hub, child, Status.TERMINATED)
      else assert.equal((await hub.getOrchestrationState(child)).runtimeStatus, Status.RUNNING)
    }
  },

  async customStatus() {
    const hub = connect()
    async function* reporter(ctx) {
      for (const status of [{ step: 1 }, '', 0]) {
        ctx.setCustomStatus(status)
        yield ctx.waitForExternalEvent('go')
      }
      ctx.setCustomStatus('')
    }
    await working([reporter])
    const instance = await hub.scheduleNewOrchestration(reporter)
    for (const expected of ['{"step":1}', '""', '0']) {
      await until(async () => (await hub.getOrchestrationState(instance)).serializedCustomStatus === expected)
      await hub.raiseOrchestrationEvent(instance, 'go')
    }
    assert.equal((await finish(hub, instance)).serializedCustomStatus, '""')
  },

  async query() {
    const hub = connect()
    await working([twice, addOne])
    const before = new Date(Date.now() - 1000)
    const ids = ['q-1', 'q-2', 'q-3', 'other']
    for (const id of ids) await hub.scheduleNewOrchestration(twice, 1, { instanceId: id, tags: { id } })
    for (const id of ids) await finish(hub, id)
    const found = async (query) => {
      const states = []
      for await (const state of hub.getAllInstances(query)) states.push(state)
      return states
    }
    const states = await found({ instanceIdPrefix: 'q-', pageSize: 2, fetchInputsAndOutputs: true })
    assert.deepEqual(states.map((state) => [state.instanceId, state.serializedOutput]), [['q-1', '3'], ['q-2', '3'], ['q-3', '3']])
    assert.deepEqual(states[0].tags, { id: 'q-1' })
    assert.equal((await found({ statuses: [Status.FAILED] })).length, 0)
    assert.equal((await found({ createdFrom: before, statuses: [Status.COMPLETED] })).length, 4)
    assert.equal((await found({ createdTo: before })).length, 0)
    const page = await hub.listInstanceIds({ runtimeStatus: [Status.COMPLETED], pageSize: 3 })
    const rest = await hub.listInstanceIds({ pageSize: 3, lastInstanceKey: page.continuationToken })
    assert.deepEqual([...page.values, ...rest.values].sort(), [...ids].sort())
    const history = await hub.getOrchestrationHistory('q-1')
    const kinds = history.map((event) => event.type)
    assert.equal(kinds.filter((kind) => kind === sdk.HistoryEventType.TaskCompleted).length, 2, kinds.join())
  },

  async purge() {
    const hub = connect()
    await working([twice, addOne, collector])
    const running = await hub.scheduleNewOrchestration(collector, 1)
    const ids = []
    for (const number of [1, 2, 3]) ids.push(await hub.scheduleNewOrchestration(twice, number))
    for (const id of ids) await finish(hub, id)
    assert.equal((await hub.purgeOrchestration(ids[0])).deletedInstanceCount, 1)
    assert.equal(await hub.getOrchestrationState(ids[0]), undefined)
    assert.equal((await hub.purgeOrchestration('nobody')).deletedInstanceCount, 0)
    const criteria = new sdk.PurgeInstanceCriteria()
    criteria.setRuntimeStatusList([Status.COMPLETED])
    criteria.setCreatedTimeFrom(new Date(Date.now() - 60_000))
    assert.equal((await hub.purgeOrchestration(criteria)).deletedInstanceCount, 2)
    assert.notEqual(await hub.getOrchestrationState(running), undefined)
  },

  async restart() {
    const hub = connect()
    await working([twice, addOne, collector])
    const instance = await hub.scheduleNewOrchestration(twice, 1, { tags: { kept: 'yes' } })
    await finish(hub, instance)
    const again = await hub.restartOrchestration(instance, true)
    assert.notEqual(again, instance)
    assert.equal(await output(hub, again), 3)
    assert.equal(await hub.restartOrchestration(instance), instance)
    assert.equal(await output(hub, instance), 3)
    const running = await hub.scheduleNewOrchestration(collector, 1)
    await refused(FAILED_PRECONDITION, hub.restartOrchestration(running))
    await refused(NOT_FOUND, hub.restartOrchestration('nobody'))
    await refused(ALREADY_EXISTS, hub.scheduleNewOrchestration(collector, 1, running))
    await refused(INVALID_ARGUMENT, hub.scheduleNewOrchestration(collector, 1, 'a/b'))
  },

  async rewind() {
    const hub = connect()
    let mended = false
    let asked = 0
    const counted = () => ++asked
    const fragile = (_, number) => {
      if (!mended) throw new Error('not mended')
      return number * 10
    }
    async function* flow(ctx) {
      return yield ctx.callActivity(fragile, yield ctx.callActivity(counted))
    }
    await working([flow, counted, fragile])
    const instance = await hub.scheduleNewOrchestration(flow)
    await finish(hub, instance, Status.FAILED)
    mended = true
    await hub.rewindInstance(instance, 'mended')
    await at(hub, instance, Status.COMPLETED)
    assert.equal(await output(hub, instance), 10)
    assert.equal(asked, 1, 'what had succeeded was not done again')
  },

  async versions() {
    const hub = connect()
    async function* versioned(ctx) {
      return ctx.version
    }
    const { Strict } = sdk.VersionMatchStrategy
    const versioning = { version: '2.0', matchStrategy: Strict, failureStrategy: sdk.VersionFailureStrategy.Reject }
    await working([versioned], { versioning })
    const old = await hub.scheduleNewOrchestration(versioned, null, { version: '1.0' })
    assert.equal(await output(hub, await hub.scheduleNewOrchestration(versioned, null, { version: '2.0' })), '2.0')
    assert.equal((await hub.getOrchestrationState(old)).runtimeStatus, Status.PENDING)
    await working([versioned], { versioning: { ...versioning, version: '1.0' } })
    assert.equal(await output(hub, old), '1.0')
  },

  /** Entities of this worker and of the server's own, with and without locks. */
  async entities() {
    const hub = connect()
    const id = (key) => new sdk.EntityInstanceId('Account', key)
    const balance = async (key) => (await hub.getEntity(id(key)))?.state?.amount
    await hub.signalEntity(id('a'), 'add', 10)
    await working([Account, move, asksRust, holds])
    await until(async () => (await balance('a')) === 10)
    const moves = [['a', 'b', 1], ['b', 'a', 2], ['a', 'b', 3]]
    const moving = moves.map((each) => hub.scheduleNewOrchestration(move, each))
    for (const instance of await Promise.all(moving)) assert.equal(await output(hub, instance), 'moved')
    await until(async () => (await balance('a')) === 8 && (await balance('b')) === 2)
    assert.equal(await output(hub, await hub.scheduleNewOrchestration(asksRust, 'j')), 5)
    const holding = await hub.scheduleNewOrchestration(holds, 'a')
    await until(async () => (await hub.getEntity(id('a'))).lockedBy === holding)
    await hub.signalEntity(id('a'), 'add', 100)
    assert.equal((await hub.getEntity(id('a'))).backlogQueueSize, 1)
    await hub.terminateOrchestration(holding, 'enough')
    await until(async () => (await balance('a')) === 108)
    const found = []
    for await (const each of hub.getEntities({ instanceIdStartsWith: '@account@', pageSize: 1 })) found.push(each.id.key)
    assert.deepEqual(found, ['a', 'b'])
    await hub.signalEntity(id('b'), 'delete')
    await until(async () => (await hub.getEntity(id('b'))) === undefined)
  },

  /** A wait without a deadline is held for as long as it takes, and harms nobody when its client has gone. */
  async longPolls() {
    const hub = connect()
    await working([collector])
    const instance = await hub.scheduleNewOrchestration(collector, 1)
    const gone = new sdk.TaskHubGrpcClient({ hostAddress: ADDRESS, logger })
    await gone.waitForOrchestrationStart(instance, false, PATIENCE)
    const abandoned = Array.from({ length: 200 }, () => gone.waitForOrchestrationCompletion(instance, true, 0.5))
    const outcomes = await Promise.allSettled(abandoned)
    assert(outcomes.every((outcome) => outcome.status === 'rejected' && /Timed out/.test(outcome.reason)))
    await gone.stop()
    const waiting = hub.waitForOrchestrationCompletion(instance, true, PATIENCE)
    assert.equal(await Promise.race([waiting, sleep(1000, 'it waits')]), 'it waits')
    await hub.raiseOrchestrationEvent(instance, 'word', 'go')
    assert.equal((await waiting).serializedOutput, '["go"]')
  },
}

try {
  await scenarios[SCENARIO]()
  await Promise.all(open.reverse().map((each) => each.stop()))
  process.exit(0)
} catch (error) {
  console.error(error)
  process.exit(1)
}
