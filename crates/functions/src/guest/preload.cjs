// Loaded by Node before the function. The FDK and the handler stay as they are: what is added is a wrapper that tells
// the host which error a handler threw, and that it returned nothing, of which the FDK dies.
'use strict'

const fs = require('fs')
const path = require('path')

// Together less than a socket holds, because the host reads them after the answer.
const MESSAGE_CHARACTERS = 8 * 1024
const STACK_CHARACTERS = 32 * 1024

const control = Number(process.env.PARTITA_CONTROL)
delete process.env.PARTITA_CONTROL
const folder = process.cwd() + path.sep

function tell (kind, call, type, message, stack) {
  const place = placeIn(stack)
  const fact = {
    kind,
    call,
    type,
    message: String(message).slice(0, MESSAGE_CHARACTERS),
    traceback: String(stack).slice(0, STACK_CHARACTERS),
    file: place ? place.file : null,
    line: place ? place.line : null
  }
  try {
    fs.writeSync(control, JSON.stringify(fact) + '\n')
  } catch (_) {
    // The host is gone, and so is this process in a moment.
  }
}

// The first place of a stack that is in the function's own folder.
function placeIn (stack) {
  for (const line of String(stack).split('\n')) {
    const at = line.indexOf(folder)
    if (at < 0 || line.includes('node_modules')) continue
    const found = /^(.*?):(\d+)/.exec(line.slice(at))
    if (found) return { file: found[1], line: Number(found[2]) }
  }
  return null
}

function tellError (kind, call, error) {
  let type = typeof error
  let message = '(its text cannot be told)'
  let stack = ''
  try {
    if (error instanceof Error) {
      type = error.name && error.name !== 'Error' ? error.name : error.constructor.name
      message = error.message
      stack = error.stack
    } else {
      message = String(error)
    }
  } catch (_) {
    // An error whose own properties throw still counts as one.
  }
  tell(kind, call, type, message, stack)
}

function observed (handler) {
  return function (input, context) {
    const call = context.callID
    const settled = (answer) => {
      if (answer === null || answer === undefined) {
        tell('nothing', call, 'undefined', String(answer), '')
      }
      return answer
    }
    let answer
    try {
      answer = handler.call(this, input, context)
    } catch (error) {
      tellError('raised', call, error)
      throw error
    }
    if (answer && typeof answer.then === 'function') {
      return answer.then(settled, (error) => {
        tellError('raised', call, error)
        throw error
      })
    }
    return settled(answer)
  }
}

let started = false
process.on('uncaughtExceptionMonitor', (error) => tellError(started ? 'crashed' : 'start', null, error))

try {
  const fdk = require(require.resolve('@fnproject/fdk', { paths: [process.cwd()] }))
  const handle = fdk.handle
  fdk.handle = function (handler, options) {
    started = true
    return handle.call(this, typeof handler === 'function' ? observed(handler) : handler, options)
  }
} catch (_) {
  // A function without the FDK: requiring it tells what is missing.
}
