// The order flow for the Durable Task SDK of JavaScript: two orchestrators, and the activities that they call.
'use strict'

const { NoOpLogger, RetryPolicy, TaskHubGrpcWorker, whenAny } = require('@microsoft/durabletask-js')

const PARTITA = process.env.PARTITA_SERVER ?? 'http://127.0.0.1:4001'
const SHOP = process.env.SHOP_URL ?? 'http://127.0.0.1:4100'
const PAYMENT_TIMEOUT_SECONDS = Number(process.env.PAYMENT_TIMEOUT_SECONDS ?? 60)

// Five seconds between at most three attempts.
const PATIENCE = new RetryPolicy({ maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 5000 })

/** An order, from the cart to the parcel. */
async function* NewOrder(ctx, order) {
  // All attempts of a step share its key, so that a microservice whose answer was lost does not do its work again.
  const step = (activity, about) => ctx.callActivity(activity, { key: ctx.newGuid(), about }, { retry: PATIENCE })

  ctx.setCustomStatus('GettingProducts')
  const items = yield step(getShoppingCart, order.shoppingCartId)

  ctx.setCustomStatus('GettingAddress')
  const user = yield step(getUserDetails, order.userId ?? ctx.newGuid())

  ctx.setCustomStatus('ReservingProducts')
  const reservation = yield step(checkAndReserveItems, items)

  ctx.setCustomStatus('CalculatingShipping')
  const shipping = yield step(calculateShippingCost, { reservation, user })

  ctx.setCustomStatus('CalculatingFinalPrice')
  const price = yield step(calculateFinalCost, { reservation, shipping })

  ctx.setCustomStatus('AwaitingPayment')
  const paying = { orderId: ctx.instanceId, amount: price, timeoutSeconds: PAYMENT_TIMEOUT_SECONDS }
  const payment = yield ctx.callSubOrchestrator(Payment, paying, { instanceId: `${ctx.instanceId}-payment` })

  let shipmentId = null
  if (payment === 'paid') {
    ctx.setCustomStatus('SendShippingOrder')
    const parcel = { orderId: ctx.instanceId, reservationId: reservation.reservationId, address: user.address }
    shipmentId = (yield step(sendShippingOrder, parcel)).shipmentId
  } else {
    ctx.setCustomStatus('PaymentFailed')
    yield step(releaseReservation, reservation.reservationId)
  }
  ctx.setCustomStatus('Completed')
  return { payment, price, shipmentId }
}

/** A payment: asks the provider, then waits for its call, for as long as the customer has. */
async function* Payment(ctx, { orderId, amount, timeoutSeconds }) {
  // The timer runs and both events are awaited before the provider is asked: its answer cannot come too early.
  const deadline = ctx.createTimer(timeoutSeconds)
  const success = ctx.waitForExternalEvent('payment-request-success')
  const failure = ctx.waitForExternalEvent('payment-request-fail')
  const about = { orderId, amount, callbackUrl: PARTITA }
  yield ctx.callActivity(startPayment, { key: ctx.newGuid(), about }, { retry: PATIENCE })
  const first = yield whenAny([success, failure, deadline])
  return first === success ? 'paid' : first === failure ? 'refused' : 'timed out'
}

async function ask(method, path, key, body) {
  const answer = await fetch(SHOP + path, {
    method,
    headers: { 'Idempotency-Key': key, 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(5000),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 500)}`)
  return text === '' ? null : JSON.parse(text)
}

const getShoppingCart = (_, { key, about }) => ask('GET', `/cart/${about}`, key)
const getUserDetails = (_, { key, about }) => ask('GET', `/users/${about}`, key)
const checkAndReserveItems = (_, { key, about }) => ask('POST', '/warehouse/reservations', key, { items: about })
const releaseReservation = (_, { key, about }) => ask('DELETE', `/warehouse/reservations/${about}`, key)
const calculateShippingCost = (_, { key, about }) => ask('POST', '/shipping/cost', key, about)
const calculateFinalCost = (_, { key, about }) => ask('POST', '/pricing/final', key, about)
const startPayment = (_, { key, about }) => ask('POST', '/payments', key, about).then(() => null)
const sendShippingOrder = (_, { key, about }) => ask('POST', '/shipping/orders', key, about)

async function main() {
  const worker = new TaskHubGrpcWorker({ hostAddress: PARTITA.split('://')[1], logger: new NoOpLogger() })
  worker.addOrchestrator(NewOrder)
  worker.addOrchestrator(Payment)
  for (const activity of [
    getShoppingCart,
    getUserDetails,
    checkAndReserveItems,
    releaseReservation,
    calculateShippingCost,
    calculateFinalCost,
    startPayment,
    sendShippingOrder,
  ]) {
    worker.addActivity(activity)
  }
  await worker.start()
  console.log('ready for orders')
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => worker.stop().then(() => process.exit(0)))
}

main()
